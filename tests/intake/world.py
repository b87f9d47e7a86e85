"""A world for intake: a database of its own, a clock that tests move, real API keys, and the API."""

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.keys import create_key
from common.actor import Actor
from events.codec import Known, decode
from events.delivery import Claim, Delivered, Delivery, GroupHandler
from events.envelope import Contract, Event
from events.postgres.headers import unpack
from events.postgres.hearing import hand_over
from events.transport import Record
from intake.db.work import Bells
from intake.settings import IntakeSettings
from intake.wiring import Core, build_app, build_handlers, build_health, open_core

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CONFIG = Path(__file__).parents[2] / "config"
NO_CLOCKS = Path(__file__).parent / "no_clocks.toml"
PEPPER = "a pepper of tests, long enough to be one"
ATTACHMENTS = ("attachments:read", "attachments:write", "attachments:delete")
HOOKS = "webhooks:manage"
STAFF_SCOPES = (
    "complaints:read",
    "complaints:write",
    "complaints:personal",
    "imports:write",
    HOOKS,
    *ATTACHMENTS,
)
STEP_SCOPES = ("complaints:work", "complaints:assess", "complaints:decide", "complaints:close")

KEYS: Mapping[str, tuple[str, tuple[str, ...], str | None]] = {
    "crm": ("system:crm-1", ("complaints:write", "complaints:read", HOOKS, *ATTACHMENTS), "crm"),
    "shop": ("system:shop-1", ("complaints:write", "complaints:read", HOOKS, *ATTACHMENTS), "shop"),
    "staff": ("person:anna.berg", STAFF_SCOPES, None),
    "privacy": (
        "person:petra.privacy",
        ("complaints:read", "complaints:hold", "complaints:erase", "personal-reads:read"),
        None,
    ),
    "reader": ("person:rita.reader", ("complaints:read",), None),
    "owner": ("person:otto.owner", (*STAFF_SCOPES, "complaints:work", "complaints:assess"), None),
    "quality": ("person:quinn.hale", (*STAFF_SCOPES, *STEP_SCOPES), None),
    "importer": ("system:crm-2", ("imports:write", "complaints:read"), "crm"),
}


@dataclass
class SetClock:
    """A clock that stands still until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@dataclass
class World:
    """Everything that a test of intake works with."""

    intake: Core
    clock: SetClock
    keys: Mapping[str, str]
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def engine(self) -> AsyncEngine:
        return self.intake.engine

    @cached_property
    def app(self) -> FastAPI:
        """The API, which takes long to build: only for tests that call it."""
        return build_app(self.intake, build_health(self.intake))

    def client(self, who: str) -> httpx.AsyncClient:
        """A client with the key of one of `KEYS`."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url="http://intake.test",
            headers={"Authorization": f"Bearer {self.keys[who]}"},
        )
        self.clients.append(client)
        return client

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.engine.connect() as connection:
            return list((await connection.execute(sa.text(statement), values)).all())

    async def count(self, table: str) -> int:
        return int((await self.rows(f"SELECT count(*) AS n FROM {table}"))[0].n)  # noqa: S608 - a name of our own

    async def told(self) -> list[Event[Contract]]:
        """Everything in the outbox, in order."""
        events = []
        for row in await self.rows("SELECT * FROM outbox ORDER BY position"):
            decoded = decode(Record(row.topic, row.key.encode(), unpack(row.headers), bytes(row.value)))
            assert isinstance(decoded, Known)
            events.append(decoded.event)
        return events

    async def hears(self, event: Event[Any]) -> Claim:
        """Deliver an event of capa to intake's own handler."""
        delivery = Delivery("intake", event.source, str(event.id), event.key)
        return await hand_over(build_handlers(self.intake)[type(event.data)], event, delivery)

    async def hears_together(self, events: Sequence[Event[Any]]) -> Sequence[Claim]:
        """Deliver events that were read one after another to the one handler that has them all together."""
        handlers = build_handlers(self.intake)
        (handler,) = {handlers[type(event.data)] for event in events}
        assert isinstance(handler, GroupHandler)
        named = [Delivery("intake", event.source, str(event.id), event.key) for event in events]
        return await handler.handle([Delivered(*each) for each in zip(events, named, strict=True)])


@cache
def made_keys() -> tuple[bytes, Mapping[str, str]]:
    """A file of keys, the same for every world, and the keys in it."""
    with tempfile.TemporaryDirectory() as folder:
        file, keys = Path(folder) / "keys.json", {}
        for who, (actor, scopes, source) in KEYS.items():
            keys[who], _ = create_key(
                file, PEPPER, name=who, actor=Actor.parse(actor), scopes=scopes, at=NOON, source_system=source
            )
        return file.read_bytes(), keys


@asynccontextmanager
async def open_world(url: str, folder: Path, **settings: Any) -> AsyncIterator[World]:
    """Open a world on a migrated database."""
    content, keys = made_keys()
    file = folder / "keys.json"
    file.write_bytes(content)
    clock = SetClock()
    chosen = IntakeSettings(
        database_url=SecretStr(url),
        database_pool_size=8,
        database_pool_timeout_seconds=20,
        keys_file=file,
        pepper=SecretStr(PEPPER),
        **{"config_dir": CONFIG, "clock_policy": NO_CLOCKS} | settings,
    )
    intake = open_core(chosen, role="test", wake=Bells(), clock=clock)
    world = World(intake, clock, keys)
    try:
        yield world
    finally:
        for client in world.clients:
            await client.aclose()
        await intake.engine.dispose()


def a_complaint(**changes: Any) -> dict[str, Any]:
    """A complaint with every required field and no other."""
    return {
        "channel": "phone",
        "reported_severity": "major",
        "product": "credit-card",
        "description": "I was charged twice.",
    } | changes
