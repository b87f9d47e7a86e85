"""Every event has its effect once and in the order of its key, whatever fails."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.codec import encode
from events.postgres import inbox
from events.postgres.consumer import ConsumerSettings
from events.transport import Received, Record
from tests.events.consumer.service import TOPIC, Service, bug, received, story
from tests.support.events import NOON, a_complaint_received
from tests.support.waiting import until


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
