"""What the embedded log does in its own way: partitions read together, words by topic, many appenders."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.clock import utc_now
from events.postgres.listen import Listener
from events.postgres.log import LogSettings, LogSubscription, LogTransport
from events.postgres.log_writing import CHANNEL
from events.postgres.outbox import shard_of
from events.transport import Received, Record
from events.wake import Wake
from tests.ports.reading import Reader, publish
from tests.support.events import engine_of, make_log_tables
from tests.support.postgres import Databases, fresh_database
from tests.support.waiting import until

TOPIC = "redress.intake"
KEYS = list({shard_of(f"key-{number}"): f"key-{number}" for number in range(200)}.values())
"""A key for each partition."""


@pytest.fixture
async def engine(postgres: Databases) -> AsyncIterator[AsyncEngine]:
    with fresh_database(postgres) as url:
        engine = engine_of(url, pool_size=16)
        await make_log_tables(engine)
        yield engine
        await engine.dispose()


def batch_of(number: int, *, each: int = 1) -> list[Record]:
    """Some records for each partition."""
    return [Record(TOPIC, key.encode(), (), str(number).encode()) for _ in range(each) for key in KEYS]


def subscription(engine: AsyncEngine, settings: LogSettings | None = None) -> LogSubscription:
    return LogSubscription(engine, utc_now, settings or LogSettings(), (TOPIC,), "g")


async def prepared(engine: AsyncEngine) -> None:
    """Make the group's cursors."""
    stop = asyncio.Event()
    stop.set()
    await subscription(engine).run(Reader().handle, stop)


def has_read(reader: Reader, number: int, times: int) -> bool:
    return reader.numbers.count(number) == times


class Batches(Reader):
    """Remembers the partitions of each batch too."""

    def __init__(self) -> None:
        super().__init__()
        self.partitions: list[int] = []

    async def handle(self, batch: Sequence[Received]) -> int:
        self.partitions.append(len({received.partition for received in batch}))
        return await super().handle(batch)


async def test_a_little_in_every_partition_is_handed_over_together(engine: AsyncEngine) -> None:
    await prepared(engine)
    reader, reading, transport = Batches(), subscription(engine), LogTransport(engine, utc_now)
    await publish(transport, batch_of(0))
    while await reading.serve_one(reader.handle):
        pass
    await publish(transport, batch_of(1))

    await reading.serve_one(reader.handle)

    assert reader.partitions[-1] == len(KEYS)
    assert sorted(reader.numbers) == [0] * len(KEYS) + [1] * len(KEYS)


async def test_full_partitions_are_left_to_other_readers(engine: AsyncEngine) -> None:
    await prepared(engine)
    reader, transport = Batches(), LogTransport(engine, utc_now)
    reading = subscription(engine, LogSettings(batch=10))
    await publish(transport, batch_of(0, each=30))
    for _ in range(20):
        await reading.serve_one(reader.handle)

    assert reader.partitions == [1] * 20


async def test_a_batch_holds_no_more_records_than_it_may_and_the_rest_comes_in_order(
    engine: AsyncEngine,
) -> None:
    await prepared(engine)
    reader, transport = Batches(), LogTransport(engine, utc_now)
    reading = subscription(engine, LogSettings(batch=7))
    for number in range(5):
        await publish(transport, batch_of(number))
    sizes = []
    while True:
        before = len(reader.seen)
        if not await reading.serve_one(reader.handle):
            break
        sizes.append(len(reader.seen) - before)

    assert max(sizes) == 7
    assert reader.by_key() == {key.encode(): list(range(5)) for key in KEYS}


async def test_what_a_slow_record_was_read_with_is_read_without_it_soon(engine: AsyncEngine) -> None:
    transport = LogTransport(engine, utc_now, LogSettings(together=0.3))
    reader, release, slow = Reader(), asyncio.Event(), False

    async def handle(batch: Sequence[Received]) -> int:
        if slow and any(received.record.key == KEYS[0].encode() for received in batch):
            await release.wait()
        return await reader.handle(batch)

    stop = asyncio.Event()
    running = asyncio.create_task(transport.subscribe([TOPIC], "g").run(handle, stop))
    for number in range(5):
        await publish(transport, batch_of(number))
        await until(partial(has_read, reader, number, len(KEYS)))
    slow = True
    await publish(transport, batch_of(9))

    await until(partial(has_read, reader, 9, len(KEYS) - 1))

    await publish(transport, batch_of(10))
    await until(partial(has_read, reader, 10, len(KEYS) - 1))
    release.set()
    await until(partial(has_read, reader, 10, len(KEYS)))
    stop.set()
    await asyncio.wait_for(running, 10)
    assert reader.first_times_by_key() == {key.encode(): [0, 1, 2, 3, 4, 9, 10] for key in KEYS}


async def test_what_a_full_batch_left_over_is_read_without_waiting_for_the_next_look(
    engine: AsyncEngine,
) -> None:
    transport = LogTransport(engine, utc_now, LogSettings(batch=20, poll=3_600))
    reader, stop = Reader(), asyncio.Event()

    async def handle(batch: Sequence[Received]) -> int:
        await asyncio.sleep(0.1)  # long enough that the other worker looks meanwhile
        return await reader.handle(batch)

    running = asyncio.create_task(transport.subscribe([TOPIC], "g").run(handle, stop))
    for number in range(6):
        await publish(transport, batch_of(number))
        await until(partial(has_read, reader, number, len(KEYS)))
    await publish(transport, batch_of(9, each=5))

    await until(partial(has_read, reader, 9, 5 * len(KEYS)))

    stop.set()
    await asyncio.wait_for(running, 10)


async def test_many_appenders_leave_no_gap_and_double_no_position(engine: AsyncEngine) -> None:
    transport = LogTransport(engine, utc_now)

    async def append(start: int) -> None:
        for number in range(start, start + 20):
            # In orders of their own, so that a lock taken in another order would show.
            records = batch_of(number)
            await publish(transport, records[number % 16 :] + records[: number % 16])

    async with asyncio.timeout(60):
        await asyncio.gather(*(append(100 * number) for number in range(6)))

    async with engine.connect() as connection:
        found = await connection.execute(
            sa.text("SELECT partition, position, value FROM log_record ORDER BY 1, 2")
        )
        positions, numbers = defaultdict(list), defaultdict(list)
        for partition, position, value in found:
            positions[partition].append(position)
            numbers[partition].append(int(value))
    ends = await transport.ends([TOPIC])
    assert dict(positions) == {partition: list(range(120)) for partition in range(16)}
    assert set(ends.values()) == {120}
    for told in numbers.values():
        for start in range(0, 600, 100):
            own = [number for number in told if start <= number < start + 100]
            assert own == list(range(start, start + 20))


async def test_readers_that_contend_hand_over_each_record_once_and_in_order(engine: AsyncEngine) -> None:
    await prepared(engine)
    reader, end, written = Reader(), time.monotonic() + 3, 0

    async def read() -> None:
        reading = subscription(engine)
        while time.monotonic() < end + 1 or await reading.serve_one(reader.handle):
            await reading.serve_one(reader.handle)

    readers = [asyncio.create_task(read()) for _ in range(5)]
    while time.monotonic() < end:
        await publish(LogTransport(engine, utc_now), batch_of(written))
        written += 1
    await asyncio.wait_for(asyncio.gather(*readers), 60)

    assert reader.by_key() == {key.encode(): list(range(written)) for key in KEYS}


async def test_a_word_that_was_lost_is_made_good_by_looking(engine: AsyncEngine) -> None:
    reader, stop = Reader(), asyncio.Event()
    await publish(LogTransport(engine, utc_now), batch_of(0))
    running = asyncio.create_task(subscription(engine, LogSettings(poll=0.1)).run(reader.handle, stop))
    await until(lambda: len(reader.seen) == len(KEYS))
    async with engine.begin() as connection:
        await connection.execute(
            sa.text("""
            INSERT INTO log_record SELECT topic, partition, position + 1, key, headers, value, written_at FROM log_record
            """)
        )
        await connection.execute(sa.text("UPDATE log_head SET next_position = 2 WHERE next_position = 1"))

    await until(lambda: len(reader.seen) == 2 * len(KEYS))

    stop.set()
    await asyncio.wait_for(running, 10)


@pytest.mark.parametrize(("word", "rings"), [(TOPIC, True), ("redress.capa", False), ("", True)])
async def test_a_reader_is_woken_by_words_of_its_topics_and_by_those_that_name_none(
    engine: AsyncEngine, word: str, *, rings: bool
) -> None:
    wake = Wake()
    opened = wake.ticket()
    async with Listener(engine, CHANNEL, wake, about=[TOPIC]):
        await asyncio.wait_for(opened.wait(), 10)
        ticket = wake.ticket()
        async with engine.begin() as connection:
            await connection.execute(sa.text(f"SELECT pg_notify('{CHANNEL}', :word)"), {"word": word})
            # Words come in the order in which they were said.
            await connection.execute(sa.text(f"SELECT pg_notify('{CHANNEL}', 'another')"))
        if rings:
            await asyncio.wait_for(ticket.wait(), 10)
        else:
            await asyncio.sleep(0.3)
            assert not ticket.is_set()


async def test_the_word_of_a_batch_names_its_topics_once_each(engine: AsyncEngine) -> None:
    heard: list[str] = []
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.add_listener(CHANNEL, lambda *said: heard.append(said[-1]))
        other = [Record("redress.capa", key.encode(), (), b"0") for key in KEYS]
        await publish(LogTransport(engine, utc_now), [*batch_of(0), *other])
        await until(lambda: len(heard) >= 2)
        await asyncio.sleep(0.1)
    assert sorted(heard) == ["redress.capa", TOPIC]
