"""How complaints and cases are handled, in numbers: what intake tells, in whatever order, and what the API makes of it."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capa.db.handling_records import PostgresHandlingRecords
from capa.domain.review.values import HandlingIndicators
from capa.usecases.handling_indicators import ReadHandlingIndicators
from common.ids import new_id
from events.codec import encode
from events.contracts import deadline as clocks
from events.contracts import lifecycle as steps
from events.contracts.intake import ComplaintReceivedV1
from events.contracts.notifier import NoticeSentV1
from events.contracts.words import (
    ClosureGround,
    Level,
    Punctuality,
    Reportability,
    Severity,
    Validity,
    Waiting,
)
from events.envelope import Contract, Event
from quality.handling import Deadline, Life, Step, Taken, of_handling
from quality.indicators import Span
from tests.capa.test_case_effect import brought_to_review
from tests.capa.test_cases_api import Desk, desk
from tests.capa.world import MONDAY, World, an_event
from worktime import working_time_between

__all__ = ["desk"]  # a fixture, found here by its name

SPAN = Span(MONDAY, MONDAY + timedelta(days=40))
PARAMS = {"from": SPAN.begins_at.isoformat(), "to": SPAN.ends_at.isoformat()}
ANSWER = timedelta(days=20)


def day(number: float) -> datetime:
    return MONDAY + timedelta(days=number)


@dataclass
class Told:
    """What intake tells of one complaint; each step makes a version, and each is told once."""

    product: str = "credit-card"
    received: float = 0
    historical: bool = False
    id: UUID = field(default_factory=new_id)
    events: list[Event[Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._tell(
            ComplaintReceivedV1,
            self.received,
            source_system="crm",
            channel="phone",
            reported_severity=Severity.MINOR,
            product=self.product,
            category="fees",
            aware_at=day(self.received),
            received_at=day(self.received),
            historical=self.historical,
        )

    def _tell(self, contract: type[Contract], at: float, *, key: bool = True, **data: Any) -> "Told":
        names = {"complaint_id": self.id, "number": "C-10001"} if key else {}
        made = contract.model_validate(names | data)
        version = len({each.version for each in self.events}) + (1 if key else 0)
        self.events.append(an_event(made, key=self.id, version=version, at=day(at)))
        return self

    def acknowledged(self, at: float) -> "Told":
        return self._tell(steps.ComplaintAcknowledgedV1, at, acknowledged_at=day(at), told_through="email")

    def assessed(self, at: float) -> "Told":
        return self._tell(
            steps.ComplaintAssessedV1,
            at,
            severity=Severity.MINOR,
            product=self.product,
            category="fees",
            safety_flag=False,
            reportability=Reportability.NO,
            validity=Validity.JUSTIFIED,
            implication=Level.LOW,
            complexity=Level.LOW,
            impact=Level.LOW,
            immediate_action=False,
            assessed_at=day(at),
        )

    def waits(self, at: float, waiting: Waiting) -> "Told":
        return self._tell(steps.ComplaintCustomerUpdatedV1, at, told_at=day(at), waiting=waiting)

    def responded(self, at: float, *, investigated: bool = True) -> "Told":
        return self._tell(
            steps.ComplaintRespondedV1,
            at,
            responded_at=day(at),
            told_through="email",
            investigated=investigated,
        )

    def closed(self, at: float) -> "Told":
        return self._tell(
            steps.ComplaintClosedV1,
            at,
            closed_at=day(at),
            closure_code="resolved",
            ground=ClosureGround.ACCEPTED,
            severity=Severity.MINOR,
            run=1,
            policy_version="1",
        )

    def reopened(self, at: float) -> "Told":
        return self._tell(
            steps.ComplaintReopenedV1,
            at,
            reopened_at=day(at),
            previous_state="closed",
            state="investigating",
            run=2,
        )

    def rejected(self, at: float) -> "Told":
        return self._tell(steps.ComplaintRejectedV1, at, rejected_at=day(at))

    def withdrawn(self, at: float) -> "Told":
        return self._tell(steps.ComplaintWithdrawnV1, at, withdrawn_at=day(at))

    def clock(self, verb: str, at: float, due: float, **changes: Any) -> "Told":
        """What is told of a clock with its first due instant on the twentieth day; changes go before."""
        made: Mapping[str, tuple[type[Contract], Mapping[str, Any]]] = {
            "set": (clocks.DeadlineSetV1, _SET),
            "met": (clocks.DeadlineMetV1, {"met_at": day(at), "punctuality": Punctuality.EARLY}),
            "paused": (clocks.DeadlinePausedV1, {"paused_at": day(at), "reason": "waiting_for_customer"}),
            "resumed": (
                clocks.DeadlineResumedV1,
                {"resumed_at": day(at), "calendar": "default", "explanation": {}},
            ),
            "voided": (clocks.DeadlineVoidedV1, {"reason": "withdrawn"}),
        }
        contract, own = made[verb]
        common = {
            "subject_kind": "complaint",
            "subject_id": self.id,
            "clock": "final-response",
            "kind": "respond",
            "generation": 1,
            "ordinal": 1,
            "started_at": day(self.received),
            "original_due_at": day(self.received) + ANSWER,
            "due_at": day(due),
        }
        return self._tell(contract, at, key=False, **{**common, **own, **changes})


_SET: Mapping[str, Any] = {
    "title": "Respond",
    "severity": Severity.MINOR,
    "link": "/v1/complaints/1",
    "calendar": "default",
    "policy_version": "1",
    "explanation": {},
}
ACKNOWLEDGE: Mapping[str, Any] = {"clock": "acknowledge", "kind": "acknowledge"}


def a_handled_complaint(**how: Any) -> Told:
    """Acknowledged on the first day, on hold for four, answered on the twentieth, due since on the twenty-fourth, and closed."""
    told = Told(**how).clock("set", 0, 2, **ACKNOWLEDGE, original_due_at=day(2)).clock("set", 0, 20)
    told.acknowledged(1).clock("met", 1, 2, **ACKNOWLEDGE, original_due_at=day(2)).assessed(2)
    told.waits(10, Waiting.BEGAN).clock("paused", 10, 20)
    told.waits(14, Waiting.ENDED).clock("resumed", 14, 24, generation=2)
    told.responded(21, investigated=False).clock("met", 21, 24, generation=2)
    return told.closed(30)


async def hear(world: World, events: Sequence[Event[Any]]) -> None:
    """Hear events as the consumer reads them, several in one transaction."""
    await world.consume(*(encode(event, "redress.intake") for event in events))


async def figures(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/v1/indicators", params={**PARAMS, **query})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def of(share: Mapping[str, Any]) -> tuple[int, int]:
    return share["part"], share["whole"]


async def test_the_story_of_a_complaint_is_told_in_numbers(world: World, client: httpx.AsyncClient) -> None:
    await hear(world, a_handled_complaint().events)
    still_owed = Told(received=1).clock("set", 1, 21, original_due_at=day(21))
    await hear(world, still_owed.events)
    world.clock.now = day(35)
    body = (await figures(client))["handling"]
    assert body["time_to_acknowledge"] == {"n": 1, "mean": 86_400, "median": 86_400, "p90": 86_400}
    assert of(body["acknowledged_on_time"]) == (1, 1)
    assert (of(body["responded_on_time"]), of(body["responded_on_time_original"])) == ((1, 2), (0, 2))
    assert (body["time_to_close"]["median"], body["closed"]) == (30 * 86_400, 1)
    assert (of(body["closed_on_time"]), of(body["closed_without_investigation"])) == ((0, 2), (1, 1))
    # The working hours of ten days until the wait, and of sixteen after it.
    calendar = world.policy.calendar
    worked = working_time_between(calendar, day(0), day(10)) + working_time_between(
        calendar, day(14), day(30)
    )
    assert body["working_time_to_close"]["median"] == worked.total_seconds()
    assert (body["backlog"], body["backlog_by_age"]["over_30d"], of(body["overdue"])) == (1, 1, (1, 1))
    assert of(body["led_to_case"]) == (0, 1)


async def test_what_is_still_to_come_is_no_miss(world: World, client: httpx.AsyncClient) -> None:
    await hear(world, Told().clock("set", 0, 20).events)
    world.clock.now = day(19)
    assert (await figures(client))["handling"]["responded_on_time"]["value"] is None
    world.clock.now = day(21)
    assert of((await figures(client))["handling"]["responded_on_time"]) == (0, 1)


async def test_what_was_put_on_record_before_counts_once_it_is_told_again(
    world: World, client: httpx.AsyncClient
) -> None:
    told, historical = a_handled_complaint(), a_handled_complaint(historical=True)
    await hear(world, [told.events[0], historical.events[0]])
    await world.run("UPDATE complaint SET followed = false")
    await hear(world, told.events[1:])
    world.clock.now = day(35)
    assert (await figures(client))["handling"]["closed"] == 0

    await hear(world, [event.model_copy(update={"id": new_id()}) for event in told.events])
    await hear(world, historical.events[1:])

    body = await figures(client)
    assert (body["handling"]["closed"], body["handling"]["time_to_acknowledge"]["n"]) == (1, 1)
    assert body["complaints"]["received"] == 2


async def test_clocks_of_other_kinds_and_of_older_releases_are_nobodys_business_here(world: World) -> None:
    told = Told().clock("set", 0, 5, kind="update").clock("set", 0, 5, kind=None)
    await hear(world, told.clock("set", 0, 5, subject_kind="case").events)
    assert await world.number_of("complaint_deadline") == 0
    assert await world.number_of("inbox") == 1, "nothing is remembered of what has no effect"


async def test_a_receipt_and_what_is_told_behind_it_share_one_transaction(world: World) -> None:
    events = [event for _ in range(4) for event in Told().clock("set", 0, 20).events]
    await hear(world, events)
    (row,) = await world.run("SELECT count(DISTINCT xmin::text) AS writers FROM complaint")
    assert row.writers == 1


A_LIFE = st.tuples(
    st.integers(-20, 30),
    st.lists(
        st.tuples(
            st.sampled_from(["acknowledged", "assessed", "began", "ended", "responded", "closed"])
            | st.sampled_from(["reopened", "rejected", "withdrawn"]),
            st.integers(0, 60),
        ),
        max_size=7,
    ),
    st.lists(
        st.tuples(st.sampled_from(["paused", "resumed", "met", "voided", "set"]), st.integers(1, 50)),
        max_size=5,
    ),
)


def a_tale(product: str, life: Any) -> Told:
    """A complaint to which anything happens, also what no owner would do."""
    received, taken, told_of_clocks = life
    told = Told(product=product, received=received)
    for step, days in taken:
        match step:
            case "began" | "ended":
                told.waits(received + days, Waiting(step))
            case _:
                getattr(told, step)(received + days)
    told.clock("set", received, received + 20)
    generation, ordinal, said = 1, 1, "set"
    for verb, days in told_of_clocks:
        if verb in {"set", "resumed"}:
            # A new run of the clock follows what ended the one before.
            generation, ordinal = generation + 1, ordinal + (said in {"met", "voided"})
        elif said in {"met", "voided", verb}:
            continue
        told.clock(verb, received + days, received + days, generation=generation, ordinal=ordinal)
        said = verb
    return told


MOMENTS: Mapping[type[Contract], tuple[Step, str]] = {
    steps.ComplaintAcknowledgedV1: (Step.ACKNOWLEDGED, "acknowledged_at"),
    steps.ComplaintAssessedV1: (Step.ASSESSED, "assessed_at"),
    steps.ComplaintRespondedV1: (Step.RESPONDED, "responded_at"),
    steps.ComplaintClosedV1: (Step.CLOSED, "closed_at"),
    steps.ComplaintReopenedV1: (Step.REOPENED, "reopened_at"),
    steps.ComplaintRejectedV1: (Step.REJECTED, "rejected_at"),
    steps.ComplaintWithdrawnV1: (Step.WITHDRAWN, "withdrawn_at"),
}


def replayed(told: Told) -> Life:
    """What the events say in the order in which they were told first."""
    taken: list[Taken] = []
    deadlines: dict[tuple[str, int], Deadline] = {}
    for event in told.events[1:]:
        data = event.data
        if isinstance(data, steps.ComplaintCustomerUpdatedV1):
            taken.append(Taken(Step(f"waiting_{data.waiting}"), data.told_at))
        elif type(data) in MOMENTS:
            step, moment = MOMENTS[type(data)]
            taken.append(Taken(step, getattr(data, moment), getattr(data, "investigated", None)))
        else:
            # In the order of a key the last word is the latest.
            deadlines[data.clock, data.ordinal] = _deadline(event)
    last = [each.step for each in taken if each.step in {Step.REJECTED, Step.WITHDRAWN, Step.REOPENED}]
    return Life(day(told.received), taken, list(deadlines.values()), counts=last[-1:] != [Step.REJECTED])


def _deadline(event: Event[Any]) -> Deadline:
    data = event.data
    met, voided = (isinstance(data, kind) for kind in (clocks.DeadlineMetV1, clocks.DeadlineVoidedV1))
    return Deadline(
        clock=data.clock,
        ordinal=data.ordinal,
        kind=data.kind,
        started_at=data.started_at,
        original_due_at=data.original_due_at,
        due_at=data.due_at,
        on_hold=isinstance(data, clocks.DeadlinePausedV1),
        met=met,
        ended_at=event.occurred_at if met or voided else None,
    )


async def kept(world: World, product: str, span: Span) -> HandlingIndicators:
    read = ReadHandlingIndicators(
        PostgresHandlingRecords(world.engine), world.policy.calendar, lambda: day(1_000)
    )
    return await read(span, frozenset({product}))


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(tales=st.lists(A_LIFE, min_size=1, max_size=6), seed=st.integers(0, 99))
async def test_whatever_is_told_in_whatever_order_and_however_often_a_replay_gives_what_is_kept(
    world: World, tales: Sequence[Any], seed: int
) -> None:
    product, draw = f"p-{new_id()}", random.Random(seed)  # noqa: S311 - no secret
    told = [a_tale(product, life) for life in tales]
    receipts = [each.events[0] for each in told]
    # What triage knows of a complaint goes by versions, as all that is told under one key does; what is counted does not.
    counted = [event for each in told for event in each.events[1:] if not _decides(event)]
    decides = [event for each in told for event in each.events[1:] if _decides(event)]
    draw.shuffle(counted)
    half = len(counted) // 2
    again = [event.model_copy(update={"id": new_id()}) for event in draw.sample(counted, half)]
    await hear(world, [*counted[:half], *receipts, *decides, *again, *counted[half:], *counted[:half]])
    lives = [replayed(each) for each in told]
    for _ in range(4):
        begins = day(draw.randrange(-30, 60))
        span = Span(begins, begins + timedelta(days=draw.randrange(1, 120)))
        found = (await kept(world, product, span)).complaints
        expected = of_handling(
            lives, span, lambda begin, end: working_time_between(world.policy.calendar, begin, end)
        )
        assert asdict(found) == asdict(expected)


def _decides(event: Event[Any]) -> bool:
    return event.type.split(".")[2] in {"assessed", "rejected", "withdrawn", "reopened"}


async def test_the_story_of_a_case_is_told_in_numbers(desk: Desk) -> None:
    await brought_to_review(desk, complaints=1)
    await desk.take("review-effectiveness", "quinn", events=None, exposure=None, explanation="as on record")
    await desk.take("close", "quinn")
    world, client = desk.world, desk.people["anna"]
    closed_at = world.clock()
    params = {"from": day(-200).isoformat(), "to": (closed_at + timedelta(days=1)).isoformat()}
    world.clock.forward(hours=1)
    body = (await figures(client, **params))["cases"]
    assert (body["requested"], body["accepted"], body["closed"], body["backlog"]) == (1, 1, 1, 0)
    assert body["cycle_time"]["median"] == body["time_in_stage"]["monitoring"]["median"] == 90 * 86_400
    assert (of(body["effective"]), of(body["effective_at_first"])) == ((1, 1), (1, 1))
    assert (of(body["causes_confirmed"]), of(body["on_time"])) == ((2, 2), (1, 1))
    assert of(body["on_time_original"]) == (1, 1)
    assert body["recurred"]["value"] is None

    world.clock.now = closed_at + timedelta(days=370)
    later = {"from": (closed_at + timedelta(days=360)).isoformat(), "to": world.clock().isoformat()}
    assert of((await figures(client, **later))["cases"]["recurred"]) == (0, 1)
    again = Told(product="credit-card", received=(closed_at - MONDAY).days + 100)
    again.events[0] = again.events[0].model_copy(
        update={"data": again.events[0].data.model_copy(update={"category": "billing-dispute"})}
    )
    await hear(world, again.events)
    assert of((await figures(client, **later))["cases"]["recurred"]) == (1, 1)


@pytest.mark.parametrize(("after", "in_time"), [(1, 1), (5, 0)])
async def test_what_somebody_was_told_of_should_be_done_within_two_working_days(
    world: World, client: httpx.AsyncClient, after: int, in_time: int
) -> None:
    action = await world.an_action()
    notice = NoticeSentV1(
        notice_id=new_id(),
        subject_kind="action",
        subject_id=action.id,
        clock="complete",
        generation=1,
        step="overdue",
        recipient="credit.team",
        channel="email",
        sent_at=day(0),
    )
    for sent_at in (day(0), day(3)):
        data = notice.model_copy(update={"notice_id": new_id(), "sent_at": sent_at})
        await world.hear(an_event(data, key=action.id, at=sent_at))
    done_at = {"done": day(after), "id": action.id}
    await world.run("UPDATE action SET state = 'completed', completed_at = :done WHERE id = :id", **done_at)
    world.clock.now = day(20)
    level = (await figures(client))["escalation"]["overdue"]
    assert (level["told"], of(level["done_in_time"])) == (1, (in_time, 1))
    assert level["time_to_done"]["median"] == after * 86_400


async def test_a_review_defines_each_indicator_and_says_where_there_is_no_data(
    world: World, client: httpx.AsyncClient
) -> None:
    await hear(world, a_handled_complaint().events)
    world.clock.now = day(35)
    html = (await client.get("/v1/management-review", params=PARAMS)).text
    row = html[html.index("Acknowledged on time, of those due") :]
    row = row[: row.index("</tr>")]
    assert "of acknowledgements due in the span" in row
    assert "100.0 % (1 of 1;" in row
    assert "no data" in row, "nothing was due in the period before"
