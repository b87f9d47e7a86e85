import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from benchmarks.load.loopback import Address, loopback


@dataclass(slots=True)
class SlowServer:
    """Answers each request of a connection after a while, or never, and remembers what it was asked."""

    after: float = 0.0
    silent: bool = False
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    most_connections: int = 0
    port: int = 0

    @property
    def address(self) -> Address:
        return loopback(f"http://127.0.0.1:{self.port}")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.most_connections = max(self.most_connections, self.connections)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0].strip()
                self.requests.append(head + await reader.readexactly(int(length or 0)))
                await asyncio.sleep(3600 if self.silent else self.after)
                body = b'{"id": "a-%d", "items": []}' % len(self.requests)
                writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.connections -= 1
            writer.close()


@asynccontextmanager
async def slow_server(*, after: float = 0.0, silent: bool = False) -> AsyncIterator[SlowServer]:
    slow = SlowServer(after, silent)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(slow.serve(reader, writer))
        tasks.add(task)
        with suppress(asyncio.CancelledError):
            await task

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    slow.port = server.sockets[0].getsockname()[1]
    try:
        yield slow
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
