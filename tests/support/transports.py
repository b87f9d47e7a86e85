"""Transports that misbehave on purpose, wrapped around a real one."""

import asyncio
from collections.abc import Sequence

from events.failures import TransportAway
from events.transport import Positions, Publisher, Record, Subscription, Transport


class FlakyTransport:
    """Hands through to the real transport, failing when told: away, before or after the record is written."""

    def __init__(self, real: Transport) -> None:
        self._real = real
        self.away = False
        self.fail_before = 0
        self.fail_after = 0
        self.hang = False
        self.published: list[Record] = []
        self.opened = 0
        self.closed = 0

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

    async def publish(self, records: Sequence[Record]) -> None:
        flaky = self._flaky
        if flaky.hang:
            await asyncio.Event().wait()
        if flaky.away or flaky.fail_before > 0:
            flaky.fail_before -= 1
            raise TransportAway("told to fail before writing")
        await self._real.publish(records)
        flaky.published.extend(records)
        if flaky.fail_after > 0:
            flaky.fail_after -= 1
            raise TransportAway("told to fail after writing")

    async def close(self) -> None:
        self._flaky.closed += 1
        await self._real.close()
