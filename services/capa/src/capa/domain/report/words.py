"""How the report writes instants, people and codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from capa.domain.people import id_of
from capa.domain.report.document import Block, Facts, Paragraph, Pending

NONE: Final = "-"
"""Stands in a cell where nothing is to be said."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Writes instants in one zone."""

    zone: ZoneInfo

    def moment(self, at: datetime | None, otherwise: str = NONE) -> str:
        """Write an instant to the minute, with the zone's name then."""
        return otherwise if at is None else f"{at.astimezone(self.zone):%Y-%m-%d %H:%M %Z}"

    def day(self, at: datetime | None, otherwise: str = NONE) -> str:
        """Write the day of an instant."""
        return otherwise if at is None else f"{at.astimezone(self.zone):%Y-%m-%d}"

    def signed(self, by: str, at: datetime) -> str:
        """Say who did something, and when."""
        return f"{person(by)}, {self.moment(at)}"


def person(name: str | None, otherwise: str = NONE) -> str:
    """Write who acted or acts, by id."""
    return otherwise if name is None else id_of(name)


def code(value: str) -> str:
    """Write a code as words."""
    return value.replace("_", " ").capitalize()


def text_or(text: str | None, otherwise: str = NONE) -> str:
    """Write a text, or a mark where it is empty."""
    return text if text and text.strip() else otherwise


def answered(rows: Sequence[tuple[str, str | None]], missing: str) -> Sequence[Block]:
    """List questions with their answers; says which have none yet."""
    known = tuple((name, text) for name, text in rows if text and text.strip())
    open_ = ", ".join(name for name, text in rows if not text or not text.strip())
    blocks: list[Block] = [Facts(known)] if known else []
    return [*blocks, Pending(f"{missing}: {open_}.")] if open_ else blocks


def written(text: str, otherwise: str) -> Block:
    """Give a text as a paragraph, or say that there is none yet."""
    return Paragraph(text) if text.strip() else Pending(otherwise)
