import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta

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
from tests.support.events import NOON, a_complaint_received
from tests.support.transports import FlakyTransport
from tests.support.waiting import until

TOPIC = "redress.intake"


async def announce(engine: AsyncEngine, *keys: str) -> None:
    async with engine.begin() as connection:
        await outbox.append(connection, TOPIC, [a_complaint_received(key) for key in keys], now=NOON)


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
