"""How many units could have led to a complaint: shipped, sold or in use, over a span of days."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from capa.domain.errors import ExposureInvalid
from common.refusals import FieldError

LONGEST_DAYS: Final = 366


class Unit(StrEnum):
    """What is counted."""

    SHIPPED = "shipped"
    SOLD = "sold"
    IN_USE = "in_use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """The units of a product over the days from the first to the one before the next, and who reported them when.

    With a `site`, those of this site alone; without, those of the product as a whole, which are not added up from its sites.
    """

    product: str
    unit: Unit
    first_day: date
    next_day: date
    units: int
    actor: str
    reported_at: datetime
    site: str | None = None

    def __post_init__(self) -> None:
        days = (self.next_day - self.first_day).days
        if not 1 <= days <= LONGEST_DAYS:
            raise _invalid(
                "/body/to",
                f"The span from {self.first_day} to {self.next_day} has {days} days.",
                f"`to` is the day after the last one; report 1 to {LONGEST_DAYS} days at once.",
            )
        if self.units < 0:
            raise _invalid("/body/units", f"{self.units} units are fewer than none.", "Send 0 or more.")


def _invalid(pointer: str, detail: str, fix: str) -> ExposureInvalid:
    return ExposureInvalid(detail, FieldError(pointer, ExposureInvalid.code, detail, fix))
