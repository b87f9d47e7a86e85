"""Draws a Pareto table: the greatest kinds first, each as a share of all, and the share of all down to it."""

from collections.abc import Callable, Sequence
from typing import Final

from capa.domain.report.axis import caption
from capa.domain.report.figure import LINE, WIDTH, Bar, Dot, Figure, Label, Shape, Stroke, wrapped
from quality.pareto import VITAL_SHARE, Pareto
from quality.pareto import Bar as Ranked
from quality.words import percent, share_text

_LEFT: Final = 280.0
_RIGHT: Final = 574.0
_TOP: Final = 24.0
_BAR: Final = 18.0
_MOST_LINES: Final = 1
"""How many lines each part of a name has: its product, its category. The table below a chart has them whole."""

_LINES_APART: Final = 10.0
_MARKS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def ranking_chart(title: str, table: Pareto, say: Callable[[float], str]) -> Figure:
    """Draw the bars of a table from the top down, the vital few dark; `say` writes a value."""
    rows = [*table.bars, *([] if table.other is None else [table.other])]
    shapes: list[Shape] = []
    summits: list[tuple[float, float]] = []
    top, clipped = _TOP, False
    for row in rows:
        lines, cut = _lines(row.name)
        height = max(len(lines), 2) * LINE + _LINES_APART
        middle = top + height / 2
        shapes += _row(row, lines, (top, height), say(row.value))
        summits.append((_x(row.cumulative), middle))
        clipped = clipped or cut
        top += height
    shapes += [*_axis(top), Stroke(points=tuple(summits), name="cumulative")]
    shapes += [Dot(x=x, y=y, radius=3.0) for x, y in summits]
    return Figure(
        height=top + 24.0,
        title=title,
        description=_described(rows, say),
        shapes=tuple(shapes),
        clipped=clipped,
    )


def _lines(name: str) -> tuple[Sequence[str], bool]:
    # Each part has lines of its own, so that a long product does not push the category out.
    parts = [wrapped(part, _LEFT - 20.0, _MOST_LINES) for part in name.split(" / ")]
    return [line for lines, _ in parts for line in lines], any(cut for _, cut in parts)


def _row(row: Ranked, lines: Sequence[str], place: tuple[float, float], value: str) -> list[Shape]:
    top, height = place
    name = Label(x=0.0, y=top, width=_LEFT - 8.0, height=height, lines=tuple(lines), style="none")
    said = (*wrapped(value, WIDTH - _RIGHT - 20.0, 1)[0], share_text(row.share))
    return [
        name,
        Bar(
            x=_LEFT,
            y=top + (height - _BAR) / 2,
            width=_x(row.share) - _LEFT,
            height=_BAR,
            strong=row.vital,
        ),
        Label(x=_RIGHT + 8.0, y=top, width=WIDTH - _RIGHT - 8.0, height=height, lines=said, style="none"),
    ]


def _axis(bottom: float) -> list[Shape]:
    shapes: list[Shape] = [
        Stroke(points=((_LEFT, _TOP), (_LEFT, bottom), (_RIGHT, bottom))),
        Stroke(points=((_x(VITAL_SHARE), _TOP), (_x(VITAL_SHARE), bottom)), dashed=True),
    ]
    for share in _MARKS:
        shapes.append(Stroke(points=((_x(share), bottom), (_x(share), bottom + 4.0))))
        shapes.append(caption(percent(share), _x(share) - 24.0, bottom + 6.0, 48.0))
    return shapes


def _x(share: float) -> float:
    return _LEFT + share * (_RIGHT - _LEFT)


def _described(rows: Sequence[Ranked], say: Callable[[float], str]) -> str:
    said = (
        f"{row.name} {say(row.value)}, {share_text(row.share)}, together {share_text(row.cumulative)}"
        for row in rows
    )
    return "; ".join(said) + "."
