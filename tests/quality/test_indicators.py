"""Indicators, each by its formula."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.indicators import (
    ActionRecord,
    ComplaintRecord,
    SignalRecord,
    Span,
    of_actions,
    of_complaints,
    of_signals,
    per_million,
)

MARCH = Span(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))


def at(day: float) -> datetime:
    """A day of March; 0 is the last of February."""
    return MARCH.begins_at + timedelta(days=day - 1)


def an_action(due: float = 10, **changes: object) -> ActionRecord:
    record = ActionRecord(at(5), at(due), at(due), 0, None, None)
    return replace(record, **changes)  # type: ignore[arg-type]


def test_an_empty_span_has_no_shares_and_no_durations_rather_than_zeros() -> None:
    actions, complaints, signals = of_actions([], MARCH), of_complaints([], MARCH), of_signals([], MARCH)
    shares = (
        actions.on_time,
        actions.on_time_original,
        actions.extended,
        actions.overdue,
        complaints.converted,
    )
    assert [each.value for each in (*shares, signals.confirmed)] == [None] * 6
    assert (actions.cycle_time.median, complaints.time_to_triage.p90) == (None, None)
    assert (actions.given, actions.backlog, complaints.received) == (0, 0, 0)


def test_what_is_late_and_open_is_a_miss_and_what_is_cancelled_falls_due_for_nobody() -> None:
    records = [
        an_action(completed_at=at(9)),
        an_action(completed_at=at(10)),
        an_action(completed_at=at(11)),
        an_action(),
        an_action(cancelled_at=at(8)),
        an_action(due=40),
    ]
    figures = of_actions(records, MARCH)
    assert (figures.on_time.part, figures.on_time.whole) == (2, 4)
    assert (figures.completed, figures.cancelled, figures.backlog) == (3, 1, 2)
    assert (figures.overdue.part, figures.overdue.whole) == (1, 2)
    assert dict(figures.overdue_by_age) == {"up_to_3d": 0, "3d_to_7d": 0, "7d_to_30d": 1, "over_30d": 0}
    assert figures.backlog_change == 6 - 3 - 1


def test_an_extension_leaves_on_time_against_the_original_due_instant_unmoved() -> None:
    late = an_action(completed_at=at(12))
    extended = replace(late, due_at=at(15), due_changes=1)
    assert of_actions([extended], MARCH).on_time.value == 1.0
    assert of_actions([extended], MARCH).on_time_original == of_actions([late], MARCH).on_time_original
    assert of_actions([extended], MARCH).extended.value == 1.0


def test_what_ends_after_the_span_is_open_at_its_end() -> None:
    assert of_actions([an_action(completed_at=at(40))], MARCH).backlog == 1


def test_historical_complaints_are_received_and_tell_nothing_of_how_fast_anybody_was() -> None:
    records = [
        ComplaintRecord(at(3), at(3) + timedelta(seconds=40), False, True),
        ComplaintRecord(at(4), at(4) - timedelta(seconds=5), False, False),
        ComplaintRecord(at(4), at(20), True, False),
        ComplaintRecord(at(-5), at(2), True, False),
    ]
    figures = of_complaints(records, MARCH)
    assert (figures.received, figures.converted.part, figures.time_to_triage.n) == (3, 1, 2)
    assert figures.time_to_triage.mean == 20


def test_signals_are_confirmed_out_of_those_that_were_decided() -> None:
    records = [
        SignalRecord(at(1), at(3), True),
        SignalRecord(at(1), at(3), False),
        SignalRecord(at(1), None, False),
    ]
    figures = of_signals(records, MARCH)
    assert (figures.raised, figures.confirmed.value) == (3, 0.5)


def test_complaints_for_each_million_units_have_an_exact_interval() -> None:
    figures = per_million(5, 1_000_000)
    assert (figures.value, figures.low, figures.high) == pytest.approx((5, 1.6235, 11.6683), abs=5e-5)
    assert per_million(5, 0).value is None


@given(
    st.lists(
        st.tuples(
            st.floats(-30, 60),
            st.floats(0, 40),
            st.floats(0, 60),
            st.sampled_from(["open", "done", "cancelled"]),
        ),
        max_size=30,
    )
)
def test_whatever_was_given_is_done_cancelled_or_in_the_backlog(
    rows: list[tuple[float, float, float, str]],
) -> None:
    records = [
        ActionRecord(
            at(given),
            at(given + due),
            at(given + due),
            0,
            at(given + took) if end == "done" else None,
            at(given + took) if end == "cancelled" else None,
        )
        for given, due, took, end in rows
    ]
    before = Span(MARCH.begins_at - timedelta(days=365), MARCH.begins_at)
    figures = of_actions(records, MARCH)
    assert of_actions(records, before).backlog + figures.backlog_change == figures.backlog
    assert sum(number for _, number in figures.overdue_by_age) == figures.overdue.part
    assert figures.on_time.part <= figures.on_time.whole
