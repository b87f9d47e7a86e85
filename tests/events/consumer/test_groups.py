"""Events that are read together are handled together, and fail alone."""

import asyncio

from events.postgres import metrics
from events.postgres.consumer import ConsumerSettings
from events.transport import Received, Record
from tests.events.consumer.service import TOPIC, Service, bug, hopeless, received, story, together
from tests.support.events import NOON, a_complaint_received


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
