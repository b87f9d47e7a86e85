"""A real HTTP server that receives webhooks and verifies them with the standardwebhooks library."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import uvicorn
from standardwebhooks.webhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass
class Received:
    """One post."""

    headers: dict[str, str]
    body: bytes

    def verified(self, secret: str) -> bool:
        """Check the signature as a receiver would, but for the age: these tests set the time."""
        headers = self.headers
        expected = Webhook(secret).sign(
            headers["webhook-id"],
            datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC),
            self.body.decode(),
        )
        return expected in headers["webhook-signature"].split(" ")

    @property
    def told(self) -> dict[str, Any]:
        """The body."""
        return dict(orjson.loads(self.body))

    @property
    def notices(self) -> list[dict[str, object]]:
        return list(orjson.loads(self.body)["data"]["notices"])


@dataclass
class Receiver:
    """What arrived, and what to answer next."""

    port: int
    posts: list[Received] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Status and headers of the next answers, in order; then 204."""
    slow: asyncio.Event | None = None
    """Where it is set, no answer is given before it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def take(self, request: Request) -> Response:
        self.posts.append(Received(dict(request.headers), await request.body()))
        if self.slow is not None:
            await self.slow.wait()
        status, headers = self.answers.pop(0) if self.answers else (204, {})
        return Response(status_code=status, headers=headers)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Serve on a free port of the loopback."""
    listening = socket.create_server(("127.0.0.1", 0))
    receiver = Receiver(listening.getsockname()[1])
    app = Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    task = asyncio.create_task(server._serve([listening]))
    try:
        yield receiver
    finally:
        server.should_exit = True
        await task
        listening.close()
