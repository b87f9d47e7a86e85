"""How long until a decision can be read: some of the accepted complaints are asked for at capa until it has decided."""

import asyncio
import math
import time
from collections import deque
from http import HTTPStatus
from typing import Final

import orjson

from benchmarks.load.connections import Connections
from benchmarks.load.story import get

POLL: Final = 0.02
"""Seconds between two questions, whatever is waiting: the watching itself stays one small load."""


class Probes:
    """Takes at most so many complaints a second, and asks for them in turn, one question at a time."""

    def __init__(self, capa: Connections, key: str, *, per_second: float) -> None:
        self._capa = capa
        self._key = key
        self._every = 1 / per_second if per_second else math.inf
        self._next = 0.0
        self._waiting: deque[tuple[str, float]] = deque()
        self.seconds: list[float] = []
        """From the answer of the accepted POST until the decision was read."""

    def take(self, complaint_id: str, accepted_at: float) -> None:
        """Watch this complaint, unless one was taken a moment ago."""
        if accepted_at >= self._next and self._every != math.inf:
            self._next = accepted_at + self._every
            self._waiting.append((complaint_id, accepted_at))

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            if self._waiting:
                complaint_id, accepted_at = self._waiting[0]  # it stays in the queue while capa is asked
                decided = await self._decided(complaint_id)
                self._waiting.popleft()
                if decided:
                    self.seconds.append(time.perf_counter() - accepted_at)
                else:
                    self._waiting.append((complaint_id, accepted_at))
            await asyncio.sleep(POLL)

    async def settle(self, within: float, stop: asyncio.Event) -> None:
        """Wait until nothing is waiting any more, or for so many seconds; what is left counts as for ever."""
        end = time.perf_counter() + within
        while self._waiting and time.perf_counter() < end and not stop.is_set():  # noqa: ASYNC110 - another process's work is awaited
            await asyncio.sleep(POLL)
        self.seconds += [math.inf] * len(self._waiting)
        self._waiting.clear()

    async def _decided(self, complaint_id: str) -> bool:
        path = f"/v1/triage-decisions?complaint_id={complaint_id}&limit=1"
        answer = await self._capa.call(get(path, self._key))
        return answer.status == HTTPStatus.OK and bool(orjson.loads(answer.body)["items"])
