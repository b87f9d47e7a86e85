"""The clocks that complaints come with: made once for a kind and day, and each complaint's own all the same."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.actor import Actor
from common.ids import new_id
from common.refusals import Refusal
from events.series import written
from intake.domain.clocks.beginning import Beginnings
from intake.domain.clocks.following import begin
from intake.domain.clocks.happening import situation_at_receipt
from intake.domain.clocks.policy import ClockPolicy
from intake.domain.clocks.rule import Conditions, Kind, Start
from intake.domain.complaint import Account, Channel, Complaint, NewComplaint, Report, Severity, receive
from intake.domain.facts import Received
from intake.usecases.outgoing import published_receipt
from intake.usecases.outgoing_clocks import DeadlineAnnouncer
from tests.intake.clocks.timing import NOON, policy_of, rule

POLICY: Final = policy_of(
    rule("acknowledge", Kind.ACKNOWLEDGE, "1wd", calendar="dublin"),
    rule("assess", Kind.ASSESS, "10cd", start=Start.AWARE),
    rule("respond", Kind.RESPOND, "20wd", when=Conditions(severities=(Severity.MAJOR, Severity.CRITICAL))),
    rule("tell", Kind.REGULATORY, "2wd", calendar="new-york", when=Conditions(not_products=("loan*",))),
)
WITH_HOURS: Final = policy_of(
    rule("assess", Kind.ASSESS, "4h", calendar="always"), rule("respond", Kind.RESPOND, "5wd")
)


def a_new(received_at: datetime = NOON, *, aware_at: datetime | None = None, **changes: Any) -> NewComplaint:
    """A complaint that was written down an hour after it was received."""
    account = Account(
        channel=changes.pop("channel", Channel.PHONE),
        reported_severity=changes.pop("severity", Severity.MAJOR),
        product=changes.pop("product", "credit-card"),
        category=changes.pop("category", "fees"),
        description="Charged twice.",
    )
    report = Report(
        source_system="crm", account=account, received_at=received_at, aware_at=aware_at, **changes
    )
    now = received_at + timedelta(hours=1)
    return receive(report, complaint_id=new_id(), correlation_id=new_id(), now=now)


def no_refusal(clock: str, refusal: Refusal) -> None:
    raise AssertionError((clock, refusal.detail))


INSTANTS: Final = st.one_of(
    # Around midnights, openings, closings and the changes of the clocks of three zones, and anywhere.
    st.builds(
        lambda day, hour, second: day + timedelta(hours=hour, seconds=second),
        st.sampled_from(
            [datetime(2026, *day, tzinfo=UTC) for day in ((3, 8), (3, 29), (10, 25), (11, 1), (12, 24))]
        ),
        st.integers(-30, 30),
        st.sampled_from([-1, 0, 1, 59, 60]),
    ),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is given
)


@pytest.mark.parametrize("policy", [POLICY, WITH_HOURS], ids=["whole days", "hours"])
@given(
    told=st.lists(
        st.tuples(
            INSTANTS,
            st.integers(0, 100_000),
            st.sampled_from(list(Severity)),
            st.sampled_from(["loan-home", "credit-card"]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_clocks_made_once_for_many_are_those_that_each_would_have_had_alone(
    policy: ClockPolicy, told: list[tuple[datetime, int, Severity, str]]
) -> None:
    beginnings = Beginnings(policy)
    for at, seconds_before, severity, product in told:
        complaint = a_new(
            at, aware_at=at - timedelta(seconds=seconds_before), severity=severity, product=product
        )
        alone = begin(
            policy, situation_at_receipt(complaint), now=complaint.recorded_at, uncounted=no_refusal
        )
        begun = beginnings.begin(complaint, no_refusal)
        assert sorted(begun.clocks, key=lambda clock: clock.name) == sorted(
            alone, key=lambda clock: clock.name
        )
        assert [clock.due_at for clock in begun.clocks] == sorted(clock.due_at for clock in alone)
        assert [clock.explained for clock in begun.clocks] == [
            next(one.explained for one in alone if one.name == clock.name) for clock in begun.clocks
        ]


def test_complaints_of_one_kind_and_day_have_the_same_clocks_in_common() -> None:
    beginnings = Beginnings(POLICY)
    first = beginnings.begin(a_new(), no_refusal)
    assert beginnings.begin(a_new(NOON + timedelta(hours=1)), no_refusal).like is first.like
    assert beginnings.begin(a_new(NOON + timedelta(seconds=1)), no_refusal).like is first.like
    for other in (
        a_new(NOON + timedelta(days=1)),
        a_new(aware_at=NOON - timedelta(days=1)),
        a_new(product="loan"),
        a_new(category="service"),
        a_new(channel=Channel.EMAIL),
        a_new(severity=Severity.CRITICAL),
    ):
        assert beginnings.begin(other, no_refusal).like is not first.like


def test_a_clock_that_cannot_be_counted_is_told_of_for_each_complaint() -> None:
    beginnings, told = Beginnings(POLICY), list[str]()
    for _ in range(2):
        begun = beginnings.begin(
            a_new(datetime(1950, 1, 2, 12, tzinfo=UTC)), lambda clock, _: told.append(clock)
        )
        assert [clock.name for clock in begun.clocks if clock.name in told] == []
    assert told
    assert told[: len(told) // 2] == told[len(told) // 2 :]


def test_a_complaint_that_is_only_put_on_record_gets_no_clocks() -> None:
    assert Beginnings(POLICY).begin(a_new(historical=True), no_refusal).clocks == ()


def test_deadlines_are_told_alike_whichever_of_the_complaints_of_a_day_is_told_of_first() -> None:
    complaints = [a_new(NOON + timedelta(minutes=nth)).numbered(f"C-{10_001 + nth}") for nth in range(4)]

    def told(which: NewComplaint, order: list[Complaint]) -> bytes:
        beginnings, announce = Beginnings(POLICY), DeadlineAnnouncer("https://redress.example")
        values = {}
        for complaint in order:
            received = written(published_receipt(Received(complaint), actor=Actor.parse("system:crm")))
            (event,) = announce.at_receipt(beginnings.begin(complaint, no_refusal), complaint, received)
            values[complaint.id] = event.value
        return values[which.id]

    for which in complaints:
        others = [each for each in complaints if each is not which]
        first = told(which, [which])
        assert told(which, [*others, which]) == told(which, [others[0], which]) == first
