"""Indicators of corrective-action cases, each by one formula over what happened to each case.

Spans, cohorts, snapshots and what is None are as in `quality.handling`: nothing after a span's end is looked at, but for the
due instant of a round, which is the one that it had last.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Literal

from quality.ages import by_age
from quality.durations import Durations, durations
from quality.indicators import Span
from quality.intervals import Share, share

LOOK_BACK: Final = timedelta(days=365)
"""How long after a closing the same trouble counts as its recurrence."""

CLOSED: Final = "closed_effective"
GIVEN_UP: Final = frozenset({"rejected", "cancelled"})
ENDED: Final = GIVEN_UP | {CLOSED}
STAGES: Final = (
    "accepted",
    "containment",
    "investigating",
    "plan_pending_approval",
    "implementing",
    "verifying",
    "monitoring",
    "effectiveness_review",
    "on_hold",
)
"""The stages between acceptance and closing, in the order of a case without detours."""


@dataclass(frozen=True, slots=True)
class Move:
    """That a case came into a stage."""

    at: datetime
    stage: str


@dataclass(frozen=True, slots=True)
class Round:
    """One round of work: since when, by when it was due at last, and when it was done and verified."""

    begun_at: datetime
    due_at: datetime
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A check of the effect."""

    at: datetime
    result: Literal["effective", "ineffective", "inconclusive"]


@dataclass(frozen=True, slots=True)
class CauseTest:
    """The first test of a cause."""

    at: datetime
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLife:
    """A case from its request on.

    `again_at` are the instants at which the same trouble was seen, before or after it was closed: a complaint or nonconformity of
    its product and category, or a case requested as its recurrence.
    """

    requested_at: datetime
    accepted_at: datetime | None = None
    original_due_at: datetime | None = None
    due_changes: int = 0
    moves: Sequence[Move] = ()
    rounds: Sequence[Round] = ()
    checks: Sequence[Check] = ()
    tests: Sequence[CauseTest] = ()
    again_at: Sequence[datetime] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFigures:
    """Of cases; docs/indicators.md has each formula."""

    requested: int
    accepted: int
    closed: int
    cycle_time: Durations
    time_in_stage: tuple[tuple[str, Durations], ...]
    on_time: Share
    on_time_original: Share
    extended: Share
    overdue: Share
    overdue_by_age: tuple[tuple[str, int], ...]
    backlog: int
    backlog_change: int
    effective: Share
    ineffective: int
    inconclusive: int
    effective_at_first: Share
    recurred: Share
    causes_confirmed: Share


def of_cases(lives: Iterable[CaseLife], span: Span) -> CaseFigures:
    """Compute the figures; cases that do not matter to the span are passed over."""
    cases = [life for life in lives if life.requested_at < span.ends_at]
    closed = [each for each in cases if span.holds(_closed_at(each, span.ends_at))]
    checks = [check.result for each in cases for check in each.checks if span.holds(check.at)]
    first = [each.checks[0].result for each in cases if each.checks and span.holds(each.checks[0].at)]
    tests = [test.passed for each in cases for test in each.tests if span.holds(test.at)]
    by_original = [each for each in cases if _fell_due(each, each.original_due_at, span)]
    running = [last for each in cases if (last := _running(each, span.ends_at)) is not None]
    late = [span.ends_at - each.due_at for each in running if each.due_at < span.ends_at]
    ripe = [again for each in cases for again in _ripe(each, span)]
    backlog, before = (sum(_is_open(each, at) for each in cases) for at in (span.ends_at, span.begins_at))
    return CaseFigures(
        requested=sum(span.holds(each.requested_at) for each in cases),
        accepted=sum(span.holds(each.accepted_at) for each in cases),
        closed=len(closed),
        cycle_time=durations(_cycles(closed, span.ends_at)),
        time_in_stage=_time_in_stages(closed, span.ends_at),
        on_time=_on_time(cases, span),
        on_time_original=share(sum(map(_done_by_original, by_original)), len(by_original)),
        extended=share(sum(each.due_changes > 0 for each in by_original), len(by_original)),
        overdue=share(len(late), len(running)),
        overdue_by_age=by_age(late),
        backlog=backlog,
        backlog_change=backlog - before,
        effective=share(checks.count("effective"), len(checks)),
        ineffective=checks.count("ineffective"),
        inconclusive=checks.count("inconclusive"),
        effective_at_first=share(first.count("effective"), len(first)),
        recurred=share(sum(ripe), len(ripe)),
        causes_confirmed=share(sum(tests), len(tests)),
    )


def _last_move(case: CaseLife, at: datetime) -> Move | None:
    return next((each for each in reversed(case.moves) if each.at < at), None)


def _closed_at(case: CaseLife, at: datetime) -> datetime | None:
    last = _last_move(case, at)
    return last.at if last is not None and last.stage == CLOSED else None


def _is_open(case: CaseLife, at: datetime) -> bool:
    last = _last_move(case, at)
    return case.requested_at < at and (last is None or last.stage not in ENDED)


def _running(case: CaseLife, at: datetime) -> Round | None:
    """Give the round whose work was still to be done then."""
    begun = [each for each in case.rounds if each.begun_at < at]
    if not begun or not _is_open(case, at):
        return None
    last = begun[-1]
    return last if last.done_at is None or last.done_at >= at else None


def _fell_due(case: CaseLife, due: datetime | None, span: Span) -> bool:
    """Tell whether it fell due in the span; what was given up before fell due for nobody."""
    if due is None or not span.holds(due):
        return False
    last = _last_move(case, due)
    return last is None or last.stage not in GIVEN_UP


def _on_time(cases: Iterable[CaseLife], span: Span) -> Share:
    due = [each for case in cases for each in case.rounds if _fell_due(case, each.due_at, span)]
    return share(sum(each.done_at is not None and each.done_at <= each.due_at for each in due), len(due))


def _done_by_original(case: CaseLife) -> bool:
    done_at = case.rounds[0].done_at if case.rounds else None
    return case.original_due_at is not None and done_at is not None and done_at <= case.original_due_at


def _cycles(closed: Iterable[CaseLife], at: datetime) -> Iterable[timedelta]:
    for case in closed:
        ended_at = _closed_at(case, at)
        if ended_at is not None and case.accepted_at is not None:
            yield ended_at - case.accepted_at


def _time_in_stages(closed: Iterable[CaseLife], at: datetime) -> tuple[tuple[str, Durations], ...]:
    """Add up, for each case, the time in each stage, and summarise each stage over the cases that were in it."""
    found: dict[str, list[timedelta]] = {stage: [] for stage in STAGES}
    for case in closed:
        spent: dict[str, timedelta] = {}
        moves = [each for each in case.moves if each.at < at]
        for move, following in pairwise(moves):
            spent[move.stage] = spent.get(move.stage, timedelta(0)) + (following.at - move.at)
        for stage in found.keys() & spent.keys():
            found[stage].append(spent[stage])
    return tuple((stage, durations(values)) for stage, values in found.items())


def _ripe(case: CaseLife, span: Span) -> Iterable[bool]:
    """Tell of each closing whose look-back ended in the span whether the trouble was seen again in it."""
    for move in case.moves:
        until = move.at + LOOK_BACK
        if move.stage == CLOSED and span.holds(until):
            yield any(move.at < at <= until for at in case.again_at)
