"""The only place that knows every concrete class of intake."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.app import create_app
from chassis.auth import Keyring
from chassis.database import open_engine
from chassis.health import Health, database_check, schema_check
from chassis.paging import Cursors
from chassis.run import Loop
from common.clock import Clock, utc_now
from events.contracts.capa import (
    ActionAssignedV1,
    ActionCancelledV1,
    ActionCompletedV1,
    ActionDueChangedV1,
    ActionReassignedV1,
    NonconformityLinkedV1,
    NonconformityRaisedV1,
    TriageDecidedV1,
)
from events.delivery import Handlers
from events.opening import open_transport
from events.postgres.loops import Carriage, loops
from events.transport import Transport
from events.wake import Wake
from intake.api.complaints import ComplaintServices, complaints_router
from intake.api.errors import PROBLEMS
from intake.api.imports import PATH as IMPORTS_PATH
from intake.api.imports import ImportServices, imports_router
from intake.consumers.actions import on_action
from intake.consumers.nonconformity_linked import on_nonconformity_linked
from intake.consumers.nonconformity_raised import on_nonconformity_raised
from intake.consumers.triage_decided import on_triage_decided
from intake.db.group_reception import GroupReception
from intake.db.imports import PostgresImports
from intake.db.tables import idempotency_key
from intake.db.views import PostgresViews
from intake.db.work import PostgresStartWork
from intake.jobs.forget_keys import ForgetKeys
from intake.jobs.run_imports import RunImports, count_row, may_pass
from intake.settings import IntakeSettings, load_profiles
from intake.usecases.amend_complaint import AmendComplaint
from intake.usecases.follow_action import FollowAction
from intake.usecases.follow_nonconformity import FollowNonconformity
from intake.usecases.follow_triage import FollowTriage
from intake.usecases.process_import import ImportTools, ProcessImport
from intake.usecases.receive_complaint import ReceiveComplaint
from intake.usecases.stage_import import StageImport

SERVICE: Final = "intake"
_LOG_CONNECTIONS: Final = 6
_TAGS: Final = (
    {"name": "complaints", "description": "Hand complaints over, read them back, correct them."},
    {"name": "imports", "description": "Hand over whole files of complaints."},
)
_DESCRIPTION: Final = "Takes complaints in: each is written down once, never lost and never doubled, and shows what became of it."


@dataclass(frozen=True, slots=True)
class Intake:
    """What one role of the service works with; `wake` is shared where roles share a process."""

    settings: IntakeSettings
    engine: AsyncEngine
    wake: Wake
    clock: Clock

    @property
    def start_work(self) -> PostgresStartWork:
        """Begins transactions."""
        return PostgresStartWork(self.engine, self.clock, self.wake)


def open_intake(settings: IntakeSettings, *, role: str, wake: Wake, clock: Clock = utc_now) -> Intake:
    """Open what a role works with; nothing is connected yet."""
    engine = open_engine(
        settings.database_url,
        name=f"{SERVICE}-{role}",
        pool_size=settings.database_pool_size,
        pool_timeout_seconds=settings.database_pool_timeout_seconds,
    )
    return Intake(settings, engine, wake, clock)


def build_health(intake: Intake, own_loops: Sequence[Loop] = ()) -> Health:
    """Build what probes ask; Kafka being away makes nothing unready."""
    checks = {"database": database_check(intake.engine), "schema": schema_check(intake.engine, SERVICE)}
    return Health(checks, own_loops)


def build_app(intake: Intake, health: Health) -> FastAPI:
    """Build the HTTP API."""
    settings = intake.settings
    services = ComplaintServices(
        receive=ReceiveComplaint(
            GroupReception(intake.engine, intake.clock, intake.wake), intake.start_work, intake.clock
        ),
        amend=AmendComplaint(intake.start_work, intake.clock),
        views=PostgresViews(intake.engine),
        cursors=Cursors(settings.pepper),
        clock=intake.clock,
    )
    imports = PostgresImports(intake.engine)
    importing = ImportServices(
        stage=StageImport(imports, load_profiles(settings.config_dir), intake.clock),
        imports=imports,
        clock=intake.clock,
    )
    return create_app(
        title="Redress intake",
        version=version("redress-intake"),
        description=_DESCRIPTION,
        routers=[complaints_router(services), imports_router(importing)],
        health=health,
        keyring=Keyring(settings.keys_file, settings.pepper, clock=intake.clock),
        problems=PROBLEMS,
        public_url=settings.public_url,
        max_body_bytes=settings.max_body_bytes,
        body_limits={IMPORTS_PATH: settings.import_max_bytes},
        tags=_TAGS,
    )


def build_handlers(intake: Intake) -> Handlers:
    """Build what is done on each event; a type that is not named here is ignored."""
    work, clock = intake.start_work, intake.clock
    triage, nonconformity = FollowTriage(work), FollowNonconformity(work)
    action = on_action(FollowAction(work), clock)
    return {
        TriageDecidedV1: on_triage_decided(triage, clock),
        NonconformityRaisedV1: on_nonconformity_raised(nonconformity, clock),
        NonconformityLinkedV1: on_nonconformity_linked(nonconformity, clock),
        ActionAssignedV1: action,
        ActionReassignedV1: action,
        ActionDueChangedV1: action,
        ActionCompletedV1: action,
        ActionCancelledV1: action,
    }


def build_import(intake: Intake) -> ProcessImport:
    """Build what takes imports further."""
    tools = ImportTools(
        imports=PostgresImports(intake.engine),
        profiles=load_profiles(intake.settings.config_dir),
        chunk_rows=intake.settings.import_chunk_rows,
        is_passing=may_pass,
        count=count_row,
    )
    return ProcessImport(intake.start_work, tools, intake.clock)


@dataclass(frozen=True, slots=True)
class Carrier:
    """The transport, and the embedded log's engine where it has one; close both at the end."""

    transport: Transport
    log_engine: AsyncEngine | None

    async def close(self) -> None:
        """Let go of everything."""
        await self.transport.close()
        if self.log_engine is not None:
            await self.log_engine.dispose()


def open_carrier(intake: Intake) -> Carrier:
    """Open the transport that the settings name; nothing is connected yet."""
    settings = intake.settings
    log_engine = None
    if settings.transport == "embedded" and settings.log_database_url is not None:
        log_engine = open_engine(settings.log_database_url, name=f"{SERVICE}-log", pool_size=_LOG_CONNECTIONS)
    transport = open_transport(
        settings.transport,
        log_engine=log_engine,
        bootstrap_servers=settings.kafka_bootstrap_servers,
        clock=intake.clock,
    )
    return Carrier(transport, log_engine)


def build_worker_loops(intake: Intake, transport: Transport) -> Mapping[str, Loop]:
    """Build the loops by name: delivery's, and intake's own jobs."""
    carriage = Carriage(
        service=SERVICE,
        engine=intake.engine,
        transport=transport,
        clock=intake.clock,
        wake=intake.wake,
        handlers=build_handlers(intake),
    )
    runs = {
        **loops(carriage),
        "imports": RunImports(build_import(intake), PostgresImports(intake.engine), intake.clock).run,
        "forget-keys": ForgetKeys(intake.engine, idempotency_key, intake.clock).run,
    }
    return {name: Loop(name, run) for name, run in runs.items()}
