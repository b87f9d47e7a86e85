"""Capa on a real database, with a clock that tests set."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
import sqlalchemy as sa
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from capa.db.records import PostgresRecords
from capa.db.work import PostgresStartWork
from capa.domain.action import Action
from capa.domain.complaint import Complaint
from capa.domain.policy import TriagePolicy
from capa.domain.risk import CasePolicy
from capa.domain.severity import Severity
from capa.domain.signals.watch import SignalPolicy
from capa.domain.triage import Outcome
from capa.settings import CapaSettings, read_policy
from capa.settings.case_policy import read_case_policy
from capa.signal_policy import read_signal_policy
from capa.usecases.cause import Cause
from capa.usecases.hear_complaints import HearComplaints
from capa.usecases.outgoing import Announcer
from capa.usecases.reading import ActionFilter, NonconformityFilter
from capa.usecases.step import TakeStep
from capa.usecases.triage_complaint import Case, TriageComplaint
from capa.wiring import Core, build_app, build_handlers, build_health
from chassis.database import open_engine
from chassis.keys import create_key
from chassis.tracing import tracer
from common.actor import Actor
from common.ids import new_id
from events.codec import Known, decode
from events.delivery import Claim, Delivery
from events.envelope import Contract, Event
from events.postgres.consumer import Consumer
from events.postgres.headers import unpack
from events.postgres.hearing import hand_over
from events.transport import Received, Record
from events.wake import Wake

CONFIG = Path(__file__).parents[2] / "config"
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday at 10:00 in Berlin, within opening hours."""

PEPPER = SecretStr("a pepper for tests that is long enough")
PUBLIC_URL = "https://capa.example.org"
ANNA = Cause(Actor("person", "anna"))
SCOPES = (
    "nonconformities:read",
    "nonconformities:write",
    "actions:read",
    "actions:write",
    "cases:read",
    "cases:write",
    "cases:approve",
    "signals:read",
    "signals:write",
    "exposures:read",
    "exposures:write",
    "indicators:read",
)

C = TypeVar("C", bound=Contract)


@cache
def the_policy(name: str = "triage.toml") -> TriagePolicy:
    return read_policy(CONFIG / name, CONFIG / "calendars")


@cache
def the_case_policy() -> CasePolicy:
    return read_case_policy(CONFIG / "cases.toml", CONFIG / "calendars")


def a_complaint(severity: Severity = Severity.MAJOR, **changes: Any) -> Complaint:
    complaint = Complaint(
        id=new_id(),
        number="C-10023",
        version=1,
        severity=severity,
        product="credit-card",
        category="billing-dispute",
        channel="phone",
        received_at=MONDAY,
        historical=False,
        correlation_id=new_id(),
    )
    return replace(complaint, **changes)


@cache
def the_signal_policy() -> SignalPolicy:
    return read_signal_policy(CONFIG / "signals.toml")


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **amount: float) -> datetime:
        self.now += timedelta(**amount)
        return self.now


@dataclass
class World:
    """What a test works with."""

    url: str
    engine: AsyncEngine
    policy: TriagePolicy = field(default_factory=the_policy)
    signals: SignalPolicy = field(default_factory=the_signal_policy)
    case_policy: CasePolicy = field(default_factory=the_case_policy)
    clock: SetClock = field(default_factory=SetClock)
    wake: Wake = field(default_factory=Wake)
    apps: dict[Path, FastAPI] = field(default_factory=dict)

    @property
    def start_work(self) -> PostgresStartWork:
        return PostgresStartWork(self.engine, self.clock, self.wake)

    @property
    def records(self) -> PostgresRecords:
        return PostgresRecords(self.engine)

    @property
    def announcer(self) -> Announcer:
        return Announcer(PUBLIC_URL)

    @property
    def take_step(self) -> TakeStep:
        return TakeStep(self.start_work, self.clock, self.announcer)

    @property
    def core(self) -> Core:
        settings = CapaSettings(database_url=SecretStr(self.url), pepper=PEPPER, public_url=PUBLIC_URL)
        return Core(
            settings=settings,
            policy=self.policy,
            case_policy=self.case_policy,
            signals=self.signals,
            engine=self.engine,
            clock=self.clock,
            wake=self.wake,
        )

    async def triage(self, complaint: Complaint, cause: Cause | None = None) -> Outcome | None:
        (outcome,) = await self.triage_together([complaint], cause)
        return outcome

    async def triage_together(
        self, complaints: Sequence[Complaint], cause: Cause | None = None
    ) -> list[Outcome | None]:
        """Decide about complaints, each told by an event of its own, in one transaction."""
        triage = TriageComplaint(self.clock, self.policy, self.announcer)
        decide = HearComplaints(self.start_work, triage)
        cases = [
            Case(
                complaint,
                cause or Cause(Actor("service", "capa"), complaint.correlation_id),
                Delivery("capa", "/redress/intake", str(new_id()), str(complaint.id)),
            )
            for complaint in complaints
        ]
        return [triaged.outcome for triaged in await decide(cases)]

    async def an_action(self, complaint: Complaint | None = None) -> Action:
        """The action of a nonconformity just raised; what was announced about it is forgotten."""
        raised = complaint or a_complaint()
        assert await self.triage(raised) is Outcome.RAISED
        page = await self.records.nonconformities(NonconformityFilter(complaint_id=raised.id), None, 1)
        actions = await self.records.actions(
            ActionFilter(nonconformity_id=page.items[0].id), None, 10, now=self.clock()
        )
        await self.run("DELETE FROM outbox")
        return actions.items[0]

    async def hear(self, event: Event[Any]) -> Claim:
        """Deliver an event as the consumer does."""
        delivery = Delivery("capa", event.source, str(event.id), event.key)
        return await hand_over(build_handlers(self.core)[type(event.data)], event, delivery)

    async def consume(self, *records: Record) -> None:
        """Have the consumer read records of one partition, which it handles in its own groups."""
        consumer = Consumer(self.engine, "capa", build_handlers(self.core), self.clock, tracer=tracer())
        await consumer.handle([Received(record, 0, nth, MONDAY) for nth, record in enumerate(records)])

    async def announced(self) -> list[Event[Any]]:
        """Read what waits to be relayed, in order."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(sa.text("SELECT * FROM outbox ORDER BY position"))
            records = [Record(row.topic, row.key.encode(), unpack(row.headers), row.value) for row in rows]
        assert {record.topic for record in records} <= {"redress.capa"}
        decoded = [decode(record) for record in records]
        assert all(isinstance(each, Known) for each in decoded), decoded
        return [each.event for each in decoded if isinstance(each, Known)]

    async def run(self, sql: str, **values: Any) -> list[Any]:
        async with self.engine.begin() as connection:
            found = await connection.execute(sa.text(sql), values)
            return list(found) if found.returns_rows else []

    async def number_of(self, table: str) -> int:
        return int((await self.run(f"SELECT count(*) FROM {table}"))[0][0])  # noqa: S608  (names of our own)

    @asynccontextmanager
    async def caller(
        self, folder: Path, scopes: tuple[str, ...] = SCOPES, person: str = "anna"
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A client of the API with a key of these scopes; those with keys in one folder call one application."""
        file = folder / "keys.json"
        token, _ = create_key(
            file, PEPPER, name="test", actor=Actor("person", person), scopes=scopes, at=MONDAY
        )
        if file not in self.apps:
            settings = CapaSettings(database_url=SecretStr(self.url), pepper=PEPPER, keys_file=file)
            core = replace(self.core, settings=settings)
            self.apps[file] = build_app(core, build_health(core))
        transport = httpx.ASGITransport(app=self.apps[file])
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://capa.test", headers=headers
        ) as client:
            yield client


@asynccontextmanager
async def open_world(url: str) -> AsyncIterator[World]:
    engine = open_engine(url, name="test", pool_size=8, pool_timeout_seconds=30, lock_timeout_seconds=30)
    try:
        yield World(url, engine)
    finally:
        await engine.dispose()


def an_event(
    data: C, *, key: UUID, version: int = 1, at: datetime = MONDAY, correlation_id: UUID | None = None
) -> Event[C]:
    return Event[C](
        id=new_id(),
        source="/redress/elsewhere",
        key=str(key),
        subject=str(key),
        version=version,
        occurred_at=at,
        recorded_at=at,
        actor="service:elsewhere",
        correlation_id=correlation_id or new_id(),
        data=data,
    )
