"""How long an answer to a notice holds, and how often a notice may be answered with "later"."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from notifier.domain.errors import LadderInvalid
from worktime import Duration, DurationInvalid, Unit, parse_duration

MOST_SNOOZES: Final = 10
"""No ladder may allow more snoozes of one generation."""


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """The bounds of a ladder: how long an acknowledgement counts, how far and how often a snooze moves, and how far past due.

    `snooze_at_most` counts from the moment that the step has, `latest` from the due instant; no answer postpones a step beyond it.
    """

    acknowledged_for: Duration
    snooze_at_most: Duration
    snoozes: int
    latest: Duration

    def as_data(self) -> dict[str, Any]:
        """Write them as JSON values, to be kept with a deadline."""
        return {
            "acknowledged_for": str(self.acknowledged_for),
            "snooze_at_most": str(self.snooze_at_most),
            "snoozes": self.snoozes,
            "latest": str(self.latest),
        }


USUAL: Final = AnswerLimits(
    acknowledged_for=Duration(4, Unit.WORKING_HOURS),
    snooze_at_most=Duration(1, Unit.WORKING_DAYS),
    snoozes=2,
    latest=Duration(2, Unit.WORKING_DAYS),
)
"""The bounds of a ladder that names none."""

_DURATIONS: Final = ("acknowledged_for", "snooze_at_most", "latest")


def limits_of(ladder: str, data: Mapping[str, Any] | None) -> AnswerLimits:
    """Read the bounds of a ladder from plain data, or refuse them with LadderInvalid naming the field; None is USUAL."""
    if data is None:
        return USUAL
    place = f"answers of ladder {ladder}"
    fields = {*_DURATIONS, "snoozes"}
    if set(data) != fields:
        raise LadderInvalid(
            f"{place}: has {', '.join(sorted(data)) or 'nothing'}, needs acknowledged_for, snooze_at_most, snoozes and "
            "latest"
        )
    snoozes = data["snoozes"]
    if not isinstance(snoozes, int) or isinstance(snoozes, bool) or not 0 <= snoozes <= MOST_SNOOZES:
        raise LadderInvalid(f"{place}: snoozes is a whole number from 0 to {MOST_SNOOZES}")
    acknowledged_for, snooze_at_most, latest = (_duration(place, name, data[name]) for name in _DURATIONS)
    return AnswerLimits(acknowledged_for, snooze_at_most, snoozes, latest)


def _duration(place: str, name: str, text: object) -> Duration:
    if not isinstance(text, str):
        raise LadderInvalid(f"{place}: {name} is a text in quotes, such as 4wh")
    try:
        duration = parse_duration(text)
    except DurationInvalid as refusal:
        raise LadderInvalid(f"{place}: {name}: {refusal.detail}") from None
    if duration.count == 0:
        raise LadderInvalid(f"{place}: {name} is longer than nothing, such as 4wh")
    return duration
