"""Indicators and Pareto tables over HTTP, and rule 9: what a replay of the events gives is what is kept."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from capa.db.figure_records import PostgresFigureRecords
from capa.domain.action import Action, State
from capa.domain.review.values import Indicators
from capa.domain.severity import Severity
from capa.usecases.assign_action import AssignAction
from capa.usecases.cancel_action import CancelAction
from capa.usecases.change_due import ChangeDue
from capa.usecases.complete_action import CompleteAction
from capa.usecases.indicators import ReadIndicators
from capa.usecases.reading import ActionFilter
from capa.usecases.step import Target
from common.ids import new_id
from events.contracts.capa import (
    ActionCancelledV1,
    ActionCompletedV1,
    ActionDueChangedV1,
    NonconformityLinkedV1,
    NonconformityRaisedV1,
    TriageDecidedV1,
)
from events.contracts.deadline import DeadlineSetV1
from events.contracts.intake import ComplaintAmendedV1, ComplaintReceivedV1
from events.contracts.words import Severity as Word
from events.envelope import Event
from quality.indicators import ActionRecord, ComplaintRecord, Span, of_actions, of_complaints
from tests.capa.signal_world import UTC_ZONE, confirm, in_month, raised, steady, take
from tests.capa.world import ANNA, MONDAY, World, a_complaint, an_event

SPAN = Span(MONDAY, MONDAY + timedelta(days=40))
PARAMS = {"from": MONDAY.isoformat(), "to": (MONDAY + timedelta(days=40)).isoformat()}


async def kept(world: World, span: Span = SPAN) -> Indicators:
    return await ReadIndicators(PostgresFigureRecords(world.engine), UTC_ZONE)(span)


async def test_an_empty_span_says_null_and_not_zero(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/indicators", params=PARAMS)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["actions"]["on_time"] == {"part": 0, "whole": 0, "value": None, "low": None, "high": None}
    assert body["complaints"]["time_to_triage"]["median"] is None
    assert body["per_million"]["sold"]["value"] is None
    assert body["signals"]["confirmed"]["value"] is None


async def test_the_story_of_two_actions_is_told_in_numbers(world: World, client: httpx.AsyncClient) -> None:
    first = await world.an_action()
    second = await world.an_action(a_complaint(Severity.CRITICAL, product="mortgage", category="fees"))
    world.clock.forward(hours=6)
    await CompleteAction(world.take_step)(
        Target(first.id, None), evidence="done", completed_at=None, cause=ANNA
    )
    await ChangeDue(world.take_step, world.policy)(
        Target(second.id, None), due=MONDAY + timedelta(days=9), reason="supplier", cause=ANNA
    )
    world.clock.forward(days=10)
    body = (await client.get("/v1/indicators", params=PARAMS)).json()
    actions = body["actions"]
    assert (body["complaints"]["received"], body["nonconformities_raised"]) == (2, 2)
    assert body["complaints"]["converted"]["value"] == 1.0
    assert (actions["given"], actions["completed"], actions["backlog"]) == (2, 1, 1)
    assert actions["cycle_time"]["median"] == 6 * 3600
    assert (actions["on_time"]["part"], actions["on_time"]["whole"]) == (1, 2)
    assert (actions["extended"]["part"], actions["extended"]["whole"]) == (1, 2)
    assert actions["overdue_by_age"]["over_30d"] == 1
    of_one = (await client.get("/v1/indicators", params=PARAMS | {"product": "mortgage"})).json()
    assert (of_one["complaints"]["received"], of_one["actions"]["completed"]) == (1, 0)


async def test_complaints_are_set_against_the_units_that_are_on_record_for_every_day(
    world: World, client: httpx.AsyncClient
) -> None:
    received = MONDAY + timedelta(days=40)
    await take(world, [a_complaint(Severity.MINOR, received_at=received) for _ in range(5)])
    units = {"product": "credit-card", "unit": "sold", "units": 1_000_000}
    april = {"from": "2026-04-01T00:00:00+02:00", "to": "2026-05-01T00:00:00+02:00"}
    await client.put("/v1/exposures", json=units | {"first_day": "2026-04-01", "next_day": "2026-04-21"})
    part = (await client.get("/v1/indicators", params=april)).json()["per_million"]["sold"]
    assert (part["complaints"], part["value"]) == (0, None)
    await client.put(
        "/v1/exposures", json=units | {"first_day": "2026-04-21", "next_day": "2026-05-01", "units": 0}
    )
    whole = (await client.get("/v1/indicators", params=april)).json()["per_million"]["sold"]
    assert (whole["complaints"], whole["value"]) == (5, 5.0)
    assert (whole["low"], whole["high"]) == pytest.approx((1.6235, 11.6683), abs=1e-4)


async def test_a_confirmed_signal_counts_as_one(world: World, client: httpx.AsyncClient) -> None:
    await take(world, [*steady(), *in_month(1, 30)])
    (signal,) = await raised(world)
    await confirm(world, signal)
    body = (await client.get("/v1/indicators", params=PARAMS)).json()
    assert (body["signals"]["raised"], body["signals"]["confirmed"]["value"]) == (1, 1.0)


async def test_kinds_are_ranked_by_number_or_by_severity(world: World, client: httpx.AsyncClient) -> None:
    fees = {"product": "mortgage", "category": "fees", "received_at": MONDAY}
    await take(world, [a_complaint(Severity.MINOR, received_at=MONDAY) for _ in range(4)])
    await take(world, [a_complaint(Severity.CRITICAL, **fees)])
    by_number = (await client.get("/v1/pareto", params=PARAMS)).json()
    assert [(bar["name"], bar["value"], bar["vital"]) for bar in by_number["bars"]] == [
        ("credit-card / billing-dispute", 4, True),
        ("mortgage / fees", 1, False),
    ]
    graver = (await client.get("/v1/pareto", params=PARAMS | {"weigh": "severity", "by": "category"})).json()
    assert [(bar["name"], bar["value"]) for bar in graver["bars"]] == [("fees", 9), ("billing-dispute", 4)]
    short = (await client.get("/v1/pareto", params=PARAMS | {"limit": 1})).json()
    assert (short["other"]["value"], short["total"]) == (1, 5)


TEAM = [{"person": "bert", "role": "engineer"}]
ACCEPT = {"owner": "bert", "approver": "quinn", "severity": "major", "recurrence": "first", "team": TEAM}


async def record_cost(client: httpx.AsyncClient, action: str, amount: str, currency: str = "EUR") -> None:
    body = {"amount": amount, "currency": currency, "note": "refunds"}
    answer = await client.post(f"/v1/actions/{action}/record-cost", json=body, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


async def test_kinds_are_ranked_by_what_actions_on_them_cost_in_one_currency(
    world: World, client: httpx.AsyncClient
) -> None:
    fees: dict[str, Any] = {"product": "mortgage", "category": "fees"}
    first = await world.an_action()
    other = await world.an_action(a_complaint(**fees))
    abroad = await world.an_action(a_complaint(product="loan"))
    case = {"title": "Fees", "severity": "major", "nonconformity_ids": [str(other.parent_id)]} | fees
    assert (await client.post("/v1/cases", json=case)).status_code == 201
    for step, body in (("accept", ACCEPT), ("start-containment", {})):
        taken = await client.post(f"/v1/cases/CA-1001/{step}", json=body, headers={"If-Match": "*"})
        assert taken.status_code == 200, taken.text
    planned = {"kind": "containment", "title": "train", "owner": "bert", "due": "1wd"}
    later = await client.post("/v1/cases/CA-1001/actions", json=planned, headers={"If-Match": "*"})
    assert later.status_code == 201, later.text
    for action, amount in ((first.number, "0.10"), (other.number, "0.10"), (later.json()["number"], "0.20")):
        await record_cost(client, action, amount)
    await record_cost(client, abroad.number, "900.00", "USD")
    asked = PARAMS | {"weigh": "cost", "currency": "EUR"}
    made = (await client.get("/v1/pareto", params=asked)).json()
    assert made["currency"] == "EUR"
    assert [(bar["name"], bar["amount"]) for bar in made["bars"]] == [
        ("mortgage / fees", "0.30"),
        ("credit-card / billing-dispute", "0.10"),
    ]
    short = (await client.get("/v1/pareto", params=asked | {"limit": 1, "by": "category"})).json()
    assert (short["bars"][0]["name"], short["other"]["amount"]) == ("fees", "0.10")
    assert (await client.get("/v1/pareto", params=asked | {"currency": "CHF"})).json()["bars"] == []
    for wrong in ({"weigh": "cost"}, {"currency": "EUR"}):
        answer = await client.get("/v1/pareto", params=PARAMS | wrong)
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "currency")


@pytest.mark.parametrize("path", ["/v1/indicators", "/v1/pareto"])
async def test_a_span_that_is_none_is_refused(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, params={"from": PARAMS["to"], "to": PARAMS["from"]})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "to")
    assert (await client.get(path, params=PARAMS | {"when": "now"})).status_code == 400


@dataclass
class Replay:
    """Indicators' records as they follow from the published events alone."""

    complaints: dict[UUID, ComplaintRecord] = field(default_factory=dict)
    received: dict[UUID, tuple[datetime, bool]] = field(default_factory=dict)
    actions: dict[UUID, ActionRecord] = field(default_factory=dict)

    def hear(self, event: Event[Any]) -> None:
        data = event.data
        match data:
            case ComplaintReceivedV1():
                self.received[data.complaint_id] = (data.received_at, data.historical)
            case TriageDecidedV1():
                at, historical = self.received[data.complaint_id]
                linked = data.nonconformity_id is not None
                self.complaints[data.complaint_id] = ComplaintRecord(at, data.decided_at, historical, linked)
            case DeadlineSetV1() if data.subject_id not in self.actions:
                self.actions[data.subject_id] = ActionRecord(
                    event.occurred_at, data.due_at, data.due_at, 0, None, None
                )
            case ActionDueChangedV1():
                before = self.actions[data.action_id]
                self.actions[data.action_id] = replace(
                    before, due_at=data.due_at, due_changes=before.due_changes + 1
                )
            case ActionCompletedV1():
                done = replace(self.actions[data.action_id], completed_at=data.completed_at)
                self.actions[data.action_id] = done
            case ActionCancelledV1():
                ended = replace(self.actions[data.action_id], cancelled_at=data.cancelled_at)
                self.actions[data.action_id] = ended
            case NonconformityRaisedV1() | NonconformityLinkedV1() | _:
                pass


def a_received(draw: random.Random, at: datetime) -> ComplaintReceivedV1:
    return ComplaintReceivedV1(
        complaint_id=new_id(),
        number="C-10001",
        source_system="crm",
        channel="phone",
        reported_severity=draw.choice([Word.MINOR, Word.MAJOR, Word.CRITICAL]),
        product=draw.choice(["credit-card", "mortgage"]),
        category=draw.choice(["fees", "billing-dispute"]),
        aware_at=at,
        received_at=at - timedelta(hours=draw.randrange(0, 60)),
        historical=draw.random() < 0.1,
    )


async def a_life(world: World, draw: random.Random, steps: int) -> list[Event[Any]]:
    """Complaints come, also twice and corrected, and what can be done with actions is done at random."""
    heard: list[Event[Any]] = []
    for _ in range(steps):
        world.clock.forward(hours=draw.randrange(1, 30))
        choice = draw.random()
        if choice < 0.45 or not heard:
            data = a_received(draw, world.clock())
            heard.append(an_event(data, key=data.complaint_id, at=world.clock()))
            await world.hear(heard[-1])
        elif choice < 0.6:
            await world.hear(draw.choice(heard))
        elif choice < 0.7:
            first = draw.choice(heard).data
            if isinstance(first, ComplaintReceivedV1):
                changed = ComplaintAmendedV1(
                    complaint_id=first.complaint_id,
                    number=first.number,
                    changed=("category",),
                    reported_severity=Word.MAJOR,
                    product=first.product,
                    category="other",
                )
                await world.hear(an_event(changed, key=first.complaint_id, version=2))
        else:
            await a_step(world, draw)
    return heard


async def a_step(world: World, draw: random.Random) -> None:
    page = await world.records.actions(
        ActionFilter(state=frozenset({State.OPEN})), None, 50, now=world.clock()
    )
    if not page.items:
        return
    action: Action = draw.choice(page.items)
    target, now = Target(action.id, None), world.clock()
    match draw.randrange(3):
        case 0:
            if action.owner is None:
                await AssignAction(world.take_step)(target, owner="bert", team=None, reason="", cause=ANNA)
            await CompleteAction(world.take_step)(target, evidence="done", completed_at=None, cause=ANNA)
        case 1:
            moved = now + timedelta(hours=draw.randrange(1, 200))
            await ChangeDue(world.take_step, world.policy)(target, due=moved, reason="supplier", cause=ANNA)
        case _:
            await CancelAction(world.take_step)(target, reason="no longer needed", cause=ANNA)


def spans(draw: random.Random) -> Sequence[Span]:
    found = [SPAN]
    for _ in range(6):
        begin = MONDAY + timedelta(hours=draw.randrange(-100, 900))
        found.append(Span(begin, begin + timedelta(hours=draw.randrange(1, 600))))
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_what_a_replay_of_all_events_gives_is_what_is_kept(world: World, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    heard = await a_life(world, draw, 45)
    replay = Replay()
    for event in [*heard, *await world.announced()]:
        replay.hear(event)
    assert len(replay.complaints) > 10
    assert len(replay.actions) > 3
    for span in spans(draw):
        now = await kept(world, span)
        assert now.complaints == of_complaints(list(replay.complaints.values()), span)
        assert now.actions == of_actions(list(replay.actions.values()), span)


async def test_hearing_everything_again_changes_no_figure(world: World) -> None:
    draw = random.Random(4)  # noqa: S311 - no secret
    heard = await a_life(world, draw, 30)
    chosen = spans(draw)
    before = [await kept(world, span) for span in chosen]
    for event in heard:
        await world.hear(event)
    assert [await kept(world, span) for span in chosen] == before
