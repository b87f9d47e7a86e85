"""Times during which a clock was on hold, so that what passed then does not count."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from worktime.instants import as_instant
from worktime.refusals import PauseInvalid


class Pause(NamedTuple):
    """A hold from an instant to a later one, the end not included.

    A hold that still runs has no deadline yet; compute with now as its end for what would be due if it ended now.
    """

    begins: datetime
    ends: datetime


def joined(pauses: Iterable[Pause], start: datetime) -> tuple[Pause, ...]:
    """Give the holds after the start in order and in UTC, overlapping ones as one.

    Refuses with PauseInvalid one that ends before it begins, with InstantNaive one without an offset.
    """
    result: list[Pause] = []
    for begins, ends in sorted(_checked(pause) for pause in pauses):
        if ends <= start or begins == ends:
            continue
        if result and begins <= result[-1].ends:
            result[-1] = Pause(result[-1].begins, max(result[-1].ends, ends))
        else:
            result.append(Pause(max(begins, start), ends))
    return tuple(result)


def holds_at_end(pauses: Iterable[Pause], end: datetime) -> bool:
    """Tell whether the clock was on hold in the last moment before an instant."""
    return any(begins < end <= ends for begins, ends in pauses)


def _checked(pause: Pause) -> Pause:
    begins, ends = as_instant(pause.begins), as_instant(pause.ends)
    if ends < begins:
        raise PauseInvalid(f"a pause from {begins.isoformat()} to {ends.isoformat()} ends before it begins")
    return Pause(begins, ends)
