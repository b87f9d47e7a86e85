"""What a measurement gives: a table, printed for a terminal and kept as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a title, and a sentence on what was measured against what."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def text(self) -> str:
        """Lay the table out for a terminal, the first column to the left and the others to the right."""
        lines = (self.columns, *self.rows)
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.columns))]
        drawn = [
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
            for line in lines
        ]
        return "\n".join([self.title, *(f"  {line}" for line in drawn), f"  {self.note}"])

    def markdown(self) -> str:
        """Write the table as Markdown, with its title as a heading."""
        lines = (self.columns, ("---",) * len(self.columns), *self.rows)
        drawn = [f"| {' | '.join(line)} |" for line in lines]
        return "\n".join([f"## {self.title}", "", self.note, "", *drawn])


def at_least(value: float, target: float) -> tuple[str, str]:
    """Write a ratio that should not be smaller than its target, and whether it is."""
    return f"{value:.2f}", f"at least {target:g}: {'met' if value >= target else 'missed'}"


def below(value: float, target: float, unit: str) -> str:
    """Write the target that a figure should stay below, and whether it does."""
    return f"below {target:g} {unit}: {'met' if value < target else 'missed'}"


def middle(values: Sequence[float]) -> float:
    """Give the median of the rounds, 0 where there was none."""
    return median(values) if values else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that `share` of all values do not pass, by nearest rank; 0 where there is none."""
    ranked = sorted(values)
    return ranked[max(0, ceil(len(ranked) * share) - 1)] if ranked else 0.0
