"""Indicators of handling, of cases and of escalation, each by its formula."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.cases import CaseFigures, CaseLife, CauseTest, Check, Move, Round, of_cases
from quality.durations import Durations
from quality.escalation import Told, of_escalation
from quality.handling import ENDS, Deadline, HandlingFigures, Life, Step, Taken, of_handling
from quality.indicators import Span
from quality.intervals import Share

MARCH = Span(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))


def at(day: float) -> datetime:
    """A day of March; 0 is the last of February."""
    return MARCH.begins_at + timedelta(days=day - 1)


def working(begin: datetime, end: datetime) -> timedelta:
    """Work goes on from eight to sixteen on every day, for tests that begin and end at midnight."""
    return (end - begin) / 3


def handled(*lives: Life, span: Span = MARCH) -> HandlingFigures:
    return of_handling(lives, span, working)


def a_life(*taken: Taken, received: float = 2, **changes: object) -> Life:
    return replace(Life(at(received), taken), **changes)  # type: ignore[arg-type]


def a_deadline(due: float, **changes: object) -> Deadline:
    made = Deadline(
        clock="respond", ordinal=1, kind="respond", started_at=at(2), original_due_at=at(due), due_at=at(due)
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def met(due: float, done: float, **changes: object) -> Deadline:
    return a_deadline(due, met=True, ended_at=at(done), **changes)


def of(share: Share) -> tuple[int, int]:
    return share.part, share.whole


def days(found: Durations) -> float | None:
    return None if found.median is None else found.median / 86_400


def test_where_there_is_nothing_every_share_and_duration_is_null() -> None:
    for figures in (handled(), of_cases([], MARCH)):
        values = [getattr(figures, each.name) for each in fields(figures)]
        assert {each.value for each in values if isinstance(each, Share)} == {None}
        assert {each.median for each in values if isinstance(each, Durations)} == {None}
    assert {spent.p90 for _, spent in of_cases([], MARCH).time_in_stage} == {None}
    assert of_escalation([], MARCH) == ()


def test_an_answer_acknowledges_where_nothing_did_before_and_only_the_first_counts() -> None:
    figures = handled(
        a_life(Taken(Step.ACKNOWLEDGED, at(3)), Taken(Step.RESPONDED, at(9))),
        a_life(Taken(Step.RESPONDED, at(5))),
        a_life(Taken(Step.ACKNOWLEDGED, at(0)), Taken(Step.ACKNOWLEDGED, at(9)), received=-3),
    )
    assert (figures.time_to_acknowledge.n, days(figures.time_to_acknowledge)) == (2, 2)
    assert (figures.time_to_respond.n, days(figures.time_to_respond)) == (2, 5)


def test_of_what_fell_due_a_hold_moves_the_present_due_instant_and_not_the_first() -> None:
    moved = met(20, 15, original_due_at=at(10))
    late = met(10, 11)
    still_open = a_deadline(12)
    voided, voided_late = a_deadline(14, ended_at=at(13)), a_deadline(14, ended_at=at(16))
    waits = a_deadline(18, on_hold=True)
    later = met(40, 20)
    figures = handled(a_life(deadlines=[moved, late, still_open, voided, voided_late, waits, later]))
    assert of(figures.responded_on_time) == (1, 4)
    assert of(figures.responded_on_time_original) == (0, 5)
    assert of(figures.overdue) == (1, 2)
    assert dict(figures.overdue_by_age)["7d_to_30d"] == 1


def test_acknowledgements_and_answers_are_counted_apart() -> None:
    acknowledge = replace(met(5, 4), clock="acknowledge", kind="acknowledge")
    figures = handled(a_life(deadlines=[acknowledge, replace(acknowledge, met=False, ended_at=None)]))
    assert (of(figures.acknowledged_on_time), of(figures.unacknowledged_late)) == ((1, 2), (1, 1))
    assert figures.responded_on_time.value is None


def test_of_several_closings_the_last_is_the_closing_and_the_first_is_told_apart() -> None:
    life = a_life(
        Taken(Step.RESPONDED, at(4), investigated=True),
        Taken(Step.CLOSED, at(6)),
        Taken(Step.REOPENED, at(10)),
        Taken(Step.WAITING_BEGAN, at(11)),
        Taken(Step.RESPONDED, at(17), investigated=False),
        Taken(Step.CLOSED, at(20)),
        deadlines=[met(8, 4), met(21, 17, ordinal=2)],
    )
    figures = handled(life)
    assert (days(figures.time_to_close), days(figures.time_to_first_close)) == (18, 4)
    # Neither the four days when it was closed nor the six of waiting are worked: 4 + 1 + 3 days of eight hours.
    assert figures.working_time_to_close.median == 8 * 8 * 3_600
    assert (figures.closed, figures.reopened, of(figures.closings_on_time)) == (1, 1, (1, 1))
    assert (of(figures.closed_on_time), of(figures.closed_without_investigation)) == ((1, 1), (1, 1))
    until_the_reopening = handled(life, span=Span(at(1), at(9)))
    assert (until_the_reopening.closed, days(until_the_reopening.time_to_close)) == (1, 4)
    while_it_was_open = handled(life, span=Span(at(1), at(12)))
    assert (while_it_was_open.closed, while_it_was_open.backlog) == (0, 1)


def test_a_duplicate_needs_no_investigation_of_its_own() -> None:
    answer, closed = Taken(Step.RESPONDED, at(4), investigated=False), Taken(Step.CLOSED, at(6))
    figures = handled(a_life(answer, closed), a_life(Taken(Step.LINKED, at(3)), answer, closed))
    assert of(figures.closed_without_investigation) == (1, 1)


def test_a_closing_counts_for_reopening_once_its_ninety_days_have_passed() -> None:
    def closed(back: float, again: float | None) -> Life:
        steps = [Taken(Step.CLOSED, at(-back))]
        steps += [] if again is None else [Taken(Step.REOPENED, at(-back + again))]
        return a_life(*steps, received=-200)

    ripe = [closed(80, None), closed(80, 90), closed(80, 91)]
    unripe, from_before = closed(10, 5), closed(95, 5)
    assert of(handled(*ripe, unripe, from_before).reopened_after_closing) == (1, 3)


def test_complaints_led_to_a_case_where_one_that_was_accepted_covers_them() -> None:
    assessed = Taken(Step.ASSESSED, at(3))
    lives = [a_life(assessed, in_case=True), a_life(assessed), a_life(assessed, counts=False), a_life()]
    assert of(handled(*lives).led_to_case) == (1, 2)


STEPS = st.lists(st.tuples(st.sampled_from(Step), st.integers(-40, 60)), max_size=8)


@given(st.lists(st.tuples(st.integers(-60, 40), STEPS), max_size=6), st.integers(-30, 10), st.integers(0, 40))
def test_the_backlog_changes_by_what_began_and_ended(
    drawn: Sequence[tuple[int, Sequence[tuple[Step, int]]]], begins: int, length: int
) -> None:
    span = Span(at(begins), at(begins + length))
    # Steps are in the order of time, as they are taken.
    lives = [
        a_life(
            *(Taken(step, at(max(day, received))) for step, day in sorted(steps, key=lambda each: each[1]))
        )
        for received, steps in drawn
    ]
    lives = [
        replace(life, received_at=at(received)) for life, (received, _) in zip(lives, drawn, strict=True)
    ]
    figures = handled(*lives, span=span)
    earlier = handled(*lives, span=Span(at(-100), span.begins_at))
    assert figures.backlog_change == figures.backlog - earlier.backlog
    assert sum(number for _, number in figures.backlog_by_age) == figures.backlog
    ended = [life for life in lives if life.taken and life.taken[-1].step in ENDS]
    assert handled(*ended, span=Span(at(-100), at(100))).backlog == 0


def a_case(**changes: object) -> CaseLife:
    made = CaseLife(
        requested_at=at(1),
        accepted_at=at(2),
        original_due_at=at(12),
        moves=(
            Move(at(2), "accepted"),
            Move(at(4), "investigating"),
            Move(at(8), "on_hold"),
            Move(at(9), "investigating"),
            Move(at(14), "monitoring"),
            Move(at(20), "closed_effective"),
        ),
        rounds=(Round(at(2), at(16), at(14)),),
        due_changes=1,
        checks=(Check(at(20), "effective"),),
        tests=(CauseTest(at(6), passed=False), CauseTest(at(7), passed=True)),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def of_one(case: CaseLife, span: Span = MARCH) -> CaseFigures:
    return of_cases([case], span)


def test_a_case_is_timed_from_its_acceptance_and_stage_by_stage() -> None:
    figures = of_one(a_case())
    assert (figures.requested, figures.accepted, figures.closed) == (1, 1, 1)
    assert days(figures.cycle_time) == 18
    spent = dict(figures.time_in_stage)
    assert (days(spent["investigating"]), days(spent["on_hold"]), spent["verifying"].n) == (9, 1, 0)
    assert of(figures.causes_confirmed) == (1, 2)


def test_an_extension_leaves_on_time_by_the_first_due_instant_unmoved() -> None:
    figures = of_one(a_case())
    assert (of(figures.on_time), of(figures.on_time_original), of(figures.extended)) == (
        (1, 1),
        (0, 1),
        (1, 1),
    )


def test_a_case_that_was_given_up_before_it_fell_due_fell_due_for_nobody() -> None:
    moves = (Move(at(2), "accepted"), Move(at(9), "cancelled"))
    figures = of_one(a_case(moves=moves, rounds=(Round(at(2), at(16)),)))
    assert (figures.on_time.value, figures.on_time_original.value, figures.overdue.value) == (None,) * 3
    late = of_one(a_case(moves=moves, rounds=(Round(at(2), at(5)),), original_due_at=at(5)))
    assert (of(late.on_time), of(late.on_time_original)) == ((0, 1), (0, 1))


def test_work_that_is_late_is_overdue_until_it_is_verified() -> None:
    case = a_case(rounds=(Round(at(2), at(10), at(14)),))
    assert of(of_one(case, Span(at(1), at(12))).overdue) == (1, 1)
    assert of_one(case, Span(at(1), at(15))).overdue.value is None


def test_effectiveness_is_of_checks_and_the_first_check_of_cases() -> None:
    checks = (Check(at(10), "inconclusive"), Check(at(15), "ineffective"), Check(at(20), "effective"))
    figures = of_one(a_case(checks=checks))
    assert (of(figures.effective), figures.ineffective, figures.inconclusive) == ((1, 3), 1, 1)
    assert of(figures.effective_at_first) == (0, 1)
    assert of_one(a_case(checks=checks), Span(at(12), at(30))).effective_at_first.value is None


@pytest.mark.parametrize(("days_after", "recurred"), [(0, 0), (1, 1), (365, 1), (366, 0)])
def test_a_closing_is_judged_for_recurrence_once_its_year_has_passed(days_after: int, recurred: int) -> None:
    case = a_case(again_at=(at(20) + timedelta(days=days_after),))
    assert of_one(case).recurred.value is None
    a_year_later = Span(*(each + timedelta(days=365) for each in (MARCH.begins_at, MARCH.ends_at)))
    assert of(of_one(case, a_year_later).recurred) == (recurred, 1)


def test_what_somebody_was_told_of_is_answered_in_time_level_by_level() -> None:
    def told(level: str, sent: float, done: float | None) -> Told:
        return Told(level, at(sent), at(sent + 2), None if done is None else at(done))

    notices = [
        told("reminder", 3, 4),
        told("reminder", 3, 9),
        told("overdue", 5, None),
        told("overdue", 31, 32),
        told("overdue", 7, 6),
    ]
    levels = dict(of_escalation(notices, MARCH))
    assert (of(levels["reminder"].done_in_time), days(levels["reminder"].time_to_done)) == ((1, 2), 3.5)
    assert (levels["overdue"].told, of(levels["overdue"].done_in_time)) == (2, (0, 1))
