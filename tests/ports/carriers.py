"""What the contract suite needs of each transport besides the port itself."""

from typing import Protocol

from common.clock import utc_now
from events.postgres.log import LogSettings, LogTransport
from events.transport import Transport
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.events import engine_of, make_log_tables


class Carrier(Protocol):
    """A running transport; every `member` is a client of its own, as a process would have it."""

    topic: str

    def member(self) -> Transport:
        """One process's transport."""

    async def close(self) -> None:
        """Let go of every member."""


class EmbeddedCarrier:
    """The embedded log in a database of its own."""

    topic = "redress.intake"

    def __init__(self, url: str) -> None:
        self._url = url
        self._engines: list[AsyncEngine] = []

    @classmethod
    async def create(cls, url: str) -> "EmbeddedCarrier":
        engine = engine_of(url)
        await make_log_tables(engine)
        await engine.dispose()
        return cls(url)

    def member(self) -> Transport:
        engine = engine_of(self._url, pool_size=6)
        self._engines.append(engine)
        return LogTransport(engine, utc_now, LogSettings(batch=50))

    async def close(self) -> None:
        for engine in self._engines:
            await engine.dispose()
