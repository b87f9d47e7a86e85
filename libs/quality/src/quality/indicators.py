"""Indicators of complaints and actions, each by one formula over plain records.

A span includes its begin and not its end. A cohort indicator takes what was received, or fell due, in the span; a
throughput indicator what happened in it. Where there is nothing to divide by, an indicator is None and never 0. Actions that
were cancelled fall due for nobody, and are left out of what was on time; those that are late and still open are misses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from quality.ages import by_age
from quality.durations import Durations, durations
from quality.intervals import Share, share
from quality.poisson import rate_interval

PER_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """From an instant, included, until a later one, which is not."""

    begins_at: datetime
    ends_at: datetime

    def holds(self, at: datetime | None) -> bool:
        """Tell whether something happened in it."""
        return at is not None and self.begins_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class ComplaintRecord:
    """When a complaint was received and triaged, and whether it belongs to a nonconformity.

    What was found to be no complaint, and a duplicate of one, does not count as received; how fast it was triaged does.
    """

    received_at: datetime
    decided_at: datetime
    historical: bool
    linked: bool
    counts: bool = True


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """An action's instants as they are known now."""

    given_at: datetime
    original_due_at: datetime
    due_at: datetime
    due_changes: int
    completed_at: datetime | None
    cancelled_at: datetime | None


@dataclass(frozen=True, slots=True)
class SignalRecord:
    """When a signal was raised, and when it was confirmed or dismissed."""

    raised_at: datetime
    decided_at: datetime | None
    confirmed: bool


@dataclass(frozen=True, slots=True)
class ComplaintFigures:
    """Of complaints: how many were received; cohort share that belongs to a nonconformity; throughput time to triage.

    Historical ones count as received, but tell nothing of how fast anybody was. What was found to be no complaint, and
    duplicates, were triaged like all others, and are left out of the rest.
    """

    received: int
    converted: Share
    time_to_triage: Durations


@dataclass(frozen=True, slots=True)
class ActionFigures:
    """Of actions; `overdue` and `backlog` are a snapshot at the span's end, the rest is explained by its name.

    `on_time` is of those due in the span by the present due instant, `on_time_original` by the one that was set first, so
    that an extension leaves it unmoved; `extended` is the share of the latter whose due instant was ever moved.
    """

    given: int
    completed: int
    cancelled: int
    cycle_time: Durations
    on_time: Share
    on_time_original: Share
    extended: Share
    overdue: Share
    overdue_by_age: tuple[tuple[str, int], ...]
    backlog: int
    backlog_change: int


@dataclass(frozen=True, slots=True)
class SignalFigures:
    """Of signals: how many were raised, and the share of those decided in the span that was confirmed."""

    raised: int
    confirmed: Share


@dataclass(frozen=True, slots=True)
class PerMillion:
    """Complaints for each million units, with the exact interval of 95 %; None without units."""

    complaints: int
    units: float
    value: float | None
    low: float | None
    high: float | None


def of_complaints(records: Sequence[ComplaintRecord], span: Span) -> ComplaintFigures:
    """Compute the figures of complaints; records of other spans are passed over."""
    received = [each for each in records if each.counts and span.holds(each.received_at)]
    decided = [each for each in records if span.holds(each.decided_at) and not each.historical]
    return ComplaintFigures(
        received=len(received),
        converted=share(sum(each.linked for each in received), len(received)),
        # A source's clock may run ahead of ours.
        time_to_triage=durations(max(each.decided_at - each.received_at, timedelta(0)) for each in decided),
    )


def of_actions(records: Sequence[ActionRecord], span: Span) -> ActionFigures:
    """Compute the figures of actions; records of other spans are passed over."""
    completed = [each for each in records if span.holds(each.completed_at)]
    given = sum(span.holds(each.given_at) for each in records)
    cancelled = sum(span.holds(each.cancelled_at) for each in records)
    open_ones = [each for each in records if _open_at(each, span.ends_at)]
    late = [span.ends_at - each.due_at for each in open_ones if each.due_at < span.ends_at]
    by_original = _due_in(records, span, lambda each: each.original_due_at)
    return ActionFigures(
        given=given,
        completed=len(completed),
        cancelled=cancelled,
        cycle_time=durations(each.completed_at - each.given_at for each in completed if each.completed_at),
        on_time=_on_time(records, span, lambda each: each.due_at),
        on_time_original=_on_time(records, span, lambda each: each.original_due_at),
        extended=share(sum(each.due_changes > 0 for each in by_original), len(by_original)),
        overdue=share(len(late), len(open_ones)),
        overdue_by_age=by_age(late),
        backlog=len(open_ones),
        backlog_change=given - len(completed) - cancelled,
    )


def of_signals(records: Sequence[SignalRecord], span: Span) -> SignalFigures:
    """Compute the figures of signals; records of other spans are passed over."""
    decided = [each for each in records if span.holds(each.decided_at)]
    return SignalFigures(
        raised=sum(span.holds(each.raised_at) for each in records),
        confirmed=share(sum(each.confirmed for each in decided), len(decided)),
    )


def per_million(complaints: int, units: float) -> PerMillion:
    """Compute complaints for each million units."""
    if units <= 0:
        return PerMillion(complaints, units, None, None, None)
    low, high = rate_interval(complaints, units)
    return PerMillion(
        complaints, units, complaints / units * PER_MILLION, low * PER_MILLION, high * PER_MILLION
    )


_Due = Callable[[ActionRecord], datetime]


def _due_in(records: Sequence[ActionRecord], span: Span, due: _Due) -> list[ActionRecord]:
    return [each for each in records if span.holds(due(each)) and each.cancelled_at is None]


def _on_time(records: Sequence[ActionRecord], span: Span, due: _Due) -> Share:
    fell_due = _due_in(records, span, due)
    met = sum(each.completed_at is not None and each.completed_at <= due(each) for each in fell_due)
    return share(met, len(fell_due))


def _open_at(record: ActionRecord, at: datetime) -> bool:
    ended = record.completed_at or record.cancelled_at
    return record.given_at < at and (ended is None or ended >= at)
