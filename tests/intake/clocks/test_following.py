"""How clocks follow what happens to a complaint: rules 3, 5 and 6 of what deadlines must keep, and verdicts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from intake.domain.clocks.clock import NO_LONGER_APPLIES, ClockState
from intake.domain.clocks.following import News
from intake.domain.clocks.happening import Happening, Reportability
from intake.domain.clocks.rule import Conditions, Kind, Start, rule_of
from intake.domain.complaint import Severity
from tests.intake.clocks.timing import NOON, Timed, a_situation, berlin, policy_of, rule

HOUR = timedelta(hours=1)
ACKNOWLEDGE = rule("acknowledge", Kind.ACKNOWLEDGE, "1wd")
ASSESS = rule("assess", Kind.ASSESS, "2wd")
UPDATE = rule("update", Kind.UPDATE, "3wd", start=Start.LAST_CONTACT, pauses=True)
RESPOND = rule("respond", Kind.RESPOND, "5wd", pauses=True)
REPORT = rule("report", Kind.REGULATORY, "10d", start=Start.AWARE, calendar="always")
USUAL = policy_of(ACKNOWLEDGE, ASSESS, UPDATE, RESPOND, REPORT)


def test_a_complaint_starts_the_clocks_whose_start_has_come() -> None:
    timed = Timed(USUAL).begin()
    assert {clock.name: clock.due_at for clock in timed.clocks.values()} == {
        "acknowledge": berlin(23, 17),
        "assess": berlin(24, 17),
        "respond": berlin(27, 17),
        "report": NOON + timedelta(days=10),
    }
    assert {clock.state for clock in timed.clocks.values()} == {ClockState.RUNNING}


def test_a_complaint_that_came_late_is_overdue_on_arrival() -> None:
    moments = {Happening.RECEIVED: NOON - timedelta(days=9), Happening.AWARE: NOON - timedelta(days=20)}
    timed = Timed(USUAL, a_situation(moments=moments)).begin()
    assert timed.the("acknowledge").is_overdue(NOON)
    assert timed.the("report").due_at == NOON - timedelta(days=10)


def test_a_historical_complaint_gets_no_clock_until_it_is_taken_up_again() -> None:
    timed = Timed(USUAL, a_situation(historical=True)).begin()
    assert timed.happens(Happening.ASSESSED, NOON) == []
    timed.happens(Happening.REOPENED, NOON + HOUR)
    assert timed.the("respond").started_at == NOON + HOUR


@pytest.mark.parametrize(
    ("at", "state", "by"),
    [
        (berlin(23, 16), ClockState.MET, HOUR),
        (berlin(23, 17), ClockState.MET, timedelta()),
        (berlin(23, 17, 1), ClockState.MISSED, timedelta(minutes=1)),
    ],
)
def test_a_verdict_tells_by_how_much_a_clock_was_met_or_missed(
    at: datetime, state: ClockState, by: timedelta
) -> None:
    timed = Timed(USUAL).begin()
    (met, *_) = timed.happens(Happening.ACKNOWLEDGED, at)
    assert met.news is News.MET
    assert (met.clock.state, met.clock.by, met.clock.ended_by) == (state, by, "acknowledged")


def test_an_answer_acknowledges_too() -> None:
    timed = Timed(USUAL).begin()
    timed.happens(Happening.RESPONDED, NOON + HOUR, standing=Happening.RESPONDED)
    assert [timed.the(name).state for name in ("acknowledge", "respond")] == [ClockState.MET] * 2


def test_each_contact_meets_the_update_clock_and_starts_it_anew() -> None:
    timed = Timed(USUAL).begin()
    timed.happens(Happening.ACKNOWLEDGED, berlin(20, 14))
    assert timed.the("update").due_at == berlin(25, 17)
    timed.happens(Happening.CUSTOMER_UPDATED, berlin(26, 9))
    first, second = timed.all_of("update")
    assert (first.state, first.by) == (ClockState.MISSED, timedelta(hours=16))
    assert (second.due_at, second.generation, second.ordinal) == (berlin(1, 17, month=12), 2, 2)
    timed.happens(Happening.RESPONDED, berlin(27, 9), standing=Happening.RESPONDED)
    assert [clock.state for clock in timed.all_of("update")] == [ClockState.MISSED, ClockState.MET]


def test_waiting_for_the_customer_pauses_the_clocks_that_allow_it_and_no_other() -> None:
    timed = Timed(USUAL).begin()
    changes = timed.happens(Happening.WAITING_BEGAN, berlin(23, 10))
    assert [(change.clock.name, change.news) for change in changes] == [("respond", News.PAUSED)]
    assert {clock.name for clock in timed.clocks.values() if clock.state is ClockState.RUNNING} == {
        "acknowledge",
        "assess",
        "report",
    }


def test_a_pause_gives_its_working_days_back_and_raises_the_generation() -> None:
    timed = Timed(USUAL).begin()
    timed.happens(Happening.WAITING_BEGAN, berlin(23, 10))
    (change,) = timed.happens(Happening.WAITING_ENDED, berlin(25, 10))
    respond = change.clock
    # Monday and Tuesday ended on hold.
    assert (respond.due_at, respond.generation, change.news) == (berlin(1, 17, month=12), 2, News.RESUMED)
    assert respond.original_due_at == berlin(27, 17)


def test_a_hold_counts_on_a_direct_exit_to_the_answer() -> None:
    timed = Timed(USUAL).begin()
    timed.happens(Happening.WAITING_BEGAN, berlin(23, 10))
    timed.happens(Happening.RESPONDED, berlin(30, 10), standing=Happening.RESPONDED)
    respond = timed.the("respond")
    # Five days ended on hold, so that a week after the first due instant is still in time.
    assert (respond.state, respond.due_at) == (ClockState.MET, berlin(4, 17, month=12))


def test_two_holds_in_one_record_count_both() -> None:
    timed = Timed(USUAL).begin()
    for day in (23, 25):
        timed.happens(Happening.WAITING_BEGAN, berlin(day, 10))
        timed.happens(Happening.WAITING_ENDED, berlin(day + 1, 10))
    assert (timed.the("respond").due_at, timed.the("respond").generation) == (berlin(1, 17, month=12), 3)


def test_a_hold_over_a_holiday_gives_only_the_working_days_back() -> None:
    start = berlin(22, 10, month=12)
    moments = {Happening.RECEIVED: start, Happening.AWARE: start}
    timed = Timed(policy_of(RESPOND), a_situation(moments=moments)).begin(start)
    assert timed.the("respond").due_at == berlin(30, 17, month=12)
    timed.happens(Happening.WAITING_BEGAN, berlin(24, 10, month=12))
    timed.happens(Happening.WAITING_ENDED, berlin(28, 8, month=12))
    # Of the 24th to the 28th only the half day of the 24th ended on hold and is worked.
    assert timed.the("respond").due_at == berlin(31, 12, month=12)


def test_a_hold_after_the_due_instant_gives_nothing_back() -> None:
    timed = Timed(USUAL).begin()
    assert timed.happens(Happening.WAITING_BEGAN, berlin(30, 10)) == []
    timed.happens(Happening.RESPONDED, berlin(30, 12), standing=Happening.RESPONDED)
    assert timed.the("respond").state is ClockState.MISSED


def test_a_clock_that_starts_while_the_customer_is_waited_for_is_on_hold_at_once() -> None:
    timed = Timed(USUAL).begin()
    timed.happens(Happening.WAITING_BEGAN, berlin(23, 10))
    changes = timed.happens(Happening.CUSTOMER_UPDATED, berlin(23, 11))
    assert [change.news for change in changes if change.clock.name == "update"] == [News.SET, News.PAUSED]


def test_a_regulatory_clock_neither_pauses_nor_stops_when_the_complaint_ends() -> None:
    timed = Timed(USUAL).begin()
    timed.happens(Happening.WAITING_BEGAN, NOON)
    timed.happens(Happening.WITHDRAWN, NOON + HOUR, standing=Happening.WITHDRAWN)
    report = timed.the("report")
    assert (report.state, report.due_at) == (ClockState.RUNNING, NOON + timedelta(days=10))
    assert timed.the("respond").state is ClockState.VOIDED


def test_a_report_to_another_authority_meets_no_regulatory_clock() -> None:
    timed = Timed(policy_of(replace(REPORT, authorities=("eu-*",)))).begin()
    timed.happens(Happening.REPORT_FILED, NOON + HOUR, authority="fda")
    assert timed.the("report").is_open
    timed.happens(Happening.REPORT_FILED, NOON + HOUR, authority="eu-bfarm")
    assert timed.the("report").state is ClockState.MET


def test_a_linked_complaint_keeps_its_acknowledgement_and_its_answer() -> None:
    timed = Timed(USUAL).begin()
    timed.happens(Happening.LINKED, NOON + HOUR, standing=Happening.LINKED)
    assert {clock.name: clock.state for clock in timed.clocks.values()} == {
        "acknowledge": ClockState.RUNNING,
        "assess": ClockState.VOIDED,
        "respond": ClockState.RUNNING,
        "report": ClockState.RUNNING,
    }


def test_what_is_stopped_when_it_is_late_already_stays_missed() -> None:
    timed = Timed(USUAL).begin()
    changes = timed.happens(Happening.WITHDRAWN, berlin(24, 12), standing=Happening.WITHDRAWN)
    stopped = {change.clock.name: (change.clock.state, change.news) for change in changes}
    assert stopped["acknowledge"] == (ClockState.MISSED, News.VOIDED)
    assert stopped["assess"] == (ClockState.VOIDED, News.VOIDED)
    assert timed.the("acknowledge").by == timedelta(hours=19)


@pytest.mark.parametrize("ending", [Happening.WITHDRAWN, Happening.NOT_A_COMPLAINT, Happening.LINKED])
def test_what_was_cut_short_starts_anew_when_the_complaint_is_taken_up_again(ending: Happening) -> None:
    timed = Timed(USUAL).begin()
    timed.happens(ending, NOON + HOUR, standing=ending)
    timed.happens(Happening.REOPENED, berlin(24, 10), standing=None)
    assess = timed.the("assess")
    assert (assess.state, assess.run, assess.due_at) == (ClockState.RUNNING, 2, berlin(26, 17))


@pytest.mark.parametrize("again", [Happening.REOPENED, Happening.CUSTOMER_REJECTED])
def test_a_new_run_has_clocks_of_its_own_and_keeps_the_verdicts_before(again: Happening) -> None:
    timed = Timed(USUAL).begin()
    timed.happens(Happening.ACKNOWLEDGED, berlin(23, 10))
    timed.happens(Happening.RESPONDED, berlin(30, 10), standing=Happening.RESPONDED)
    before = {key: clock for key, clock in timed.clocks.items() if not clock.is_open}
    timed.happens(again, berlin(1, 10, month=12), standing=None)
    assert {key: timed.clocks[key] for key in before} == before
    respond = timed.the("respond")
    assert (respond.run, respond.ordinal, respond.generation) == (2, 2, 2)
    assert (respond.started_at, respond.due_at) == (berlin(1, 10, month=12), berlin(8, 17, month=12))
    assert timed.the("acknowledge").run == 1


def test_a_clock_whose_conditions_come_true_counts_from_when_it_should_have() -> None:
    reportable = rule(
        "report",
        Kind.REGULATORY,
        "10d",
        start=Start.AWARE,
        when=Conditions(reportability=(Reportability.YES,)),
    )
    timed = Timed(policy_of(reportable)).begin()
    assert not timed.clocks
    later = NOON + timedelta(days=11)
    timed.happens(Happening.ASSESSED, later, reportability=Reportability.YES)
    report = timed.the("report")
    assert (report.due_at, report.is_overdue(later)) == (NOON + timedelta(days=10), True)


def test_a_clock_whose_conditions_hold_no_more_is_voided_and_can_come_back() -> None:
    critical = rule("report", Kind.REGULATORY, "10d", when=Conditions(severities=(Severity.CRITICAL,)))
    timed = Timed(policy_of(critical), a_situation(severity=Severity.CRITICAL)).begin()
    (change,) = timed.happens(Happening.ASSESSED, NOON + HOUR, severity=Severity.MINOR)
    assert (change.news, change.clock.ended_by) == (News.VOIDED, NO_LONGER_APPLIES)
    timed.happens(Happening.ASSESSED, NOON + 2 * HOUR, severity=Severity.CRITICAL)
    again = timed.the("report")
    assert (again.ordinal, again.generation, again.started_at) == (2, 2, NOON)


def test_what_was_done_before_a_clock_applied_is_not_asked_for_again() -> None:
    late = rule("respond", when=Conditions(severities=(Severity.CRITICAL,)))
    timed = Timed(policy_of(late)).begin()
    timed.happens(Happening.RESPONDED, NOON + HOUR)
    assert timed.happens(Happening.ASSESSED, NOON + 2 * HOUR, severity=Severity.CRITICAL) == []


def test_a_corrected_time_of_receipt_moves_what_runs_and_no_verdict() -> None:
    timed = Timed(USUAL).begin()
    timed.happens(Happening.ACKNOWLEDGED, NOON + HOUR)
    earlier = {**timed.situation.moments, Happening.RECEIVED: berlin(19, 10)}
    timed.situation = replace(timed.situation, moments=earlier)
    timed.happens(Happening.AMENDED, NOON + 2 * HOUR)
    assert (timed.the("respond").due_at, timed.the("respond").generation) == (berlin(26, 17), 2)
    assert timed.the("acknowledge").started_at == NOON


def test_a_new_owner_and_another_severity_raise_the_generation() -> None:
    timed = Timed(policy_of(RESPOND, replace(REPORT, owner="regulatory.affairs"))).begin()
    (change,) = timed.happens(Happening.OWNER_ASSIGNED, NOON + HOUR, owner="otto", team="credit")
    assert (change.clock.name, change.clock.hands.owner, change.clock.generation) == ("respond", "otto", 2)
    changes = timed.happens(Happening.ASSESSED, NOON + HOUR, severity=Severity.CRITICAL)
    assert {change.clock.name: change.clock.generation for change in changes} == {"respond": 3, "report": 2}


def test_a_changed_policy_applies_to_new_clocks_alone() -> None:
    timed = Timed(policy_of(UPDATE, RESPOND)).begin()
    timed.happens(Happening.ACKNOWLEDGED, NOON + HOUR)
    short = (replace(UPDATE, term={"limit": "1wd"}), replace(RESPOND, term={"limit": "1wd"}))
    timed.policy = policy_of(*short, version="2")
    timed.happens(Happening.CUSTOMER_UPDATED, berlin(23, 10))
    first, second = timed.all_of("update")
    assert (first.policy_version, second.policy_version) == ("test:1", "test:2")
    assert second.due_at == berlin(24, 17)
    assert (timed.the("respond").due_at, timed.the("respond").policy_version) == (berlin(27, 17), "test:1")


def test_information_after_a_report_starts_a_supplement_each_time() -> None:
    supplement = rule("supplement", Kind.REGULATORY, "30cd", start=Start.INFORMATION_RECEIVED)
    timed = Timed(policy_of(supplement)).begin()
    timed.happens(Happening.AMENDED, NOON + HOUR)
    assert not timed.clocks
    timed.happens(Happening.REPORT_FILED, NOON + 2 * HOUR)
    timed.happens(Happening.AMENDED, NOON + 3 * HOUR)
    timed.happens(Happening.REPORT_FILED, NOON + 4 * HOUR)
    timed.happens(Happening.AMENDED, NOON + 5 * HOUR)
    assert [clock.state for clock in timed.all_of("supplement")] == [ClockState.MET, ClockState.RUNNING]


def test_a_clock_that_cannot_be_counted_does_not_keep_a_complaint_out() -> None:
    moments = {Happening.RECEIVED: datetime(1900, 1, 1, tzinfo=UTC)}
    timed = Timed(
        policy_of(RESPOND, replace(REPORT, start=Start.RECEIVED)), a_situation(moments=moments)
    ).begin()
    assert timed.uncounted == ["respond: holidays_unknown"]
    assert set(timed.clocks) == {("report", 1)}


def test_a_rule_is_read_back_as_it_was_kept() -> None:
    unusual = rule(
        "odd",
        Kind.ACKNOWLEDGE,
        pauses=True,
        met_by=frozenset({Happening.CLOSED}),
        stopped_by=frozenset(),
        restarted_by=frozenset({Happening.REOPENED}),
        authorities=("fda",),
        when=Conditions(severities=(Severity.MINOR,), safety=False, products=("a*",)),
        ladder="reminding",
        owner="anna",
        team="quality",
    )
    for each in (unusual, *(RESPOND, REPORT, UPDATE)):
        assert rule_of(each.name, each.as_data()) == each
