import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.clock import utc_now
from events.failures import TransportAway
from events.postgres import outbox
from events.postgres.outbox import shard_of
from events.postgres.relay import Relay, RelaySettings
from events.transport import MAX_RECORD_BYTES, Record
from events.wake import Wake
from events.worker_metrics import WORKER
from tests.support.events import NOON, a_complaint_received
from tests.support.transports import FlakyTransport
from tests.support.waiting import until

TOPIC = "redress.intake"


class Moving:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


async def announce(engine: AsyncEngine, *keys: str) -> None:
    async with engine.begin() as connection:
        await outbox.append(connection, TOPIC, [a_complaint_received(key) for key in keys], now=NOON)


async def announce_on(topic: str, engine: AsyncEngine, *keys: str) -> None:
    async with engine.begin() as connection:
        await outbox.append(connection, topic, [a_complaint_received(key) for key in keys], now=NOON)


async def waiting(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(sa.text("SELECT count(*) FROM outbox"))).scalar_one())


def told(transport: FlakyTransport) -> dict[str, list[int]]:
    """The sequence numbers written per key, in order, repetitions included."""
    found: dict[str, list[int]] = defaultdict(list)
    for record in transport.published:
        found[record.key.decode()].append(int(dict(record.headers)["ce_sequence"]))
    return found


async def test_a_step_publishes_in_order_and_empties_the_outbox(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    await announce(engine, "a", "b", "a", "c", "a")
    relay = Relay(engine, transport, utc_now)
    assert await relay.step() == 5
    assert (told(transport), await waiting(engine)) == ({"a": [1, 2, 3], "b": [1], "c": [1]}, 0)


async def test_a_step_with_nothing_to_do_opens_no_publisher(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    assert await Relay(engine, transport, utc_now).step() == 0
    assert transport.opened == 0


async def test_nothing_is_deleted_before_the_acknowledgement(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    await announce(engine, "a")
    transport.fail_before = 1
    relay = Relay(engine, transport, utc_now)
    with pytest.raises(TransportAway):
        await relay.step()
    assert await waiting(engine) == 1
    await relay.step()
    assert told(transport) == {"a": [1]}


async def test_a_lost_acknowledgement_doubles_an_event_and_loses_none(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    await announce(engine, "a", "a")
    transport.fail_after = 1
    relay = Relay(engine, transport, utc_now)
    with pytest.raises(TransportAway):
        await relay.step()
    await relay.step()
    assert told(transport) == {"a": [1, 2, 1, 2]}


async def test_the_publisher_is_thrown_away_after_any_failure(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    await announce(engine, "a")
    transport.fail_before = 1
    relay = Relay(engine, transport, utc_now)
    with pytest.raises(TransportAway):
        await relay.step()
    await relay.step()
    assert (transport.opened, transport.closed) == (2, 1)


async def test_a_publisher_that_never_answers_is_given_up_within_the_bound(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    await announce(engine, "a")
    transport.hang = True
    relay = Relay(engine, transport, utc_now, settings=RelaySettings(publish_timeout=0.2))
    with pytest.raises(TransportAway, match="no acknowledgement"):
        await relay.step()
    assert (await waiting(engine), transport.closed) == (1, 1)


async def test_the_relay_waits_for_an_absent_transport_and_then_goes_on(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    transport.away = True
    stop = asyncio.Event()
    relay = asyncio.create_task(
        Relay(engine, transport, utc_now, settings=RelaySettings(retry=0.05)).run(stop)
    )
    await announce(engine, "a", "b")
    transport.away = False
    await until(lambda: len(transport.published) == 2)
    stop.set()
    await asyncio.wait_for(relay, 5)
    assert await waiting(engine) == 0


async def test_a_ring_wakes_the_relay_long_before_its_poll(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    wake, stop = Wake(), asyncio.Event()
    relay = asyncio.create_task(
        Relay(engine, transport, utc_now, wake=wake, settings=RelaySettings(poll=3_600)).run(stop)
    )
    await announce(engine, "a")
    wake.ring()
    await until(lambda: len(transport.published) == 1)
    stop.set()
    await asyncio.wait_for(relay, 5)


@contextmanager
def statements(engine: AsyncEngine) -> Iterator[list[str]]:
    """What is asked of a database meanwhile."""
    asked: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    sa.event.listen(engine.sync_engine, "before_cursor_execute", hear)
    try:
        yield asked
    finally:
        sa.event.remove(engine.sync_engine, "before_cursor_execute", hear)


async def test_events_that_come_while_the_relay_is_busy_go_together(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    transport.slow = 0.02
    wake, stop = Wake(), asyncio.Event()
    relay = asyncio.create_task(
        Relay(engine, transport, utc_now, wake=wake, settings=RelaySettings(poll=3_600)).run(stop)
    )
    written, began = 0, time.monotonic()
    while time.monotonic() - began < 1.5:
        await announce(engine, f"key-{written}")
        wake.ring()
        written += 1
    took = time.monotonic() - began
    await until(lambda: len(transport.published) == written)
    stop.set()
    await asyncio.wait_for(relay, 5)
    # Without a pause between them there would be one about every 25 ms.
    assert len(transport.asked) < took / 0.05


async def test_a_relay_that_is_told_of_everything_hardly_looks_by_itself(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    wake, stop = Wake(hears_all=True), asyncio.Event()
    with statements(engine) as asked:
        relay = asyncio.create_task(
            Relay(engine, transport, utc_now, wake=wake, settings=RelaySettings(poll=0.01)).run(stop)
        )
        await until(lambda: bool(asked))
        await asyncio.sleep(0.5)
        idle = len(asked)
    stop.set()
    await asyncio.wait_for(relay, 5)
    assert idle <= 2


async def test_a_relay_that_was_called_does_not_look_again_after_it_has_moved_everything(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    wake, stop = Wake(), asyncio.Event()
    await announce(engine, "a")
    relay = asyncio.create_task(
        Relay(engine, transport, utc_now, wake=wake, settings=RelaySettings(poll=3_600)).run(stop)
    )
    await until(lambda: len(transport.published) == 1)
    await asyncio.sleep(0.3)
    with statements(engine) as asked:
        await announce(engine, "b")
        wake.ring()
        await until(lambda: len(transport.published) == 2)
        await asyncio.sleep(0.2)
    stop.set()
    await asyncio.wait_for(relay, 5)
    assert len([each for each in asked if "SELECT" in each and "FROM outbox_shard s" in each]) == 1
    assert [each for each in asked if "EXISTS (SELECT FROM outbox)" in each] == []


async def test_several_relays_keep_the_order_of_every_key_and_double_nothing(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    keys = [f"key-{number}" for number in range(30)]
    stop = asyncio.Event()
    settings = RelaySettings(rows=10, poll=0.01)
    relays = [
        asyncio.create_task(Relay(engine, transport, utc_now, settings=settings).run(stop)) for _ in range(3)
    ]
    for _ in range(20):
        await announce(engine, *keys)
    await until(lambda: len(transport.published) >= 600, seconds=30)
    stop.set()
    await asyncio.gather(*relays)
    assert told(transport) == {key: list(range(1, 21)) for key in keys}


async def test_no_shard_starves_under_steady_load(engine: AsyncEngine, transport: FlakyTransport) -> None:
    by_shard = {shard_of(f"key-{number}"): f"key-{number}" for number in range(200)}
    moment = datetime(2026, 3, 2, tzinfo=UTC)

    def clock() -> datetime:
        nonlocal moment
        moment += timedelta(milliseconds=1)
        return moment

    relay = Relay(engine, transport, clock, settings=RelaySettings(rows=4, shards=4))
    served: list[set[int]] = []
    for _ in range(12):
        await announce(engine, *by_shard.values())
        before = len(transport.published)
        await relay.step()
        served.append({shard_of(record.key.decode()) for record in transport.published[before:]})
    assert set.union(*served[-4:]) == set(range(16))


async def test_a_little_in_every_shard_goes_in_one_batch(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    by_shard = {shard_of(f"key-{number}"): f"key-{number}" for number in range(200)}
    relay = Relay(engine, transport, utc_now)
    await announce(engine, *by_shard.values())
    while await relay.step():
        pass

    await announce(engine, *by_shard.values())
    assert await relay.step() == 16


async def test_full_shards_are_left_to_other_relays(engine: AsyncEngine, transport: FlakyTransport) -> None:
    by_shard = {shard_of(f"key-{number}"): f"key-{number}" for number in range(200)}
    relay = Relay(engine, transport, utc_now, settings=RelaySettings(rows=40, shards=4))
    for _ in range(20):
        await announce(engine, *by_shard.values())
    await relay.step()
    before = len(transport.published)
    await relay.step()
    assert len({shard_of(record.key.decode()) for record in transport.published[before:]}) <= 4


async def test_a_record_that_can_never_be_sent_is_set_aside_and_the_rest_goes_on(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    big = Record(TOPIC, b"big", (), b"x" * (MAX_RECORD_BYTES + 1))
    async with engine.begin() as connection:
        await outbox.append_record(connection, big, now=NOON)
    await announce(engine, "a")
    relay = Relay(engine, transport, utc_now)
    while await relay.step():
        pass
    async with engine.connect() as connection:
        kept = (
            await connection.execute(sa.text("SELECT length(value) AS size, reason FROM outbox_refused"))
        ).one()
    assert (kept.size, told(transport)) == (MAX_RECORD_BYTES + 1, {"a": [1]})
    assert "over" in kept.reason


async def test_a_refused_record_stays_in_order_for_its_key_while_other_keys_go_on(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    clock = Moving()
    relay = Relay(engine, transport, clock, settings=RelaySettings(hold=10))
    transport.refused_keys = {b"a"}
    await announce(engine, "a", "b", "a")
    assert await relay.step() == 1
    await announce(engine, "a", "b")
    assert await relay.step() == 1
    assert (told(transport), await waiting(engine)) == ({"b": [1, 2]}, 3)
    transport.refused_keys = set()
    assert await relay.step() == 0
    clock.forward(60)
    assert await relay.step() == 3
    assert (told(transport), await waiting(engine)) == ({"b": [1, 2], "a": [1, 2, 3]}, 0)


async def test_a_missing_topic_holds_up_no_other_topic_however_much_waits_for_it(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    clock = Moving()
    relay = Relay(engine, transport, clock, settings=RelaySettings(rows=4, shards=16, hold=10))
    transport.missing_topics = {"redress.capa.intake.dead"}
    await announce_on("redress.capa.intake.dead", engine, *(f"key-{number}" for number in range(40)))
    await announce(engine, *(f"key-{number}" for number in range(4)))
    # The first batch is all of the missing topic; after it, nothing of the topic is even read.
    assert [await relay.step() for _ in range(3)] == [0, 4, 0]
    assert [record.topic for record in transport.published] == [TOPIC] * 4
    assert transport.asked == [4, 4]
    transport.missing_topics = set()
    clock.forward(60)
    assert [await relay.step() for _ in range(11)] == [4] * 10 + [0]
    assert await waiting(engine) == 0


async def test_what_is_refused_is_tried_ever_more_rarely_but_again_and_again(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    clock = Moving()
    relay = Relay(engine, transport, clock, settings=RelaySettings(hold=1, longest_hold=60))
    transport.refused_keys = {b"a"}
    await announce(engine, "a")
    tried = []
    for second in range(400):
        before = len(transport.asked)
        await relay.step()
        if len(transport.asked) > before:
            tried.append(second)
        clock.forward(1)
    gaps = [later - earlier for earlier, later in pairwise(tried)]
    assert gaps[0] < 5
    assert 45 < gaps[-1] < 80
    assert len(tried) < 16


async def test_what_the_transport_refuses_is_measured_and_said(
    engine: AsyncEngine, transport: FlakyTransport, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Moving()
    relay = Relay(engine, transport, clock, settings=RelaySettings(hold=10))
    labels = {"topic": TOPIC, "outcome": "refused"}
    before = WORKER.registry.get_sample_value("outbox_published_total", labels) or 0.0
    transport.refused_keys = {b"a"}
    await announce(engine, "a", "a", "b")
    await relay.step()
    assert (WORKER.registry.get_sample_value("outbox_published_total", labels) or 0.0) - before == 1
    assert WORKER.registry.get_sample_value("outbox_held") == 1
    (line,) = [record for record in caplog.records if "refuses records" in record.message]
    assert (vars(line)["topic"], vars(line)["key"], vars(line)["reason"]) == (TOPIC, "a", "told to refuse it")
    transport.refused_keys = set()
    clock.forward(60)
    await relay.step()
    assert WORKER.registry.get_sample_value("outbox_held") == 0


async def test_published_records_and_the_time_they_took_are_measured(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    def measured() -> tuple[float, float]:
        labels = {"topic": TOPIC, "outcome": "published"}
        return (
            WORKER.registry.get_sample_value("outbox_published_total", labels) or 0.0,
            WORKER.registry.get_sample_value("outbox_publish_duration_seconds_count") or 0.0,
        )

    before = measured()
    await announce(engine, "a", "b", "a")
    await Relay(engine, transport, utc_now).step()
    after = measured()
    assert (after[0] - before[0], after[1] - before[1]) == (3, 1)
