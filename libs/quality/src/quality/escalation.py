"""How soon what somebody was told about was done, level by level of the escalation."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from quality.durations import Durations, durations
from quality.indicators import Span
from quality.intervals import Share, share


@dataclass(frozen=True, slots=True)
class Told:
    """That somebody was told of an action at a level for the first time; `answer_by` is two working days later."""

    level: str
    sent_at: datetime
    answer_by: datetime
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class LevelFigures:
    """Of one level: how many were told of in the span, how long it took to those done in it, and the share done soon enough."""

    told: int
    time_to_done: Durations
    done_in_time: Share


def of_escalation(notices: Iterable[Told], span: Span) -> tuple[tuple[str, LevelFigures], ...]:
    """Compute the figures of each level by name; what was done before it was told of did not need it and is left out."""
    needed = [each for each in notices if each.done_at is None or each.done_at >= each.sent_at]
    return tuple(
        (level, _of_level([each for each in needed if each.level == level], span))
        for level in sorted({each.level for each in needed})
    )


def _of_level(notices: list[Told], span: Span) -> LevelFigures:
    due = [each for each in notices if span.holds(each.answer_by)]
    done = [each.done_at is not None and each.done_at <= each.answer_by for each in due]
    return LevelFigures(
        told=sum(span.holds(each.sent_at) for each in notices),
        time_to_done=durations(
            each.done_at - each.sent_at
            for each in notices
            if each.done_at is not None and span.holds(each.done_at)
        ),
        done_in_time=share(sum(done), len(done)),
    )
