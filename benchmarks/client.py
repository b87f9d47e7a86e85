"""A load client in a process of its own: so many connections, each with one request under way at a time.

Without a rate (`per_second`) each sends again as soon as it has its answer; with one they share the turns.

`python -m benchmarks.client` reads its task as JSON from standard input and writes one JSON line with the outcome.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, cast

from typing_extensions import override

from benchmarks.tables import percentile


class Connection(asyncio.Protocol):
    """One keep-alive connection; sends the next request as soon as an answer is whole."""

    def __init__(self, run: "Run") -> None:
        self._run = run
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are streams but do not inherit asyncio's class.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        self._run.count(int(head[9:12]), time.perf_counter() - self._sent_at, rest[:length])
        self._send()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._run.lost += 0 if self._run.over else 1

    def _send(self) -> None:
        if self._transport is None:
            return
        if self._run.over:
            self._transport.close()
            return
        if (pause := self._run.pause()) > 0:
            self._loop.call_later(pause, self._write)
        else:
            self._write()

    def _write(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._run.over:  # while it waited for its turn
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._run.requests))


class Run:
    """What all connections share."""

    def __init__(self, task: Mapping[str, Any]) -> None:
        self.requests = requests(task)
        self._every = 1 / float(task["per_second"]) if task.get("per_second") else 0.0
        self._turn = time.perf_counter()
        self.over = False
        self.lost = 0
        self.seconds: list[float] = []
        self.statuses: dict[int, int] = {}
        self.odd = ""

    def pause(self) -> float:
        """Tell how many seconds the next request has to wait for its turn; 0 where the task names no rate."""
        if not self._every:
            return 0.0
        self._turn += self._every
        return self._turn - time.perf_counter()

    def count(self, status: int, seconds: float, body: bytes) -> None:
        """Note one answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.seconds.append(seconds)
        if status >= HTTPStatus.MULTIPLE_CHOICES and not self.odd:
            self.odd = body.decode("utf-8", "replace")[:500]


def requests(task: Mapping[str, Any]) -> Iterator[bytes]:
    """Make requests without end; `%d` in the body becomes a running number."""
    head = (
        f"POST {task['path']} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {task['key']}\r\n"
    )
    for number in itertools.count(int(task["first"])):
        body = task["body"].replace("%d", str(number))
        extra = f"Idempotency-Key: bench-{number}\r\n" if task.get("idempotency") else ""
        yield f"{head}{extra}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()


async def play(task: Mapping[str, Any]) -> dict[str, Any]:
    """Send for the seconds of the task and tell rate, latencies and statuses."""
    run, loop = Run(task), asyncio.get_running_loop()
    started = time.perf_counter()
    for _ in range(int(task["connections"])):
        await loop.create_connection(lambda: Connection(run), "127.0.0.1", int(task["port"]))
    await asyncio.sleep(float(task["seconds"]))
    run.over = True
    elapsed = time.perf_counter() - started
    answered = list(run.seconds)
    await asyncio.sleep(0.5)
    return {
        "rate": len(answered) / elapsed,
        "p50_ms": percentile(answered, 0.5) * 1000,
        "p99_ms": percentile(answered, 0.99) * 1000,
        "statuses": run.statuses,
        "lost": run.lost,
        "odd": run.odd,
    }


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.stdout.write(json.dumps(runner.run(play(json.load(sys.stdin)))) + "\n")
