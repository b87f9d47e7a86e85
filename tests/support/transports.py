"""Transports that misbehave on purpose, wrapped around a real one."""

import asyncio
from collections.abc import Mapping, Sequence

from events.failures import TransportAway
from events.transport import Positions, Publisher, Record, Refusal, Subscription, Transport


class FlakyTransport:
    """Hands through to the real transport, failing when told: away, before or after the record is written."""

    def __init__(self, real: Transport) -> None:
        self._real = real
        self.away = False
        self.fail_before = 0
        self.fail_after = 0
        self.hang = False
        self.slow = 0.0
        self.published: list[Record] = []
        self.missing_topics: set[str] = set()
        self.refused_keys: set[bytes] = set()
        self.asked: list[int] = []
        self.opened = 0
        self.closed = 0

    def refuse(self, records: Sequence[Record]) -> dict[int, Refusal]:
        """Refuse what the test says, and what follows under its key, as the port wants it."""
        refused: dict[int, Refusal] = {}
        for index, record in enumerate(records):
            if record.topic in self.missing_topics:
                refused[index] = Refusal("told that there is no such topic", "topic")
            elif record.key in self.refused_keys:
                refused[index] = Refusal("told to refuse it", "key")
        return refused

    async def open_publisher(self) -> Publisher:
        if self.away:
            raise TransportAway("told to be away")
        self.opened += 1
        return _FlakyPublisher(self, await self._real.open_publisher())

    def subscribe(self, topics: Sequence[str], group: str) -> Subscription:
        return self._real.subscribe(topics, group)

    async def ends(self, topics: Sequence[str]) -> Positions:
        return await self._real.ends(topics)

    async def committed(self, topics: Sequence[str], group: str) -> Positions:
        return await self._real.committed(topics, group)

    async def close(self) -> None:
        await self._real.close()


class _FlakyPublisher:
    def __init__(self, flaky: FlakyTransport, real: Publisher) -> None:
        self._flaky = flaky
        self._real = real

    async def publish(self, records: Sequence[Record]) -> Mapping[int, Refusal]:
        flaky = self._flaky
        flaky.asked.append(len(records))
        if flaky.hang:
            await asyncio.Event().wait()
        await asyncio.sleep(flaky.slow)
        if flaky.away or flaky.fail_before > 0:
            flaky.fail_before -= 1
            raise TransportAway("told to fail before writing")
        refused = flaky.refuse(records)
        taken = [index for index in range(len(records)) if index not in refused]
        oversize = await self._real.publish([records[index] for index in taken])
        refused |= {taken[place]: refusal for place, refusal in oversize.items()}
        flaky.published.extend(record for index, record in enumerate(records) if index not in refused)
        if flaky.fail_after > 0:
            flaky.fail_after -= 1
            raise TransportAway("told to fail after writing")
        return refused

    async def close(self) -> None:
        self._flaky.closed += 1
        await self._real.close()
