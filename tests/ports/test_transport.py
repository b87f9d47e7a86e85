"""The contract that every transport keeps: order per key, at least once, groups, explicit positions."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from events.transport import MAX_RECORD_BYTES, Received, Record
from tests.ports.carriers import Carrier
from tests.ports.reading import Reader, expected_by_key, publish, reading, records
from tests.support.waiting import until


async def test_records_arrive_whole_with_their_headers_as_a_list(carrier: Carrier) -> None:
    reader, transport = Reader(), carrier.member()
    headers = (("a", b"1"), ("a", b"2"), ("b", b"\x00\xff"))
    await publish(transport, [Record(carrier.topic, b"k", headers, b'{"x": 1}')])
    async with reading(transport, carrier.topic, "g", reader.handle):
        await until(lambda: len(reader.seen) == 1)
    assert reader.seen[0].record == Record(carrier.topic, b"k", headers, b'{"x": 1}')


async def test_ten_thousand_records_arrive_in_order_per_key(carrier: Carrier) -> None:
    reader, transport = Reader(), carrier.member()
    for start in range(0, 10_000, 1_000):
        await publish(transport, records(carrier.topic, 1_000, start=start))
    async with reading(transport, carrier.topic, "g", reader.handle):
        await until(lambda: len(reader.seen) >= 10_000, seconds=60)
    assert reader.by_key() == expected_by_key(10_000)


async def test_each_group_reads_everything(carrier: Carrier) -> None:
    one, two, transport = Reader(), Reader(), carrier.member()
    await publish(transport, records(carrier.topic, 100))
    async with (
        reading(transport, carrier.topic, "one", one.handle),
        reading(carrier.member(), carrier.topic, "two", two.handle),
    ):
        await until(lambda: len(one.seen) >= 100 and len(two.seen) >= 100)
    assert (sorted(one.numbers), sorted(two.numbers)) == (list(range(100)), list(range(100)))


async def test_what_was_written_before_a_groups_first_reading_is_read_too(carrier: Carrier) -> None:
    reader, transport = Reader(), carrier.member()
    await publish(transport, records(carrier.topic, 10))
    async with reading(transport, carrier.topic, "late", reader.handle):
        await until(lambda: len(reader.seen) >= 10)
    assert sorted(reader.numbers) == list(range(10))


async def test_members_of_a_group_share_the_work_and_keep_order_per_key(carrier: Carrier) -> None:
    readers = [Reader(), Reader()]
    together = Reader()

    async def handle(mine: Reader, batch: Sequence[Received]) -> int:
        await asyncio.sleep(0.01)  # long enough that one member alone cannot take everything
        await mine.handle(batch)
        return await together.handle(batch)

    first, second = carrier.member(), carrier.member()
    async with (
        reading(first, carrier.topic, "g", lambda batch: handle(readers[0], batch)),
        reading(second, carrier.topic, "g", lambda batch: handle(readers[1], batch)),
    ):
        written, end = 0, time.monotonic() + 60
        # A member that joins slowly must still find something to read.
        while written < 2_000 or not all(reader.seen for reader in readers):
            assert time.monotonic() < end, "one member got nothing"
            await publish(first, records(carrier.topic, 200, start=written))
            written += 200
            await asyncio.sleep(0.05)  # so that reading keeps up with writing
        await until(lambda: len(set(together.numbers)) == written, seconds=60)
    assert together.first_times_by_key() == expected_by_key(written)


async def test_a_member_that_joins_while_others_work_costs_no_record_and_no_order(carrier: Carrier) -> None:
    together, third = Reader(), Reader()

    async def handle(batch: Sequence[Received]) -> int:
        await asyncio.sleep(0.01)  # long enough that work is in flight when the third one joins
        return await together.handle(batch)

    async def handle_third(batch: Sequence[Received]) -> int:
        await third.handle(batch)
        return await handle(batch)

    first, second = carrier.member(), carrier.member()
    async with (
        reading(first, carrier.topic, "g", handle),
        reading(second, carrier.topic, "g", handle),
    ):
        await publish(first, records(carrier.topic, 1_000))
        await until(lambda: len(together.seen) >= 200, seconds=60)
        written = 1_000
        async with reading(carrier.member(), carrier.topic, "g", handle_third):
            # A member that joins slowly must still find something to read.
            end = time.monotonic() + 60
            while not third.seen:
                assert time.monotonic() < end, "the third member got nothing"
                await publish(first, records(carrier.topic, 200, start=written))
                written += 200
                await asyncio.sleep(0.05)  # so that reading keeps up with writing
        await until(lambda: len(set(together.numbers)) == written, seconds=60)
    assert together.first_times_by_key() == expected_by_key(written)


async def test_what_a_hanging_member_holds_is_taken_over_by_another_when_it_is_cancelled(
    carrier: Carrier,
) -> None:
    reader, taken = Reader(), asyncio.Event()
    transport = carrier.member()

    async def hang(_: Sequence[Received]) -> int:
        taken.set()
        await asyncio.Event().wait()
        return 0

    await publish(transport, records(carrier.topic, 200))
    hanging = asyncio.create_task(transport.subscribe([carrier.topic], "g").run(hang, asyncio.Event()))
    await asyncio.wait_for(taken.wait(), 20)
    async with reading(carrier.member(), carrier.topic, "g", reader.handle):
        await until(lambda: bool(reader.seen), seconds=40)
        before = len(set(reader.numbers))
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
        await until(lambda: len(set(reader.numbers)) == 200, seconds=40)
    assert before < 200
    assert reader.first_times_by_key() == expected_by_key(200)


async def test_positions_are_kept_and_a_later_member_goes_on_from_there(carrier: Carrier) -> None:
    before, after = Reader(), Reader()
    transport = carrier.member()
    await publish(transport, records(carrier.topic, 50))
    async with reading(transport, carrier.topic, "g", before.handle):
        await until(lambda: len(before.seen) >= 50)
    await publish(transport, records(carrier.topic, 50, start=50))
    async with reading(carrier.member(), carrier.topic, "g", after.handle):
        await until(lambda: len(after.seen) >= 50)
    assert sorted(after.numbers) == list(range(50, 100))


async def test_a_member_that_dies_before_its_position_is_kept_has_its_records_handed_over_again(
    carrier: Carrier,
) -> None:
    transport = carrier.member()
    await publish(transport, records(carrier.topic, 20))
    taken = asyncio.Event()

    async def hang(_: Sequence[Received]) -> int:
        taken.set()
        await asyncio.Event().wait()
        return 0

    dying = asyncio.create_task(transport.subscribe([carrier.topic], "g").run(hang, asyncio.Event()))
    await asyncio.wait_for(taken.wait(), 20)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    reader = Reader()
    async with reading(carrier.member(), carrier.topic, "g", reader.handle):
        await until(lambda: len(set(reader.numbers)) == 20, seconds=40)
    assert sorted(reader.numbers) == list(range(20))


async def test_a_batch_that_is_finished_in_part_goes_on_after_that_part(carrier: Carrier) -> None:
    reader, transport = Reader(), carrier.member()

    async def one_at_a_time(batch: Sequence[Received]) -> int:
        return await reader.handle(batch[:1])

    await publish(transport, records(carrier.topic, 40))
    async with reading(transport, carrier.topic, "g", one_at_a_time):
        await until(lambda: len(reader.seen) >= 40)
    assert reader.by_key() == expected_by_key(40)


async def test_a_failing_handler_ends_the_reading_and_loses_nothing(carrier: Carrier) -> None:
    transport = carrier.member()
    await publish(transport, records(carrier.topic, 10))

    async def fail(_: Sequence[Received]) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(transport.subscribe([carrier.topic], "g").run(fail, asyncio.Event()), 20)
    reader = Reader()
    async with reading(transport, carrier.topic, "g", reader.handle):
        await until(lambda: len(reader.seen) >= 10, seconds=40)
    assert sorted(reader.numbers) == list(range(10))


async def test_a_slow_partition_does_not_hold_up_the_others(carrier: Carrier) -> None:
    reader, transport = Reader(), carrier.member()
    release = asyncio.Event()

    async def handle(batch: Sequence[Received]) -> int:
        if batch[0].record.key == b"key-0":
            await release.wait()
        return await reader.handle(batch)

    async with reading(transport, carrier.topic, "g", handle):
        await publish(transport, [records(carrier.topic, 1)[0]])
        await publish(transport, records(carrier.topic, 19, start=1))
        slow = transport_partition(reader, await placed(carrier))
        await until(lambda: len(reader.seen) >= 19 - slow)
        release.set()
        await until(lambda: len(reader.seen) >= 20)
    assert sorted(reader.numbers) == list(range(20))


async def placed(carrier: Carrier) -> dict[bytes, int]:
    """Tell the partition of each key, as a group of its own sees it."""
    watcher = Reader()
    async with reading(carrier.member(), carrier.topic, "watcher", watcher.handle):
        await until(lambda: len(watcher.seen) >= 20)
    return {received.record.key: received.partition for received in watcher.seen}


def transport_partition(_: Reader, partitions: dict[bytes, int]) -> int:
    """Count the other keys that share the slow key's partition and wait behind it."""
    slow = partitions[b"key-0"]
    return sum(partition == slow for key, partition in partitions.items() if key != b"key-0")


async def test_a_record_over_the_size_limit_is_refused_for_ever_and_the_others_are_written(
    carrier: Carrier,
) -> None:
    reader, transport = Reader(), carrier.member()
    batch = records(carrier.topic, 5)
    batch.insert(2, Record(carrier.topic, batch[4].key, (), b"x" * (MAX_RECORD_BYTES + 1)))
    publisher = await transport.open_publisher()
    refused = await publisher.publish(batch)
    await publisher.close()
    async with reading(transport, carrier.topic, "g", reader.handle):
        await until(lambda: len(reader.seen) >= 5)
    assert {index: refusal.scope for index, refusal in refused.items()} == {2: "record"}
    assert sorted(reader.numbers) == list(range(5))


async def test_the_largest_allowed_record_arrives(carrier: Carrier) -> None:
    reader, transport = Reader(), carrier.member()
    largest = Record(carrier.topic, b"big", (), b"1" * (MAX_RECORD_BYTES - 3))
    seen: list[int] = []

    async def handle(batch: Sequence[Received]) -> int:
        seen.extend(len(received.record.value) for received in batch)
        return len(batch)

    await publish(transport, [largest])
    async with reading(transport, carrier.topic, "g", handle):
        await until(lambda: bool(seen))
    assert seen == [MAX_RECORD_BYTES - 3]
    assert not reader.seen


async def test_ends_and_committed_tell_what_is_unread(carrier: Carrier) -> None:
    reader, transport = Reader(), carrier.member()
    await publish(transport, records(carrier.topic, 30))
    ends = await transport.ends([carrier.topic])
    assert sum(ends.values()) == 30
    async with reading(transport, carrier.topic, "g", reader.handle):

        async def caught_up() -> bool:
            committed = await transport.committed([carrier.topic], "g")
            return all(committed.get(place, 0) >= end for place, end in ends.items())

        await until(caught_up)
    assert len(reader.seen) == 30


async def test_reading_ends_within_its_bound_though_a_handler_hangs(carrier: Carrier) -> None:
    transport = carrier.member()
    await publish(transport, records(carrier.topic, 1))
    taken = asyncio.Event()

    async def hang(_: Sequence[Received]) -> int:
        taken.set()
        await asyncio.Event().wait()
        return 0

    stop = asyncio.Event()
    task = asyncio.create_task(transport.subscribe([carrier.topic], "g").run(hang, stop))
    await asyncio.wait_for(taken.wait(), 20)
    stop.set()
    await asyncio.wait_for(task, 15)


async def test_a_group_that_lost_unread_records_to_retention_goes_on_with_what_is_left(
    carrier: Carrier,
) -> None:
    reader, transport = Reader(), carrier.member()
    await publish(transport, records(carrier.topic, 40))
    await carrier.expire()
    await publish(transport, records(carrier.topic, 40, start=40))
    async with reading(transport, carrier.topic, "g", reader.handle):
        await until(lambda: len(reader.seen) >= 40)
    assert sorted(reader.numbers) == list(range(40, 80))


async def test_a_group_that_had_read_on_loses_nothing_to_retention(carrier: Carrier) -> None:
    before, after, transport = Reader(), Reader(), carrier.member()
    await publish(transport, records(carrier.topic, 40))
    async with reading(transport, carrier.topic, "g", before.handle):
        await until(lambda: len(before.seen) >= 40)
    await carrier.expire()
    await publish(transport, records(carrier.topic, 40, start=40))
    async with reading(carrier.member(), carrier.topic, "g", after.handle):
        await until(lambda: len(after.seen) >= 40)
    assert sorted(after.numbers) == list(range(40, 80))
