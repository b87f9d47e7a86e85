import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.catalogue import dead_letter_topic
from events.codec import encode
from events.contracts.intake import ComplaintReceivedV1
from events.delivery import Claim, Delivered, Delivery, GroupHandler
from events.failures import NeverWillWork
from events.postgres import dead_letters, inbox, metrics, parking
from events.postgres.consumer import Consumer, ConsumerSettings
from events.postgres.headers import unpack
from events.transport import Received, Record
from tests.support.events import NOON, a_complaint_received
from tests.support.events import Received as ReceivedEvent
from tests.support.waiting import until

TOPIC = "redress.intake"
QUICK = ConsumerSettings(retry_for=0.0, attempts=2, first_delay=0.001, longest_delay=0.002, parked_attempts=3)


class Service:
    """A service whose only effect is a row per event, written in the transaction of the claim.

    With `together` its handler takes groups; what must hold is the same.
    """

    def __init__(self, engine: AsyncEngine, *, together: bool = False) -> None:
        self.engine = engine
        self.together = together
        self.now = NOON
        self.tries: list[str] = []
        self.fails: dict[str, Callable[[], Awaitable[None]]] = {}

    def clock(self) -> datetime:
        return self.now

    async def handle(self, event: ReceivedEvent, delivery: Delivery) -> None:
        async with self.engine.begin() as connection:
            await inbox.claim(connection, delivery, now=self.now)
            await self._write(connection, event)

    async def handle_together(self, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        async with self.engine.begin() as connection:
            deliveries = [each.delivery for each in delivered]
            claims = await inbox.claim_all(connection, deliveries, now=self.now)
            for each, claim in zip(delivered, claims, strict=True):
                if claim is Claim.NEW:
                    await self._write(connection, each.event)
        return claims

    async def _write(self, connection: AsyncConnection, event: ReceivedEvent) -> None:
        self.tries.append(event.subject)
        await connection.execute(
            sa.text("INSERT INTO effect (key, version) VALUES (:key, :version)"),
            {"key": event.key, "version": event.version},
        )
        if event.subject in self.fails:
            await self.fails[event.subject]()

    def consumer(self, settings: ConsumerSettings = QUICK) -> Consumer:
        handler = GroupHandler(self.handle_together) if self.together else self.handle
        return Consumer(self.engine, "capa", {ComplaintReceivedV1: handler}, self.clock, settings)

    async def transactions(self) -> list[list[tuple[str, int]]]:
        """The effects by the transaction that had them, in order."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(
                sa.text("SELECT key, version, CAST(xmin AS text) AS written_by FROM effect ORDER BY nth")
            )
            return [
                [(row.key, row.version) for row in written]
                for _, written in groupby(rows, key=lambda row: row.written_by)
            ]

    async def effects(self) -> list[tuple[str, int]]:
        async with self.engine.connect() as connection:
            rows = await connection.execute(sa.text("SELECT key, version FROM effect ORDER BY nth"))
            return [(row.key, row.version) for row in rows]

    async def set_aside(self) -> list[tuple[str, str, str]]:
        async with self.engine.connect() as connection:
            return [
                (parked.identity.key, parked.state, parked.reason)
                for parked in await parking.listed(connection, "capa")
            ]


@pytest.fixture(params=[False, True], ids=["alone", "together"])
async def service(engine: AsyncEngine, request: pytest.FixtureRequest) -> Service:
    async with engine.begin() as connection:
        await connection.execute(
            sa.text("CREATE TABLE effect (nth bigint GENERATED ALWAYS AS IDENTITY, key text, version int)")
        )
    return Service(engine, together=request.param)


def received(event: ReceivedEvent, position: int = 0) -> Received:
    return Received(encode(event, TOPIC), 3, position, NOON)


def story(key: str, length: int) -> list[ReceivedEvent]:
    return [a_complaint_received(key, version) for version in range(1, length + 1)]


async def bug() -> None:
    raise ZeroDivisionError("a bug")


async def hopeless() -> None:
    raise NeverWillWork("no_such_product", "nobody knows the product")


async def test_a_second_delivery_has_no_second_effect(service: Service) -> None:
    event = received(a_complaint_received("a"))
    assert await service.consumer().handle([event, event]) == 2
    assert await service.effects() == [("a", 1)]


async def test_two_members_that_hold_the_same_record_have_one_effect(service: Service) -> None:
    event = received(a_complaint_received("a"))
    await asyncio.gather(*(service.consumer().handle([event]) for _ in range(8)))
    assert await service.effects() == [("a", 1)]


async def test_a_failed_try_leaves_nothing_behind_and_is_tried_again(service: Service) -> None:
    event = a_complaint_received("a")

    async def once() -> None:
        del service.fails[event.subject]
        raise ZeroDivisionError

    service.fails[event.subject] = once
    await service.consumer().handle([received(event)])
    assert (len(service.tries), await service.effects()) == (2, [("a", 1)])


async def test_a_record_that_fails_alone_is_parked_with_the_later_events_of_its_key_behind_it(
    service: Service,
) -> None:
    sick, well = story("sick", 3), story("well", 2)
    service.fails[sick[0].subject] = bug
    batch = [received(event) for event in (sick[0], well[0], sick[1], well[1], sick[2])]
    assert await service.consumer().handle(batch) == 5
    assert await service.effects() == [("well", 1), ("well", 2)]
    assert await service.set_aside() == [
        ("sick", "parked", "failing"),
        ("sick", "parked", "behind"),
        ("sick", "parked", "behind"),
    ]


async def test_parked_events_of_a_key_are_drained_in_order_once_the_first_works(service: Service) -> None:
    sick = story("sick", 3)
    service.fails[sick[0].subject] = bug
    consumer = service.consumer()
    await consumer.handle([received(event) for event in sick])
    service.fails.clear()
    service.now += timedelta(hours=1)
    while await consumer.drain_one():
        pass
    assert (await service.effects(), await service.set_aside()) == (
        [("sick", 1), ("sick", 2), ("sick", 3)],
        [],
    )


async def test_nothing_parked_is_tried_before_its_time(service: Service) -> None:
    event = a_complaint_received("sick")
    service.fails[event.subject] = bug
    consumer = service.consumer()
    await consumer.handle([received(event)])
    assert not await consumer.drain_one()


async def test_several_drains_at_once_keep_order_and_effects(service: Service) -> None:
    stories = [story(f"key-{number}", 4) for number in range(5)]
    for told in stories:
        service.fails[told[0].subject] = bug
    consumer = service.consumer()
    await consumer.handle([received(event) for told in stories for event in told])
    service.fails.clear()
    service.now += timedelta(hours=1)

    async def drain() -> None:
        while await consumer.drain_one():
            pass

    await asyncio.gather(drain(), drain(), drain())
    await drain()
    effects = await service.effects()
    assert {key: [version for k, version in effects if k == key] for key, _ in effects} == {
        f"key-{number}": [1, 2, 3, 4] for number in range(5)
    }


async def test_a_redelivery_of_a_parked_event_neither_handles_nor_parks_it_again(service: Service) -> None:
    sick = story("sick", 2)
    service.fails[sick[0].subject] = bug
    consumer = service.consumer()
    await consumer.handle([received(event) for event in sick])
    service.fails.clear()
    await consumer.handle([received(event) for event in sick])
    assert (await service.effects(), len(await service.set_aside())) == ([], 2)


async def test_used_up_tries_make_a_dead_letter_with_the_original_bytes_through_the_outbox(
    service: Service,
) -> None:
    event = a_complaint_received("sick")
    service.fails[event.subject] = bug
    consumer = service.consumer()
    await consumer.handle([received(event, position=17)])
    for _ in range(5):
        service.now += timedelta(hours=2)
        await consumer.drain_one()
    letter = await dead_letter(service.engine)
    original = encode(event, TOPIC)
    headers = dict(letter.headers)
    assert await service.set_aside() == [("sick", "dead", "attempts_used_up")]
    assert (letter.topic, letter.value) == (dead_letter_topic(TOPIC, "capa"), original.value)
    assert letter.headers[: len(original.headers)] == original.headers
    assert (headers["redress-original-position"], headers["redress-group"]) == (b"17", b"capa")


async def dead_letter(engine: AsyncEngine) -> Record:
    async with engine.connect() as connection:
        row = (await connection.execute(sa.text("SELECT topic, key, headers, value FROM outbox"))).one()
    return Record(row.topic, row.key.encode(), unpack(row.headers), row.value)


async def test_what_can_never_work_is_dead_at_once(service: Service) -> None:
    event = a_complaint_received("sick")
    service.fails[event.subject] = hopeless
    await service.consumer().handle([received(event)])
    assert (len(service.tries), await service.set_aside()) == (1, [("sick", "dead", "no_such_product")])


async def test_a_dead_event_keeps_its_key_waiting_until_it_is_retried(service: Service) -> None:
    sick = story("sick", 2)
    service.fails[sick[0].subject] = hopeless
    consumer = service.consumer()
    await consumer.handle([received(event) for event in sick])
    service.now += timedelta(days=3)
    assert not await consumer.drain_one()
    service.fails.clear()
    assert await command(service, "retry", 1) == 0
    while await consumer.drain_one():
        pass
    assert await service.effects() == [("sick", 1), ("sick", 2)]


async def test_a_discarded_event_frees_its_key_and_keeps_its_bytes_and_the_reason(service: Service) -> None:
    sick = story("sick", 2)
    service.fails[sick[0].subject] = hopeless
    consumer = service.consumer()
    await consumer.handle([received(event) for event in sick])
    assert await command(service, "discard", 1) == 0
    service.now += timedelta(minutes=1)
    while await consumer.drain_one():
        pass
    async with service.engine.connect() as connection:
        kept = await parking.shown(connection, "capa", 1)
    assert await service.effects() == [("sick", 2)]
    assert kept is not None
    assert (kept.state, kept.received.record.value) == ("discarded", encode(sick[0], TOPIC).value)
    assert [(entry["by"], entry["reason"]) for entry in kept.log] == [("person:anna", "tested by hand")]


async def command(service: Service, verb: str, parked_id: int) -> int:
    words = [verb, str(parked_id), "--by", "person:anna", "--reason", "tested by hand"]
    return await dead_letters.command(service.engine, "capa", words, service.clock)


async def test_a_discarded_event_that_is_delivered_again_stays_discarded(service: Service) -> None:
    event = a_complaint_received("sick")
    service.fails[event.subject] = hopeless
    consumer = service.consumer()
    await consumer.handle([received(event)])
    await command(service, "discard", 1)
    service.fails.clear()
    await consumer.handle([received(event)])
    assert await service.effects() == []


async def test_the_command_lists_and_shows_what_is_dead(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    event = a_complaint_received("sick")
    service.fails[event.subject] = hopeless
    await service.consumer().handle([received(event)])
    await dead_letters.command(service.engine, "capa", ["list"], service.clock)
    listed = json.loads(capsys.readouterr().out.splitlines()[0])
    await dead_letters.command(service.engine, "capa", ["show", str(listed["id"])], service.clock)
    shown = json.loads(capsys.readouterr().out)
    assert (listed["reason"], listed["type"]) == ("no_such_product", "redress.complaint.received.v1")
    assert json.loads(shown["value"])["product"] == "loans"


async def test_the_command_says_so_when_there_is_no_such_event(service: Service) -> None:
    assert [await command(service, verb, 99) for verb in ("retry", "discard")] == [4, 4]
    assert await dead_letters.command(service.engine, "capa", ["show", "99"], service.clock) == 4


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ce_type": b"redress.complaint.received.v9"}, "unknown_version"),
        ({"ce_specversion": b"0.3"}, "undecodable"),
        ({"ce_id": b"\xff\x00"}, "undecodable"),
    ],
)
async def test_a_record_that_was_meant_for_us_and_cannot_be_read_is_dead(
    service: Service, changes: dict[str, bytes], reason: str
) -> None:
    good = encode(a_complaint_received("a"), TOPIC)
    headers = tuple((name, changes.get(name, value)) for name, value in good.headers)
    poison = Received(Record(TOPIC, b"a", headers, good.value), 3, 5, NOON)
    assert await service.consumer().handle([poison, poison]) == 2
    assert await service.set_aside() == [("a", "dead", reason)]


@pytest.mark.parametrize("value", [b"", b"\x00", b"{", b"[]", b"\xff\xfe"])
async def test_poison_bytes_without_any_header_are_dead_and_do_not_stop_other_keys(
    service: Service, value: bytes
) -> None:
    poison = Received(Record(TOPIC, b"\xff\x00", (), value), 3, 5, NOON)
    after = received(a_complaint_received("b"), position=6)
    assert await service.consumer().handle([poison, after]) == 2
    assert await service.effects() == [("b", 1)]
    assert [state for _, state, _ in await service.set_aside()] == ["dead"]


async def test_an_unknown_type_is_skipped(service: Service) -> None:
    good = encode(a_complaint_received("a"), TOPIC)
    headers = tuple(
        (name, b"org.other.thing.v1" if name == "ce_type" else value) for name, value in good.headers
    )
    assert (
        await service.consumer().handle([Received(Record(TOPIC, b"a", headers, good.value), 0, 0, NOON)]) == 1
    )
    assert (await service.effects(), await service.set_aside()) == ([], [])


async def test_a_database_that_is_away_is_waited_for_and_counts_as_no_attempt(
    engine: AsyncEngine, service: Service
) -> None:
    away = Outage(engine)
    service.engine = away  # type: ignore[assignment]  # an engine that loses its database when told
    consumer = service.consumer(
        ConsumerSettings(retry_for=0, attempts=1, first_delay=0.001, longest_delay=0.01)
    )
    away.down = True
    task = asyncio.create_task(consumer.handle([received(a_complaint_received("a"))]))
    await until(lambda: away.refused >= 5)
    assert not task.done()
    away.down = False
    assert await asyncio.wait_for(task, 5) == 1
    service.engine = engine
    assert (await service.effects(), await service.set_aside()) == ([("a", 1)], [])


class Outage:
    """An engine whose database goes away and comes back."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.down = False
        self.refused = 0

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._open(self._engine.begin)

    def connect(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._open(self._engine.connect)

    @asynccontextmanager
    async def _open(self, opening: Callable[[], Any]) -> Any:
        if self.down:
            self.refused += 1
            raise ConnectionRefusedError
        async with opening() as connection:
            yield connection


together = pytest.mark.parametrize("service", [True], indirect=True, ids=["together"])


@together
async def test_events_that_wait_are_handled_in_one_transaction_and_in_order(service: Service) -> None:
    told = [event for pair in zip(story("a", 3), story("b", 3), strict=True) for event in pair]
    await service.consumer().handle([received(event) for event in told])
    assert await service.transactions() == [[("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", 3), ("b", 3)]]


@together
async def test_a_group_has_a_bound(service: Service) -> None:
    settings = ConsumerSettings(together=2)
    await service.consumer(settings).handle([received(event) for event in story("a", 5)])
    assert [len(effects) for effects in await service.transactions()] == [2, 2, 1]


@together
async def test_one_poison_event_costs_its_group_one_try_and_nobody_else_anything(service: Service) -> None:
    sick, others = a_complaint_received("sick"), [a_complaint_received(f"well-{nth}") for nth in range(4)]
    service.fails[sick.subject] = hopeless
    batch = [*others[:2], sick, *others[2:]]
    await service.consumer().handle([received(event) for event in batch])
    assert await service.transactions() == [[(event.key, 1)] for event in others]
    assert await service.set_aside() == [("sick", "dead", "no_such_product")]


@together
async def test_a_group_leaves_out_what_was_seen_and_parks_what_is_blocked(service: Service) -> None:
    sick, seen, fresh = story("sick", 2), a_complaint_received("seen"), a_complaint_received("fresh")
    service.fails[sick[0].subject] = bug
    consumer = service.consumer()
    await consumer.handle([received(seen)])
    await consumer.handle([received(sick[0])])
    await consumer.handle([received(event) for event in (seen, sick[1], fresh)])
    assert await service.effects() == [("seen", 1), ("fresh", 1)]
    assert await service.set_aside() == [("sick", "parked", "failing"), ("sick", "parked", "behind")]


@together
async def test_a_record_that_cannot_be_read_keeps_its_place_among_the_events_of_its_key(
    service: Service,
) -> None:
    before, after = story("a", 2)
    unread = Received(Record(TOPIC, b"a", (), b"{"), 3, 1, NOON)
    await service.consumer().handle([received(before), unread, received(after, position=2)])
    assert await service.effects() == [("a", 1)]
    assert await service.set_aside() == [("a", "dead", "undecodable"), ("a", "parked", "behind")]


@together
async def test_groups_that_hold_the_same_events_in_another_order_have_one_effect_each(
    service: Service,
) -> None:
    batch = [received(a_complaint_received(f"key-{nth}")) for nth in range(30)]
    consumer = service.consumer()
    await asyncio.gather(*(consumer.handle(batch[::step]) for step in (1, -1, 1, -1)))
    effects = await service.effects()
    assert sorted(effects) == sorted((f"key-{nth}", 1) for nth in range(30))
    assert len(service.tries) == 30


@together
async def test_each_event_of_a_group_is_counted(service: Service) -> None:
    def count(outcome: str) -> float:
        return float(metrics.CONSUMED.labels(TOPIC, outcome)._value.get())

    told = story("a", 3)
    before = count("handled"), count("duplicate")
    await service.consumer().handle([received(event) for event in (*told, told[0])])
    assert (count("handled") - before[0], count("duplicate") - before[1]) == (3, 1)


async def test_claims_are_forgotten_after_the_retention_but_never_those_of_parked_events(
    service: Service,
) -> None:
    sick, well = a_complaint_received("sick"), a_complaint_received("well")
    service.fails[sick.subject] = bug
    await service.consumer().handle([received(sick), received(well)])
    async with service.engine.begin() as connection:
        purged = await inbox.purge(connection, before=NOON + timedelta(days=40))
        left = (await connection.execute(sa.text("SELECT state FROM inbox"))).scalars().all()
    assert (purged, left) == (1, ["parked"])
