"""A bounded number of keep-alive connections, and a queue for what finds none free."""

import asyncio
import time
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, cast

import httptools
from typing_extensions import override

from benchmarks.load.loopback import Address

TIMEOUT: Final = "timeout"
LOST: Final = "connection lost"
UNSENT: Final = "not sent"
SHED: Final = "queue full"

_FIRST_WAIT: Final = 0.05
_LONGEST_WAIT: Final = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request: a status, or the fault that there was instead; times as `time.perf_counter` has them."""

    status: int
    body: bytes
    ended_at: float
    sent_at: float | None = None
    fault: str = ""


@dataclass(slots=True)
class _Call:
    request: bytes
    since: float
    answer: "asyncio.Future[Answer]"
    sent_at: float | None = None


class Connections:
    """Sends each request at once on a free connection, or as soon as one is free, first come first served.

    What gets no answer within `timeout` seconds from its call ends as a fault: unsent, or sent and unanswered. Of what
    waits for a connection there are `most_waiting` at most; beyond them a request is shed at once, and counted.
    Several addresses are used in turn, one for each connection.
    """

    def __init__(
        self, addresses: Sequence[Address], number: int, *, timeout: float = 10.0, most_waiting: int = 10_000
    ) -> None:
        self._addresses = addresses
        self._number = number
        self.timeout = timeout
        self._most_waiting = most_waiting
        self._idle: list[_Connection] = []
        self._all: set[_Connection] = set()
        self._queue: deque[_Call] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    async def __aenter__(self) -> Self:
        """Begin to connect; what is called before waits."""
        for place in range(self._number):
            self.connect(self._addresses[place % len(self._addresses)])
        self._keep(self._sweep())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close everything; what has no answer yet ends as a fault."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self._all):
            connection.close(LOST)
        while self._queue:
            _end(self._queue.popleft(), UNSENT)

    def call(self, request: bytes) -> "asyncio.Future[Answer]":
        """Send a request; the answer, or the fault, is the future's result. It never raises."""
        call = _Call(request, time.perf_counter(), asyncio.get_running_loop().create_future())
        if self._idle:
            self._idle.pop().send(call)
        elif len(self._queue) < self._most_waiting:
            self._queue.append(call)
        else:
            _end(call, SHED)
        return call.answer

    def free(self, connection: "_Connection") -> None:
        """Take a connection that is ready for the next request."""
        if self._queue:
            connection.send(self._queue.popleft())
        else:
            self._idle.append(connection)

    def opened(self, connection: "_Connection") -> None:
        """Note a connection that stands."""
        self._all.add(connection)
        self.free(connection)

    def lost(self, connection: "_Connection") -> None:
        """Forget a connection that ended, and make another."""
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if not self._closing:
            self.connect(connection.address)

    def connect(self, address: Address) -> None:
        """Connect in the background, again and again until it works or everything is closed."""
        self._keep(self._connect(address))

    def _keep(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, address: Address) -> None:
        wait, loop = _FIRST_WAIT, asyncio.get_running_loop()
        while True:
            try:
                await loop.create_connection(lambda: _Connection(self, address), address.host, address.port)
            except OSError:
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT)
            else:
                return

    async def _sweep(self) -> None:
        """End what has waited too long, sent or not, a few times a second: a timer for each request would cost more."""
        while True:
            await asyncio.sleep(min(0.1, self.timeout / 4))
            late = time.perf_counter() - self.timeout
            while self._queue and self._queue[0].since < late:
                _end(self._queue.popleft(), UNSENT)
            for connection in [each for each in self._all if each.busy_since < late]:
                connection.close(TIMEOUT)


def _end(call: _Call, fault: str) -> None:
    if not call.answer.done():
        call.answer.set_result(Answer(0, b"", time.perf_counter(), call.sent_at, fault))


class _Connection(asyncio.Protocol):
    """One connection with one request under way at a time."""

    def __init__(self, owner: Connections, address: Address) -> None:
        self.address = address
        self._owner = owner
        self._transport: asyncio.Transport | None = None
        self._call: _Call | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._status = 0
        self._reusable = False

    @property
    def busy_since(self) -> float:
        """When its request was called for; for ever ahead where it has none."""
        return self._call.since if self._call else float("inf")

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are streams but do not inherit asyncio's class.
        self._transport = cast("asyncio.Transport", transport)
        self._owner.opened(self)

    @override
    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close(LOST)
            return
        if self._status:
            self._finish()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(LOST)
        self._owner.lost(self)

    def send(self, call: _Call) -> None:
        """Send a request; the connection has to be free."""
        if self._transport is None:
            raise AssertionError("only a connection that stands is free")
        self._call, self._body = call, []
        call.sent_at = time.perf_counter()
        self._transport.write(call.request)

    def close(self, fault: str) -> None:
        """End the connection, and its request with a fault."""
        self._fail(fault)
        if self._transport is not None:
            self._transport.abort()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body from the parser."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Learn from the parser that the answer is whole."""
        self._status = self._parser.get_status_code()
        self._reusable = self._parser.should_keep_alive()

    def _finish(self) -> None:
        call, self._call = self._call, None
        status, self._status = self._status, 0
        if call is not None and not call.answer.done():
            call.answer.set_result(Answer(status, b"".join(self._body), time.perf_counter(), call.sent_at))
        if self._transport is None or self._transport.is_closing():
            return
        if self._reusable:
            self._owner.free(self)
        else:
            self._transport.close()

    def _fail(self, fault: str) -> None:
        if self._call is not None:
            _end(self._call, fault)
            self._call = None
