"""The three services in one process, each on a database of its own, talking through the embedded log or Kafka."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

import capa.settings
import capa.wiring
import intake.settings
import intake.usecases.stepping
import intake.wiring
import notifier.settings
import notifier.wiring
from capa.usecases.step import TakeStep
from chassis.run import Loop
from chassis.webhooks.signing import new_secret
from common.actor import Actor
from common.clock import utc_now
from common.ids import new_id
from events.again import AnnouncePart
from events.catalogue import ANNOUNCES, LISTENS, topic_of
from events.codec import Known, decode
from events.envelope import Event
from events.postgres.headers import unpack
from events.transport import Record, Transport
from events.wake import Wake
from intake.db.group_reception import GroupReception
from intake.db.work import Bells
from intake.domain.complaint import Account, Channel, Complaint, Report, Severity
from intake.domain.lifecycle.taking import AnyCommand
from intake.usecases.amend_complaint import Amend, AmendComplaint
from intake.usecases.clockwork import Clockwork
from intake.usecases.receive_complaint import Receive, ReceiveComplaint, Told
from intake.usecases.stepping import Errand
from notifier.db.work import Wakes
from notifier.domain.person import Details
from notifier.settings import read_calendar
from notifier.usecases.acknowledge_notice import AcknowledgeNotice
from notifier.usecases.answering import Said
from notifier.usecases.load_people import Item, LoadPeople
from tests.notifier.smtp import Mailbox
from tests.support.events import engine_of
from tests.support.postgres import Databases, fresh_database
from tests.support.waiting import until

CONFIG: Final = Path(__file__).parents[2] / "config"
SERVICES: Final = tuple(ANNOUNCES)
CRM: Final = Actor("system", "crm")
ANNA: Final = Actor("person", "anna")
PEPPER: Final = SecretStr("a pepper of tests, long enough to be one")
OWNERS: Final = ("credit.team", "lending.team", "quality.desk")
FIRST_SECTIONS: Final = {"intake": "complaints", "capa": "decisions", "notifier": "deadlines"}
PEOPLE: Final = (
    *(Details(id=owner, name=owner, email=f"{owner}@example.org", manager="head") for owner in OWNERS),
    Details(id="head", name="Head", email="head@example.org"),
    Details(id="head.of.quality", name="Hedda Qual", email="hedda@example.org"),
)
DELIVERY: Final = frozenset(
    {
        *("outbox", "outbox_shard", "outbox_sequence", "outbox_refused", "inbox", "alembic_version"),
        *("change_queue", "change_feed", "complaint_change", "webhook_delivery"),
    }
)
"""Tables that only carry events, and changes to CRMs; what a service knows stands in the others."""

Row = Mapping[str, Any]
State = Mapping[str, Sequence[Row]]
"""The rows of each table, in one order."""


@dataclass
class MovingClock:
    """The true time, moved ahead by a test."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def forward(self, **amount: float) -> None:
        self.ahead += timedelta(**amount)


@dataclass
class Trio:
    """The three services, their databases and one mailbox."""

    log: AsyncEngine
    clock: MovingClock
    mailbox: Mailbox
    intake: intake.wiring.Core
    capa: capa.wiring.Core
    notifier: notifier.wiring.Core
    wakes: Wakes = field(default_factory=Wakes)

    def engine(self, service: str) -> AsyncEngine:
        """The engine on a service's database."""
        match service:
            case "intake":
                return self.intake.engine
            case "capa":
                return self.capa.engine
            case _:
                return self.notifier.engine

    def announce_part(self, service: str) -> AnnouncePart:
        """The use case that announces again."""
        match service:
            case "intake":
                return intake.wiring.build_announce_again(self.intake)
            case "capa":
                return capa.wiring.build_announce_again(self.capa)
            case _:
                return notifier.wiring.build_announce_again(self.notifier)

    @asynccontextmanager
    async def running(self, *services: str) -> AsyncIterator[None]:
        """Run the workers of these services, or of all, for the block."""
        transport = capa.wiring.build_transport(self.capa)
        stop = asyncio.Event()
        async with notifier.wiring.open_webhooks(self.notifier) as webhooks:
            built: Mapping[str, Sequence[Loop]] = {
                "intake": intake.wiring.build_loops(self.intake, transport),
                "capa": capa.wiring.build_loops(self.capa, transport),
                "notifier": notifier.wiring.build_loops(self.notifier, transport, webhooks),
            }
            tasks = [
                asyncio.ensure_future(loop.run(stop))
                for service in services or SERVICES
                for loop in built[service]
            ]
            try:
                yield
            finally:
                stop.set()
                await asyncio.gather(*tasks)
                await transport.close()

    async def settle(self, *services: str) -> None:
        """Run the workers of these services, or of all, until nothing is left to carry, to tell or to send."""
        among = services or SERVICES
        async with self.running(*among):
            transport = capa.wiring.build_transport(self.capa)
            try:
                await until(
                    lambda: self._is_quiet(transport, among),
                    seconds=60,
                    what="everything is carried and told",
                )
            finally:
                await transport.close()

    async def until_relayed(self, service: str) -> None:
        """Wait until a running service's outbox is empty."""

        async def empty() -> bool:
            return not await self.rows(service, "SELECT 1 FROM outbox")

        await until(empty, what=f"{service}'s outbox is empty")

    async def _is_quiet(self, transport: Transport, services: Sequence[str]) -> bool:
        ends = await transport.ends([topic_of(service) for service in SERVICES])
        for service in services:
            heard = [topic_of(each) for each in LISTENS[service]]
            read = await transport.committed(heard, service)
            if any(read.get(place, 0) < end for place, end in ends.items() if place[0] in heard):
                return False
        now = {"now": self.clock()}
        waiting = [
            *[await self.rows(service, "SELECT 1 FROM outbox") for service in services],
        ]
        if "notifier" in services:
            waiting += [
                await self.rows("notifier", "SELECT 1 FROM timer WHERE due_at <= :now", **now),
                await self.rows("notifier", "SELECT 1 FROM delivery WHERE state IN ('planned', 'sending')"),
            ]
        return not any(waiting) and ends == await transport.ends([topic_of(service) for service in SERVICES])

    async def rows(self, service: str, sql: str, **values: Any) -> Sequence[Any]:
        """Ask, or change, a service's database."""
        async with self.engine(service).begin() as connection:
            found = await connection.execute(sa.text(sql), values)
            return found.all() if found.returns_rows else ()

    async def logged(self, topic: str) -> Sequence[Event[Any]]:
        """What the log has of a topic, by key in the order of its telling."""
        async with self.log.connect() as connection:
            rows = await connection.execute(
                sa.text("SELECT * FROM log_record WHERE topic = :topic ORDER BY partition, position"),
                {"topic": topic},
            )
            found = [
                decode(Record(row.topic, bytes(row.key), unpack(row.headers), bytes(row.value)))
                for row in rows
            ]
        return [each.event for each in found if isinstance(each, Known)]

    async def script(self, engine: AsyncEngine, sql: str) -> None:
        """Run the statements of a script, as psql does."""
        async with engine.begin() as connection:
            for statement in sql.split(";"):
                if statement.strip():
                    await connection.execute(sa.text(statement))

    async def state(self, service: str, *, without: frozenset[str] = frozenset()) -> State:
        """Read everything that a service knows, but for some columns."""
        async with self.engine(service).connect() as connection:
            tables = await connection.execute(
                sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            )
            found = {}
            for table in set(tables.scalars()) - DELIVERY:
                rows = await connection.execute(sa.text(f"SELECT to_jsonb(t) FROM {table} t"))  # noqa: S608  (our own names)
                kept = [
                    {name: value for name, value in row.items() if name not in without}
                    for row in rows.scalars()
                ]
                found[table] = sorted(kept, key=str)
            return found

    async def acknowledge(self, owner: str) -> None:
        """Have an owner acknowledge the one deadline that they were told of."""
        told = "SELECT DISTINCT subject_id, clock FROM notice WHERE state = 'sent' AND recipient = :owner"
        (deadline,) = await self.rows("notifier", told, owner=owner)
        core = self.notifier
        said = Said(
            key=(deadline.subject_id, deadline.clock),
            by=Actor("person", owner),
            reason=None,
            may_stand_in=False,
            expected_version=None,
        )
        await AcknowledgeNotice(core.start_work, core.clock, read_calendar(core.settings))(said)

    @property
    def clockwork(self) -> Clockwork:
        """Keeps the clocks of complaints."""
        return intake.wiring.build_clockwork(self.intake)

    async def receive(self, product: str, severity: str = "major", **changes: Any) -> Complaint:
        """Take a complaint in."""
        account = Account(
            channel=Channel.PHONE,
            reported_severity=Severity(severity),
            product=product,
            category=changes.pop("category", "fees"),
            description="I was charged twice.",
        )
        report = Report(source_system="crm", external_id=str(new_id()), account=account, **changes)
        reception = GroupReception(self.intake.engine, self.clock, self.intake.wake)
        told = await ReceiveComplaint(reception, self.intake.start_work, self.clock, self.clockwork)(
            Receive(report, CRM)
        )
        assert isinstance(told, Told)
        return told.complaint

    async def amend(self, complaint: Complaint, **changes: Any) -> None:
        """Correct a complaint."""
        amend = AmendComplaint(self.intake.start_work, self.clock, self.clockwork)
        await amend(
            Amend(reference=str(complaint.id), expected=None, changes=changes, reason="corrected", actor=CRM)
        )

    async def handle(self, complaint: Complaint, *commands: AnyCommand) -> None:
        """Take steps of a complaint."""
        policy = intake.settings.read_closing_policy(CONFIG / "closing.toml")
        take = intake.usecases.stepping.TakeStep(self.intake.start_work, self.clock, policy, self.clockwork)
        for command in commands:
            await take(Errand(str(complaint.id), None, command, ANNA))

    @property
    def take_step(self) -> TakeStep:
        """Takes steps of actions."""
        return TakeStep(self.capa.start_work, self.clock, self.capa.announcer)

    async def action_of(self, complaint: Complaint) -> UUID:
        """The action of the nonconformity that a complaint belongs to."""
        (row,) = await self.rows(
            "capa",
            "SELECT action.id FROM action JOIN nonconformity_complaint ON parent_id = nonconformity_id"
            " WHERE complaint_id = :complaint",
            complaint=complaint.id,
        )
        found: UUID = row.id
        return found


@asynccontextmanager
async def open_trio(
    urls: Mapping[str, str], mailbox: Mailbox, folder: Path, *, kafka: str | None = None
) -> AsyncIterator[Trio]:
    """Open the services on migrated databases, by service and `log`; their policies are written to a folder.

    They talk through Kafka where its brokers are named, which have their topics.
    """
    triage = _patient(folder, "triage.demo.toml", 'major = "40s"')
    ladders = _patient(folder, "ladders.demo.toml", 'offset = "30s"')
    clock, log_url = MovingClock(), SecretStr(urls["log"])
    shared: dict[str, Any] = {
        "pepper": PEPPER,
        "config_dir": CONFIG,
        "log_database_url": log_url,
        "database_pool_size": 8,
        "database_pool_timeout_seconds": 20,
    }
    if kafka is not None:
        shared |= {"transport": "kafka", "kafka_bootstrap_servers": kafka}
    wakes = Wakes()
    trio = Trio(
        log=engine_of(urls["log"]),
        clock=clock,
        mailbox=mailbox,
        intake=intake.wiring.open_core(
            intake.settings.IntakeSettings(database_url=SecretStr(urls["intake"]), **shared),
            role="test",
            wake=Bells(),
            clock=clock,
        ),
        capa=capa.wiring.open_core(
            capa.settings.CapaSettings(database_url=SecretStr(urls["capa"]), triage_policy=triage, **shared),
            role="test",
            wake=Wake(),
            clock=clock,
        ),
        notifier=notifier.wiring.open_core(
            notifier.settings.Settings(
                database_url=SecretStr(urls["notifier"]),
                ladders=ladders,
                smtp_port=mailbox.port,
                settle_seconds=0,
                digest_window_seconds=0,
                poll_seconds=0.05,
                **shared,
            ),
            role="test",
            wakes=wakes,
            clock=clock,
        ),
    )
    try:
        await LoadPeople(trio.notifier.start_work, clock, new_secret)(
            [Item(each) for each in PEOPLE], Actor("person", "admin")
        )
        yield trio
    finally:
        await trio.log.dispose()
        for service in SERVICES:
            await trio.engine(service).dispose()


def _patient(folder: Path, name: str, setting: str) -> Path:
    """Copy a policy of the demonstration, with an hour where a slow machine would come too late."""
    text = (CONFIG / name).read_text()
    assert setting in text
    file = folder / name
    file.write_text(text.replace(setting, setting.partition(" = ")[0] + ' = "1h"'))
    return file


@contextmanager
def copies(postgres: Databases, templates: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """URLs of databases copied from templates, dropped afterwards."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(fresh_database(postgres, template))
            for name, template in templates.items()
        }
