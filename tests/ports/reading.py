"""Records to carry, and readers that remember what they were handed."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from events.transport import Handle, Received, Record, Transport

KEYS = [f"key-{number}" for number in range(20)]


def records(topic: str, count: int, *, start: int = 0) -> list[Record]:
    return [
        Record(topic, KEYS[number % len(KEYS)].encode(), (("n", str(number).encode()),), str(number).encode())
        for number in range(start, start + count)
    ]


async def publish(transport: Transport, batch: Sequence[Record]) -> None:
    publisher = await transport.open_publisher()
    try:
        assert await publisher.publish(batch) == {}
    finally:
        await publisher.close()


@asynccontextmanager
async def reading(
    transport: Transport, topic: str, group: str, handle: Handle
) -> AsyncIterator[asyncio.Event]:
    """Read in the background; leaving stops in order and raises what went wrong."""
    stop = asyncio.Event()
    task = asyncio.create_task(transport.subscribe([topic], group).run(handle, stop))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


class Reader:
    """Remembers what it was handed."""

    def __init__(self) -> None:
        self.seen: list[Received] = []

    async def handle(self, batch: Sequence[Received]) -> int:
        self.seen.extend(batch)
        return len(batch)

    @property
    def numbers(self) -> list[int]:
        return [int(received.record.value) for received in self.seen]

    def by_key(self) -> dict[bytes, list[int]]:
        found: dict[bytes, list[int]] = defaultdict(list)
        for received in self.seen:
            found[received.record.key].append(int(received.record.value))
        return found

    def first_times_by_key(self) -> dict[bytes, list[int]]:
        """What each key was handed, repetitions left out."""
        return {key: list(dict.fromkeys(numbers)) for key, numbers in self.by_key().items()}


def expected_by_key(count: int) -> dict[bytes, list[int]]:
    return {key.encode(): list(range(index, count, len(KEYS))) for index, key in enumerate(KEYS)}
