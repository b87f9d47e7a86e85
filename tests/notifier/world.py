"""A world for notifier: a database of its own, a clock that tests move, real channels, and the API."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import sqlalchemy as sa
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database import open_engine
from chassis.health import Health
from chassis.keys import create_key
from chassis.tracing import tracer
from chassis.webhooks.addresses import AddressGuard
from common.actor import Actor, ActorKind
from common.ids import new_id
from events.codec import Known, decode, encode
from events.contracts.deadline import (
    DeadlineMetV1,
    DeadlinePausedV1,
    DeadlineResumedV1,
    DeadlineSetV1,
    DeadlinesSetV1,
    DeadlineVoidedV1,
    EachDeadline,
)
from events.contracts.words import Punctuality, Severity
from events.delivery import Claim, Delivery, Handlers
from events.envelope import Contract, Event
from events.postgres.consumer import Consumer
from events.postgres.headers import unpack
from events.postgres.hearing import hand_over
from events.transport import Received, Record
from notifier.channels.links import Links
from notifier.channels.webhook import WebhookChannel
from notifier.db.work import PostgresStartWork, Wakes
from notifier.domain.person import Channel, Details
from notifier.jobs.delivery_loop import DeliveryLoop
from notifier.jobs.gate import Gate
from notifier.settings import Settings
from notifier.usecases.fire_timers import Fired, FireTimers
from notifier.usecases.load_people import Item, LoadPeople
from notifier.usecases.next_moment import NextMoment
from notifier.usecases.prepare_deliveries import PrepareDeliveries
from notifier.usecases.record_attempt import RecordAttempt
from notifier.wiring import (
    Core,
    build_app,
    build_email,
    build_fire_timers,
    build_handlers,
    build_prepare,
    build_record,
)
from tests.notifier.smtp import Mailbox

# A Monday, 13:00 in Berlin.
NOON: Final = datetime(2026, 11, 16, 12, tzinfo=UTC)
PEPPER: Final = "a pepper of tests, long enough to be one"
CONFIG: Final = Path(__file__).parents[2] / "config"
SCOPES: Final = ("people:read", "people:write", "deliveries:read", "deliveries:write")

PEOPLE: Final = (
    Details(id="anna", name="Anna Berg", email="anna@example.org", manager="mo", timezone="Europe/Berlin"),
    Details(id="ben", name="Ben Ott", email="ben@example.org", manager="mo"),
    Details(id="mo", name="Mo Lind", email="mo@example.org", manager="top"),
    Details(id="top", name="Top Dog", email="top@example.org"),
    Details(id="head.of.quality", name="Hedda Qual", email="hedda@example.org"),
)


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
    """Everything that a test of notifier works with."""

    core: Core
    settings: Settings
    engine: AsyncEngine
    clock: SetClock
    wakes: Wakes
    start_work: PostgresStartWork
    handlers: Handlers
    fire: FireTimers
    prepare: PrepareDeliveries
    record: RecordAttempt
    sender: DeliveryLoop
    keys: Mapping[str, str]
    mailbox: Mailbox
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    @cached_property
    def app(self) -> FastAPI:
        """The API, which takes long to build: only for tests that call it."""
        return build_app(self.core, Health({}))

    def client(self, who: str = "admin") -> httpx.AsyncClient:
        """A client with the key of `admin`, `nobody`, an owner (`anna`, `ben`), `quinn` of quality, or a `robot`."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url="http://notifier.test",
            headers={"Authorization": f"Bearer {self.keys[who]}"},
        )
        self.clients.append(client)
        return client

    async def people(self, *people: Details) -> Mapping[str, str | None]:
        """Load people; gives the webhook secrets that were made."""
        load = LoadPeople(self.start_work, self.clock, self.app_secret)
        loaded = await load([Item(each) for each in people or PEOPLE], Actor("person", "admin"))
        return {each.id: each.new_secret for each in loaded}

    @staticmethod
    def app_secret() -> str:
        from chassis.webhooks.signing import new_secret

        return new_secret()

    async def hears(self, event: Event[Any]) -> Claim:
        """Deliver an event to notifier's own handler."""
        delivery = Delivery("notifier", event.source, str(event.id), event.key)
        return await hand_over(self.handlers[type(event.data)], event, delivery)

    async def reads(self, *events: Event[Any]) -> None:
        """Have the consumer read events of one partition, which it handles in its own groups."""
        consumer = Consumer(self.engine, "notifier", self.handlers, self.clock, tracer=tracer())
        records = [encode(event, "redress.capa") for event in events]
        await consumer.handle([Received(record, 0, nth, NOON) for nth, record in enumerate(records)])

    async def fires(self) -> Fired:
        """Fire everything that is due now."""
        total = await self.fire(100)
        fired = total
        while fired.deadlines:
            fired = await self.fire(100)
            total = Fired(
                total.deadlines + fired.deadlines,
                total.lateness + fired.lateness,
                total.notices + fired.notices,
                total.unroutable + fired.unroutable,
                total.unheard + fired.unheard,
            )
        return total

    async def sends(self) -> None:
        """Send everything that is due now."""
        while await self.sender.turn() == 0.0 and await self._something_is_due():
            pass

    async def settles(self) -> None:
        """Fire, let the settle time pass, send."""
        await self.fires()
        self.clock.move(seconds=6)
        await self.sends()

    async def clear(self) -> None:
        """Forget every event and every deadline."""
        async with self.engine.begin() as connection:
            await connection.execute(sa.text("TRUNCATE inbox, deadline, timer, timer_ended, answer"))

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.engine.connect() as connection:
            return list((await connection.execute(sa.text(statement), values)).all())

    async def told(self) -> list[Event[Contract]]:
        """Everything in the outbox, in order."""
        events = []
        for row in await self.rows("SELECT * FROM outbox ORDER BY position"):
            decoded = decode(Record(row.topic, row.key.encode(), unpack(row.headers), bytes(row.value)))
            assert isinstance(decoded, Known)
            events.append(decoded.event)
        return events

    async def told_types(self) -> list[str]:
        return [event.type.removeprefix("redress.").removesuffix(".v1") for event in await self.told()]

    def mailed(self) -> list[str]:
        """Whom mail arrived for, in order."""
        return [address for recipients in self.mailbox.recipients for address in recipients]

    async def _something_is_due(self) -> bool:
        due = await NextMoment(self.start_work).of_deliveries()
        return due is not None and due <= self.clock()


def a_deadline(
    *,
    subject: UUID | None = None,
    clock: str = "complete",
    owner: str | None = "anna",
    due: datetime = NOON + timedelta(hours=1),
    generation: int = 1,
    severity: Severity = Severity.MAJOR,
    ladder: str | None = None,
    title: str = "Contain: loans / fees (A-1001)",
) -> Event[DeadlineSetV1]:
    """A deadline as capa announces it."""
    subject_id = subject or new_id()
    data = DeadlineSetV1(
        subject_kind="action",
        subject_id=subject_id,
        clock=clock,
        generation=generation,
        parent_kind="nonconformity",
        parent_id=UUID(int=9),
        title=title,
        due_at=due,
        owner=owner,
        severity=severity,
        link="http://127.0.0.1:8002/v1/actions/A-1001",
        ladder=ladder,
        calendar="default:1",
        policy_version="1",
        explanation={"rule": "1wd"},
    )
    return _event(data, generation + 1)


def at_once(*set_events: Event[DeadlineSetV1]) -> Event[DeadlinesSetV1]:
    """Those deadlines of one subject in one event, under the subject's key."""
    first = set_events[0].data
    data = DeadlinesSetV1(
        subject_kind=first.subject_kind,
        subject_id=first.subject_id,
        parent_kind=first.parent_kind,
        parent_id=first.parent_id,
        severity=first.severity,
        link=first.link,
        deadlines=tuple(
            EachDeadline(**{name: getattr(event.data, name) for name in EachDeadline.model_fields})
            for event in set_events
        ),
    )
    return _event(data, 1).model_copy(update={"key": str(first.subject_id)})


def met(set_event: Event[DeadlineSetV1], at: datetime, generation: int | None = None) -> Event[DeadlineMetV1]:
    """That deadline, met."""
    data = set_event.data
    return _event(
        DeadlineMetV1(
            subject_kind=data.subject_kind,
            subject_id=data.subject_id,
            clock=data.clock,
            generation=data.generation if generation is None else generation,
            due_at=data.due_at,
            met_at=at,
            punctuality=Punctuality.EARLY,
        ),
        9,
    )


def voided(set_event: Event[DeadlineSetV1]) -> Event[DeadlineVoidedV1]:
    """That deadline, voided."""
    data = set_event.data
    return _event(
        DeadlineVoidedV1(
            subject_kind=data.subject_kind,
            subject_id=data.subject_id,
            clock=data.clock,
            generation=data.generation,
            reason="cancelled",
        ),
        9,
    )


def paused(set_event: Event[DeadlineSetV1], generation: int | None = None) -> Event[DeadlinePausedV1]:
    """That deadline, paused."""
    data = set_event.data
    return _event(
        DeadlinePausedV1(
            subject_kind=data.subject_kind,
            subject_id=data.subject_id,
            clock=data.clock,
            generation=data.generation if generation is None else generation,
            paused_at=NOON,
            reason="waiting_for_customer",
        ),
        9,
    )


def resumed(set_event: Event[DeadlineSetV1], *, due: datetime, generation: int) -> Event[DeadlineResumedV1]:
    """That deadline, running on."""
    data = set_event.data
    return _event(
        DeadlineResumedV1(
            subject_kind=data.subject_kind,
            subject_id=data.subject_id,
            clock=data.clock,
            generation=generation,
            due_at=due,
            resumed_at=NOON,
            calendar="default:2",
            explanation={"rule": "1wd", "held": True},
        ),
        9,
    )


def _event(data: Any, version: int) -> Event[Any]:
    return Event[Any](
        id=new_id(),
        source="/redress/capa",
        key=str(UUID(int=9)),
        subject=str(data.subject_id),
        version=version,
        occurred_at=NOON,
        recorded_at=NOON,
        actor="service:capa",
        correlation_id=UUID(int=7),
        data=data,
    )


def subjects(events: Iterable[Event[Contract]]) -> list[str]:
    """The subjects that events are about."""
    return [event.subject for event in events]


@asynccontextmanager
async def open_world(url: str, folder: Path, mailbox: Mailbox) -> AsyncIterator[World]:
    """Open a world on a migrated database."""
    file, keys = folder / "keys.json", {}
    owner = ("deadlines:read", "deadlines:answer")
    holders: tuple[tuple[str, ActorKind, tuple[str, ...]], ...] = (
        ("admin", "person", SCOPES),
        ("nobody", "person", ("complaints:read",)),
        ("anna", "person", owner),
        ("ben", "person", owner),
        ("quinn", "person", (*owner, "deadlines:stand-in")),
        ("robot", "system", (*owner, "deadlines:stand-in")),
    )
    for who, kind, scopes in holders:
        keys[who], _ = create_key(
            file, PEPPER, name=who, actor=Actor(kind, who), scopes=scopes, at=NOON, source_system=None
        )
    clock, wakes = SetClock(), Wakes()
    chosen = Settings(
        database_url=SecretStr(url),
        keys_file=file,
        pepper=SecretStr(PEPPER),
        config_dir=CONFIG,
        smtp_port=mailbox.port,
        mail_from="Redress <redress@quality.example>",
        webhook_allow=("127.0.0.0/8",),
        webhook_timeout_seconds=5.0,
    )
    engine = open_engine(url, name="notifier-test", pool_size=8, pool_timeout_seconds=20)
    core = Core(settings=chosen, engine=engine, clock=clock, wakes=wakes)
    start_work = core.start_work
    webhooks = WebhookChannel(
        AddressGuard(chosen.webhook_networks),
        clock,
        Links(chosen.public_url),
        timeout=timedelta(seconds=chosen.webhook_timeout_seconds),
    )

    async def caught_up(_: Any) -> None:
        return

    prepare = build_prepare(core)
    record = build_record(core)
    sender = DeliveryLoop(
        prepare=prepare,
        record=record,
        channels={Channel.EMAIL: build_email(chosen), Channel.WEBHOOK: webhooks},
        next_moment=NextMoment(start_work),
        gate=Gate(caught_up),
        clock=clock,
        wake=wakes.deliveries,
        poll=1.0,
        tracer=tracer(),
    )
    world = World(
        core=core,
        settings=chosen,
        engine=engine,
        clock=clock,
        wakes=wakes,
        start_work=start_work,
        handlers=build_handlers(core),
        fire=build_fire_timers(core),
        prepare=prepare,
        record=record,
        sender=sender,
        keys=keys,
        mailbox=mailbox,
    )
    try:
        yield world
    finally:
        for client in world.clients:
            await client.aclose()
        await webhooks.close()
        await engine.dispose()
