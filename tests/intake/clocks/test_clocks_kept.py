"""Clocks through the API: written with the complaint, followed at each step, told as deadlines, shown and found."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from common.ids import new_id
from events.contracts.capa import ActionAssignedV1, ActionCompletedV1, NonconformityLinkedV1, TriageDecidedV1
from events.contracts.deadline import (
    DeadlineMetV1,
    DeadlinePausedV1,
    DeadlineResumedV1,
    DeadlineSetV1,
    DeadlinesSetV1,
    DeadlineVoidedV1,
    EachDeadline,
)
from events.contracts.notifier import DeadlineBreachedV1, DeadlineWarnedV1
from events.contracts.words import ActionKind, Punctuality, Severity, TriageOutcome
from events.delivery import Claim
from events.envelope import Contract, Event
from intake.api.clock_counting import ENDED
from intake.db.overdue_clocks import PostgresOverdueClocks
from intake.domain.clocks.rule import Kind
from intake.jobs.gauges import OVERDUE, ClockGauges
from intake.wiring import build_import
from tests.intake.clocks.timing import NOON, berlin, policy_file
from tests.intake.lifecycle.desk import Desk
from tests.intake.world import World, a_complaint, open_world


def deadlines(events: Sequence[Event[Contract]]) -> list[tuple[str, str, int]]:
    """What was told of deadlines: the verb, the clock and the generation."""
    return [
        (event.type.split(".")[2], each.clock, each.generation)
        for event in events
        if event.type.startswith(("redress.deadline.", "redress.deadlines."))
        for each in (event.data.deadlines if isinstance(event.data, DeadlinesSetV1) else [event.data])
        if isinstance(
            each,
            EachDeadline
            | DeadlineSetV1
            | DeadlineMetV1
            | DeadlinePausedV1
            | DeadlineResumedV1
            | DeadlineVoidedV1,
        )
    ]


def clock_of(complaint: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [clock for clock in complaint["clocks"] if clock["name"] == name]
    return dict(found)


async def test_a_new_complaint_comes_with_its_clocks_and_tells_their_deadlines_after_itself(
    timed_world: World,
) -> None:
    answer = await timed_world.client("crm").post("/v1/complaints", json=a_complaint())
    body = answer.json()
    assert {clock["name"]: (clock["state"], clock["due_at"]) for clock in body["clocks"]} == {
        "acknowledge": ("running", "2026-11-23T16:00:00Z"),
        "assess": ("running", "2026-11-24T16:00:00Z"),
        "respond": ("running", "2026-12-18T16:00:00Z"),
    }
    assert body["next_clock"]["name"] == "acknowledge"
    events = await timed_world.told()
    rows = await timed_world.rows("SELECT sequence FROM outbox ORDER BY position")
    assert [row.sequence for row in rows] == [1, 2]
    assert {event.key for event in events} == {body["id"]}
    assert deadlines(events) == [("set", name, 1) for name in ("acknowledge", "assess", "respond")]
    told = events[1].data
    assert isinstance(told, DeadlinesSetV1)
    assert (told.subject_kind, str(told.subject_id), told.severity) == ("complaint", body["id"], "major")
    assert told.link.endswith(f"/v1/complaints/{body['id']}")
    first = told.deadlines[0]
    assert first.title == f"Acknowledge: credit-card / unclassified ({body['number']})"
    assert (first.kind, first.ordinal, first.owner, first.team) == ("acknowledge", 1, "credit.team", "credit")
    assert (first.calendar, first.policy_version) == ("default:1", "generic:1")
    assert (first.started_at, first.original_due_at) == (NOON, first.due_at)
    assert first.explanation["rule"]


async def test_an_event_waits_as_it_is_and_is_not_packed(timed_world: World) -> None:
    await timed_world.client("crm").post("/v1/complaints", json=a_complaint())
    rows = await timed_world.rows(
        "SELECT octet_length(value) AS bytes, pg_column_compression(value) AS packed FROM outbox"
    )
    assert max(row.bytes for row in rows) > 2_048  # where PostgreSQL would begin to pack
    assert {row.packed for row in rows} == {None}


async def test_what_is_read_shows_the_clocks_as_they_were_answered(timed_world: World) -> None:
    made = (await timed_world.client("crm").post("/v1/complaints", json=a_complaint())).json()
    read = (await timed_world.client("crm").get(f"/v1/complaints/{made['number']}")).json()
    assert read["clocks"] == made["clocks"]
    assert read["clocks"][0]["explanation"]["steps"]
    listed = (await timed_world.client("crm").get("/v1/complaints")).json()["items"][0]
    assert [clock["name"] for clock in listed["clocks"]] == ["acknowledge", "assess", "respond"]
    assert "explanation" not in listed["clocks"][0]


async def test_complaints_that_come_together_each_get_and_tell_the_clocks_of_their_own(
    timed_world: World,
) -> None:
    client = timed_world.client("crm")
    bodies = [
        a_complaint(
            external_id=f"together-{number}",
            product=("credit-card", "loan")[number % 2],
            reported_severity=("minor", "critical")[number % 2],
            received_at=(NOON - timedelta(days=number // 2, seconds=number)).isoformat(),
        )
        for number in range(6)
    ]
    answers = await asyncio.gather(*(client.post("/v1/complaints", json=body) for body in bodies))
    told = [event.data for event in await timed_world.told() if isinstance(event.data, DeadlinesSetV1)]
    for answer, body in zip(answers, bodies, strict=True):
        made = answer.json()
        assert (await client.get(f"/v1/complaints/{made['number']}")).json()["clocks"] == made["clocks"]
        (of_mine,) = [data for data in told if str(data.subject_id) == made["id"]]
        assert of_mine.severity == body["reported_severity"]
        mine = {data.clock: data for data in of_mine.deadlines}
        assert {clock["name"]: clock["explanation"] for clock in made["clocks"]} == {
            name: data.explanation for name, data in mine.items()
        }
        for data in mine.values():
            assert data.title.endswith(f": {body['product']} / unclassified ({made['number']})")
            assert data.started_at == datetime.fromisoformat(str(body["received_at"]))
            assert data.due_at == datetime.fromisoformat(clock_of(made, data.clock)["due_at"])
        (rows,) = await timed_world.rows(
            "SELECT array_agg(DISTINCT about) AS about, array_agg(DISTINCT severity) AS severity"
            " FROM complaint_clock WHERE complaint_id = :id",
            id=made["id"],
        )
        assert (rows.about, rows.severity) == (
            [f"{body['product']} / unclassified"],
            [body["reported_severity"]],
        )


async def test_a_complaint_that_is_historical_starts_no_clock_and_says_so(timed_world: World) -> None:
    client = timed_world.client("crm")
    made = (await client.post("/v1/complaints", json=a_complaint(historical=True))).json()
    assert made["clocks"] == []
    assert deadlines(await timed_world.told()) == []
    page = (await client.get(f"/v1/complaints/{made['number']}/clocks")).json()
    assert page == {"items": [], "next": None, "historical": True}


async def test_a_complaint_that_was_overdue_on_arrival_says_so_at_once(timed_world: World) -> None:
    long_ago = (NOON - timedelta(days=40)).isoformat()
    body = a_complaint(received_at=long_ago)
    made = (await timed_world.client("crm").post("/v1/complaints", json=body)).json()
    assert {clock["name"] for clock in made["clocks"] if clock["overdue"]} == {
        "acknowledge",
        "assess",
        "respond",
    }
    assert len(deadlines(await timed_world.told())) == 3


async def test_steps_meet_clocks_and_tell_so_after_the_step(desk: Desk) -> None:
    number = await desk.receive()
    desk.world.clock.now = berlin(24, 10)
    body = await desk.take(number, "acknowledge")
    acknowledge = clock_of(body, "acknowledge")
    assert (acknowledge["state"], acknowledge["ended_by"]) == ("missed", "acknowledged")
    assert acknowledge["by_seconds"] == timedelta(hours=17).total_seconds()
    assert clock_of(body, "update")["due_at"] == "2026-12-01T16:00:00Z"
    events = await desk.world.told()
    assert deadlines(events)[3:] == [("met", "acknowledge", 1), ("set", "update", 1)]
    met = events[-2].data
    assert isinstance(met, DeadlineMetV1)
    assert (met.punctuality, met.met_at) == (Punctuality.LATE, berlin(24, 10))
    assert events[-3].type == "redress.complaint.acknowledged.v1"


async def test_a_whole_complaint_leaves_a_verdict_for_each_clock(desk: Desk) -> None:
    number = await desk.receive()
    await desk.take(number, "acknowledge", "assess", "assign", "start-investigation")
    desk.world.clock.now = berlin(23, 10)
    await desk.take(number, "wait-for-customer")
    assert clock_of(await desk.read(number), "respond")["state"] == "paused"
    desk.world.clock.now = berlin(25, 10)
    await desk.take(number, "respond")
    page = (await desk.world.client("quality").get(f"/v1/complaints/{number}/clocks")).json()
    assert {clock["name"]: clock["state"] for clock in page["items"]} == {
        "acknowledge": "met",
        "assess": "met",
        "update": "met",
        "respond": "met",
    }
    (respond,) = [clock for clock in page["items"] if clock["name"] == "respond"]
    assert (respond["due_at"], respond["held_seconds"]) == ("2026-12-22T16:00:00Z", 2 * 86400.0)
    assert page["next"] is None
    told = deadlines(await desk.world.told())
    assert told.count(("paused", "respond", 2)) == 1
    assert [verb for verb, clock, _ in told if clock == "respond"][-1] == "met"


async def test_waiting_pauses_and_resumes_a_deadline_as_a_new_generation(desk: Desk) -> None:
    number = await desk.receive()
    await desk.take(number, "wait-for-customer")
    desk.world.clock.move(days=5)
    await desk.take(number, "end-waiting")
    told = deadlines(await desk.world.told())
    assert [each for each in told if each[1] == "respond"] == [
        ("set", "respond", 1),
        ("paused", "respond", 1),
        ("resumed", "respond", 2),
    ]
    resumed = [event.data for event in await desk.world.told() if isinstance(event.data, DeadlineResumedV1)]
    assert [each.due_at for each in resumed if each.clock == "respond"] == [berlin(22, 17, month=12)]


async def test_a_reopened_complaint_gets_a_new_run_and_shows_the_verdicts_before(desk: Desk) -> None:
    number = await desk.receive()
    await desk.take(number, "assess", "assign", "start-investigation", "respond")
    desk.world.clock.now = berlin(1, 10, month=12)
    await desk.take(number, "customer-rejects")
    page = (await desk.world.client("quality").get(f"/v1/complaints/{number}/clocks")).json()
    responds = [clock for clock in page["items"] if clock["name"] == "respond"]
    assert [(clock["run"], clock["state"], clock["generation"]) for clock in responds] == [
        (2, "running", 3),
        (1, "met", 2),
    ]


async def test_another_telling_that_corrects_the_receipt_moves_the_deadlines(timed_world: World) -> None:
    client = timed_world.client("crm")
    await client.post("/v1/complaints", json=a_complaint(external_id="1"))
    earlier = a_complaint(external_id="1", received_at=berlin(19, 10).isoformat())
    told = (await client.post("/v1/complaints", json=earlier)).json()
    assert told["outcome"] == "amended"
    assert clock_of(told, "acknowledge")["due_at"] == "2026-11-20T16:00:00Z"
    assert clock_of(told, "acknowledge")["generation"] == 2
    assert deadlines(await timed_world.told())[3:] == [
        ("set", name, 2) for name in ("acknowledge", "assess", "respond")
    ]


async def test_a_complaint_is_found_by_what_is_overdue_and_due(desk: Desk) -> None:
    late, fine = await desk.receive(), await desk.receive()
    await desk.take(fine, "acknowledge", "assess")
    desk.world.clock.now = berlin(24, 18)
    client = desk.world.client("quality")

    async def found(**query: str) -> list[str]:
        answer = await client.get("/v1/complaints", params=query)
        assert answer.status_code == 200, answer.text
        return sorted(item["number"] for item in answer.json()["items"])

    both = sorted([late, fine])
    assert await found(overdue="true") == [late]
    assert await found(overdue="false") == [fine]
    assert await found(overdue="true", clock="respond") == []
    assert await found(overdue="true", clock="assess") == [late]
    assert await found(clock="respond") == both
    assert await found(clock="update") == [fine]
    assert await found(due_before="2026-12-10T00:00:00Z", clock="respond") == []
    assert await found(due_before="2026-12-10T00:00:00Z") == both
    refused = await client.get("/v1/complaints", params={"clock": "late"})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["parameter"] == "clock"


async def test_imported_complaints_have_clocks_too_and_those_of_the_past_none(timed_world: World) -> None:
    header = "channel,reported_severity,product,description,external_id,historical\n"
    for historical in ("false", "true"):
        rows = "".join(
            f"phone,major,credit-card,Charged twice,{historical}-{number},{historical}\n"
            for number in range(40)
        )
        answer = await timed_world.client("importer").post(
            "/v1/imports",
            params={"profile": "native"},
            content=(header + rows).encode(),
            headers={"Content-Type": "text/csv"},
        )
        assert answer.status_code == 202, answer.text
        process = build_import(timed_world.intake)
        while await process():
            pass
    assert await timed_world.count("complaint") == 80
    assert await timed_world.count("complaint_clock") == 3 * 40
    assert len(deadlines(await timed_world.told())) == 3 * 40


def _news(kind: str, complaint: dict[str, Any], clock: str, generation: int) -> Event[Any]:
    common = {
        "subject_kind": "complaint",
        "subject_id": complaint["id"],
        "clock": clock,
        "generation": generation,
        "due_at": NOON,
    }
    data: Contract = (
        DeadlineBreachedV1(**common, breached_at=NOON)
        if kind == "breached"
        else DeadlineWarnedV1(**common, step="due-soon", warned_at=NOON)
    )
    return Event[Any](
        id=new_id(),
        source="/redress/notifier",
        key=complaint["id"],
        subject=complaint["id"],
        version=1,
        occurred_at=NOON,
        recorded_at=NOON,
        actor="service:notifier",
        correlation_id=new_id(),
        data=data,
    )


async def test_a_breach_is_noted_once_and_of_older_generations_and_what_is_met_not_at_all(desk: Desk) -> None:
    number = await desk.receive()
    body = await desk.take(number, "acknowledge", "assign")
    for event in (
        _news("warned", body, "respond", 2),
        _news("breached", body, "respond", 1),
        _news("breached", body, "acknowledge", 1),
    ):
        assert await desk.world.hears(event) is Claim.NEW
    shown = await desk.read(number)
    assert clock_of(shown, "respond")["warned_at"] == "2026-11-20T12:00:00Z"
    assert clock_of(shown, "respond")["breached_at"] is None
    assert clock_of(shown, "acknowledge")["breached_at"] is None
    breach = _news("breached", body, "respond", 2)
    await desk.world.hears(breach)
    assert await desk.world.hears(breach) is not Claim.NEW
    assert clock_of(await desk.read(number), "respond")["breached_at"] == "2026-11-20T12:00:00Z"


async def test_a_containment_that_is_done_meets_the_clock_of_each_complaint_of_its_nonconformity(
    intake_url: str, tmp_path: Any
) -> None:
    policy = policy_file(tmp_path, "eight-d")
    async with open_world(intake_url, tmp_path, clock_policy=policy) as world:
        desk = Desk(world)
        numbers = [await desk.receive() for _ in range(4)]
        first, late, triaged, again = numbers
        bodies = {number: await desk.read(number) for number in numbers}
        assert clock_of(bodies[first], "containment")["due_at"] == "2026-11-21T12:00:00Z"
        nonconformity, action = new_id(), new_id()
        named: dict[str, Any] = {
            "parent_kind": "nonconformity",
            "parent_id": nonconformity,
            "action_id": action,
            "number": "A-1001",
        }

        async def hears(data: Contract, version: int) -> None:
            await world.hears(
                Event[Any](
                    id=new_id(),
                    source="/redress/capa",
                    key=str(nonconformity),
                    subject=str(action),
                    version=version,
                    occurred_at=NOON + timedelta(hours=3),
                    recorded_at=NOON + timedelta(hours=3),
                    actor="person:otto",
                    correlation_id=new_id(),
                    data=data,
                )
            )

        async def linked(number: str, version: int) -> None:
            await hears(
                NonconformityLinkedV1(
                    nonconformity_id=nonconformity,
                    number="NC-1001",
                    complaint_id=bodies[number]["id"],
                    complaints=1,
                ),
                version,
            )

        async def containment(number: str) -> tuple[str, str]:
            clock = clock_of(await desk.read(number), "containment")
            return clock["state"], clock["ended_at"]

        await linked(first, 2)
        await desk.take(again, "link", master=first)
        await linked(again, 3)
        await hears(
            ActionAssignedV1(
                **named,
                kind=ActionKind.CONTAINMENT,
                title="Contain",
                owner="otto",
                severity=Severity.MAJOR,
                due_at=NOON,
            ),
            4,
        )
        done = NOON + timedelta(hours=2)
        await hears(ActionCompletedV1(**named, completed_at=done, punctuality=Punctuality.EARLY), 5)
        assert await containment(first) == ("met", "2026-11-20T14:00:00Z")
        # Those that belong to it later, or are taken up again later, find it done.
        world.clock.move(days=3)
        await linked(late, 6)
        assert await containment(late) == ("met", "2026-11-20T14:00:00Z")
        await hears(
            TriageDecidedV1(
                complaint_id=bodies[triaged]["id"],
                complaint_number=triaged,
                outcome=TriageOutcome.LINKED,
                reason="open",
                explanation="It is the same.",
                policy_version="1",
                decided_at=NOON,
                nonconformity_id=nonconformity,
                nonconformity_number="NC-1001",
            ),
            1,
        )
        assert await containment(triaged) == ("met", "2026-11-20T14:00:00Z")
        await desk.take(again, "reopen")
        assert (await desk.read(again))["state"] == "received"
        clocks = [each for each in (await desk.read(again))["clocks"] if each["name"] == "containment"]
        assert [(each["state"], each["ended_at"]) for each in clocks][-1] == ("met", "2026-11-23T12:00:00Z")
        told = [each for each in deadlines(await world.told()) if each[1] == "containment"]
        assert told[-4:] == [
            ("met", "containment", 1),
            ("met", "containment", 1),
            ("set", "containment", 2),
            ("met", "containment", 2),
        ]


async def test_the_gauge_tells_overdue_clocks_by_what_they_are_for_and_the_counter_what_ended(
    desk: Desk,
) -> None:
    look = ClockGauges(PostgresOverdueClocks(desk.world.engine), desk.world.clock)

    def overdue() -> dict[str, float]:
        return {kind.value: OVERDUE.labels(kind.value)._value.get() for kind in Kind}

    number = await desk.receive()
    await look()
    assert set(overdue().values()) == {0.0}
    desk.world.clock.now = berlin(24, 18)
    await look()
    assert {kind for kind, number in overdue().items() if number == 1} == {"acknowledge", "assess"}
    before = ENDED.labels("acknowledge", "missed")._value.get()
    await desk.take(number, "acknowledge")
    await look()
    assert overdue()["acknowledge"] == 0
    assert ENDED.labels("acknowledge", "missed")._value.get() == before + 1
