"""The port between delivery and whatever carries the records: Kafka or the embedded log.

Both carriers keep the same contract, held by one test suite: order per key, at least once, consumer groups, explicit
commit after the handler has finished.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from events.turning import Beat, unwatched

MAX_RECORD_BYTES: Final = 1_000_000
"""Key, headers and value together; a little below Kafka's default of 1 MiB, which counts its own framing too."""

Headers = tuple[tuple[str, bytes], ...]
Partition = tuple[str, int]
Positions = Mapping[Partition, int]
"""Per (topic, partition) the position of the next record to be written or read."""


@dataclass(frozen=True, slots=True)
class Record:
    """Bytes to be carried; headers are a list, since a name may stand twice."""

    topic: str
    key: bytes
    headers: Headers
    value: bytes

    @property
    def size(self) -> int:
        """Bytes of key, headers and value together."""
        return len(self.key) + len(self.value) + sum(len(name) + len(value) for name, value in self.headers)


@dataclass(frozen=True, slots=True)
class Received:
    """A record as it was read, and where it stood."""

    record: Record
    partition: int
    position: int
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a record was not written though the carrier answers; the others are."""

    reason: str
    scope: Literal["record", "key", "topic"]
    """`record`: it can never be written, and its key goes on without it. `key`: it may be another time, and the later
    records of its key and topic were not written either. `topic`: nothing can be written to its topic now."""


def oversize(records: Sequence[Record]) -> dict[int, Refusal]:
    """Find, by index, the records that no carrier takes."""
    return {
        index: Refusal(f"a record of {record.size} bytes is over {MAX_RECORD_BYTES}", "record")
        for index, record in enumerate(records)
        if record.size > MAX_RECORD_BYTES
    }


class Publisher(Protocol):
    """Writes records; thrown away and built anew after any failure."""

    async def publish(self, records: Sequence[Record]) -> Mapping[int, Refusal]:
        """Return once all are acknowledged, in order per key, but for those that are refused, by index.

        Raises TransportAway, after which nothing is known about any of them.
        """
        ...

    async def close(self) -> None:
        """Let go within a bound; what is not acknowledged may or may not have been written."""
        ...


Handle = Callable[[Sequence[Received]], Awaitable[int]]
"""Handles records, of one partition after another, in order and returns how many, from the front, are finished for good."""


class Subscription(Protocol):
    """Reads topics as one member of a consumer group."""

    async def run(self, handle: Handle, stop: asyncio.Event, beat: Beat = unwatched) -> None:
        """Hand records over until `stop`; partitions side by side, each in order, positions kept after `handle`.

        Beats every few seconds, also while handlers wait. Ends within a bound after `stop`. Raises TransportAway when
        the carrier is gone: run it again.
        """
        ...


class Transport(Protocol):
    """A carrier of records."""

    async def open_publisher(self) -> Publisher:
        """Build a publisher; raises TransportAway where nothing answers within a bound."""
        ...

    def subscribe(self, topics: Sequence[str], group: str) -> Subscription:
        """Prepare to read topics as a member of a group; opens nothing yet."""
        ...

    async def ends(self, topics: Sequence[str]) -> Positions:
        """Tell where the next record of each partition will be written; raises TransportAway."""
        ...

    async def committed(self, topics: Sequence[str], group: str) -> Positions:
        """Tell which record of each partition the group will read next; raises TransportAway."""
        ...

    async def close(self) -> None:
        """Let go of everything within a bound."""
        ...
