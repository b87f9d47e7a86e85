"""Puts capa together; the only place that knows every concrete class."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from capa.api import actions, nonconformities, steps, triage_decisions
from capa.api.desk import Desk
from capa.api.errors import PROBLEMS
from capa.consumers.complaint_amended import OnComplaintAmended
from capa.consumers.complaint_received import OnComplaintReceived
from capa.consumers.deadline_breached import OnDeadlineBreached
from capa.consumers.notices import OnNotice
from capa.db.records import PostgresRecords
from capa.db.work import PostgresStartWork
from capa.domain.policy import TriagePolicy
from capa.jobs.gauges import EVERY_SECONDS, KeepGauges
from capa.settings import CapaSettings, read_policy
from capa.usecases.amend_complaint import AmendComplaint
from capa.usecases.assign_action import AssignAction
from capa.usecases.cancel_action import CancelAction
from capa.usecases.change_due import ChangeDue
from capa.usecases.complete_action import CompleteAction
from capa.usecases.note_breach import NoteBreach
from capa.usecases.note_notice import NoteNotice
from capa.usecases.outgoing import Announcer
from capa.usecases.reassign_action import ReassignAction
from capa.usecases.step import TakeStep
from capa.usecases.triage_complaint import TriageComplaint
from chassis.app import create_app
from chassis.auth import Keyring
from chassis.correlation import correlated
from chassis.database import open_engine
from chassis.health import Health, database_check, schema_check
from chassis.paging import Cursors
from chassis.run import Heartbeat, Loop
from chassis.settings import CannotStart
from common.clock import Clock, utc_now
from events.contracts.intake import ComplaintAmendedV1, ComplaintReceivedV1
from events.contracts.notifier import DeadlineBreachedV1, NoticeSentV1, NoticeUnroutableV1
from events.delivery import Delivery, Handler, Handlers
from events.envelope import Contract, Event
from events.opening import open_transport
from events.postgres.loops import Carriage, loops
from events.transport import Transport
from events.wake import Wake

VERSION = version("redress-capa")
_LOG_CONNECTIONS = 6
_MISSED_TURNS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What both roles of a process share: policy, database, time and the bell that wakes the relay."""

    settings: CapaSettings
    policy: TriagePolicy
    engine: AsyncEngine
    clock: Clock
    wake: Wake

    @property
    def start_work(self) -> PostgresStartWork:
        """Opens transactions."""
        return PostgresStartWork(self.engine, self.clock, self.wake)

    @property
    def announcer(self) -> Announcer:
        """Writes events with links to this service."""
        return Announcer(self.settings.public_url)

    @property
    def records(self) -> PostgresRecords:
        """Reads what is kept."""
        return PostgresRecords(self.engine)


def open_core(
    settings: CapaSettings, *, wake: Wake, clock: Clock = utc_now, patience_seconds: float | None = None
) -> Core:
    """Read the policy and prepare the database's engine; nothing is connected yet. Raises CannotStart.

    Whoever can wait longer for a connection than a request may, says so by `patience_seconds`.
    """
    policy = read_policy(settings.triage_policy_file, settings.config_dir / "calendars")
    engine = open_engine(
        settings.database_url,
        name="capa",
        pool_size=settings.database_pool_size,
        pool_timeout_seconds=patience_seconds or settings.database_pool_timeout_seconds,
    )
    return Core(settings=settings, policy=policy, engine=engine, clock=clock, wake=wake)


def health_of(core: Core, watched: list[Loop]) -> Health:
    """Make the probes' answers: ready while the database answers with a current schema, live while loops beat."""
    checks = {"database": database_check(core.engine), "schema": schema_check(core.engine, "capa")}
    return Health(checks, watched)


def app_of(core: Core, health: Health) -> FastAPI:
    """Make the API."""
    settings = core.settings
    take_step = TakeStep(core.start_work, core.clock, core.announcer)
    desk = Desk(
        records=core.records,
        cursors=Cursors(settings.pepper),
        clock=core.clock,
        assign=AssignAction(take_step),
        reassign=ReassignAction(take_step),
        change_due=ChangeDue(take_step, core.policy),
        complete=CompleteAction(take_step),
        cancel=CancelAction(take_step),
    )
    return create_app(
        title="Redress capa",
        version=VERSION,
        description="Nonconformities, the actions that contain them, and why triage decided as it did.",
        routers=[part.router_of(desk) for part in (nonconformities, actions, steps, triage_decisions)],
        health=health,
        keyring=Keyring(settings.keys_file, settings.pepper),
        problems=PROBLEMS,
        public_url=settings.public_url,
        max_body_bytes=settings.max_body_bytes,
        tags=[
            {"name": nonconformities.TAG, "description": "Requirements that were not met."},
            {"name": actions.TAG, "description": "What one owner must do by an instant."},
            {"name": triage_decisions.TAG, "description": "What became of each complaint, and why."},
        ],
    )


def handlers_of(core: Core) -> Handlers:
    """Make the handlers of the events that capa listens to; each runs under its event's correlation."""
    work = core.start_work
    notice = OnNotice(NoteNotice(work))
    handlers: dict[type[Contract], Handler] = {
        ComplaintReceivedV1: OnComplaintReceived(
            TriageComplaint(work, core.clock, core.policy, core.announcer)
        ),
        ComplaintAmendedV1: OnComplaintAmended(AmendComplaint(work)),
        DeadlineBreachedV1: OnDeadlineBreached(NoteBreach(work)),
        NoticeSentV1: notice,
        NoticeUnroutableV1: notice,
    }
    return {contract: _correlated(handler) for contract, handler in handlers.items()}


def transport_of(settings: CapaSettings, clock: Clock) -> tuple[Transport, AsyncEngine | None]:
    """Prepare the transport, and the embedded log's engine where that is the transport. Raises CannotStart."""
    log_engine = None
    if settings.transport == "embedded":
        if settings.log_database_url is None:
            raise CannotStart(
                "REDRESS_LOG_DATABASE_URL is missing: set it to the embedded log's database, or set "
                "REDRESS_TRANSPORT=kafka."
            )
        log_engine = open_engine(
            settings.log_database_url, name="capa-log", pool_size=_LOG_CONNECTIONS, pool_timeout_seconds=10.0
        )
    transport = open_transport(
        settings.transport,
        log_engine=log_engine,
        bootstrap_servers=settings.kafka_bootstrap_servers,
        clock=clock,
    )
    return transport, log_engine


def background_loops(core: Core, transport: Transport) -> list[Loop]:
    """Make the loops of the worker: relay, consumer, parked events, tidying, and the gauges."""
    carriage = Carriage("capa", core.engine, transport, core.clock, core.wake, handlers_of(core))
    heartbeat = Heartbeat(EVERY_SECONDS * _MISSED_TURNS)
    gauges = Loop("gauges", KeepGauges(core.records, core.clock, heartbeat.beat), heartbeat)
    return [*(Loop(name, run) for name, run in loops(carriage).items()), gauges]


def _correlated(handler: Handler) -> Handler:
    async def handle(event: Event[Any], delivery: Delivery) -> None:
        with correlated(event.correlation_id, event.traceparent):
            await handler(event, delivery)

    return handle
