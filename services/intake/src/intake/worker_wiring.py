"""Puts the worker's loops together: delivery's, and intake's own jobs."""

from functools import partial
from typing import Final

from chassis.database import open_engine
from chassis.gauging import EVERY_SECONDS, KeepGauges
from chassis.pool_metrics import pool_metrics
from chassis.run import Loop, watched_loop
from chassis.settings import CannotStart
from chassis.telemetry import dependency_metric
from chassis.tracing import tracer
from events.failures import CannotOpen
from events.opening import open_transport
from events.postgres.loops import Carriage
from events.postgres.loops import loops as delivery_loops
from events.postgres.metrics import kept
from events.transport import Transport
from intake.consumer_wiring import build_handlers
from intake.core_wiring import SERVICE, Core, build_clockwork, build_erase, open_storage
from intake.crm_wiring import crm_loops
from intake.db.attached_files import PostgresFiles
from intake.db.due_erasures import PostgresDueErasures
from intake.db.imports import PostgresImports
from intake.db.indexing import PostgresSearchIndex
from intake.db.open_imports import PostgresOpenImports
from intake.db.overdue_clocks import PostgresOverdueClocks
from intake.db.tables import idempotency_key
from intake.jobs.apply_retention import TICK_SECONDS as RETENTION_TICK_SECONDS
from intake.jobs.apply_retention import RunRetention
from intake.jobs.forget_keys import PAUSE_SECONDS, ForgetKeys
from intake.jobs.gauges import ClockGauges, ImportGauges, ShowAll
from intake.jobs.index_complaints import IndexGauges, RunIndexing
from intake.jobs.run_imports import RunImports, count_row, may_pass
from intake.jobs.sweep_attachments import PAUSE_SECONDS as SWEEP_PAUSE_SECONDS
from intake.jobs.sweep_attachments import RunSweep
from intake.settings import load_profiles, load_retention
from intake.usecases.apply_retention import ApplyRetention
from intake.usecases.attachments import Storage
from intake.usecases.index_complaints import IndexComplaints
from intake.usecases.process_import import ImportTools, ProcessImport
from intake.usecases.sweep_attachments import SweepAttachments

_LOG_CONNECTIONS: Final = 6
_LONGEST_TURN_SECONDS: Final = 180.0
_LONGEST_CHUNK_SECONDS: Final = 900.0
"""A chunk that fails as a whole is done again row by row."""
_LONGEST_SWEEP_SECONDS: Final = 900.0
"""Each of up to 200 contents may find the store slow."""


def build_retention(core: Core) -> ApplyRetention:
    """Build what erases by itself. Raises CannotStart."""
    policy = load_retention(core.settings.config_dir)
    return ApplyRetention(PostgresDueErasures(core.engine), build_erase(core), policy, core.clock)


def build_import(core: Core) -> ProcessImport:
    """Build what takes imports further."""
    tools = ImportTools(
        imports=PostgresImports(core.engine),
        profiles=load_profiles(core.settings.config_dir),
        chunk_rows=core.settings.import_chunk_rows,
        is_passing=may_pass,
        count=count_row,
        clockwork=build_clockwork(core),
    )
    return ProcessImport(core.start_work, tools, core.clock)


def build_transport(core: Core) -> Transport:
    """Build the transport that the settings name; nothing is connected yet. Raises CannotStart."""
    settings, log_engine = core.settings, None
    if settings.transport == "embedded" and settings.log_database_url is not None:
        log_engine = open_engine(settings.log_database_url, name=f"{SERVICE}-log", pool_size=_LOG_CONNECTIONS)
        pool_metrics().watch(log_engine, "log")
    try:
        return open_transport(settings, log_engine=log_engine, clock=core.clock)
    except CannotOpen as error:
        raise CannotStart(str(error)) from None


def build_loops(core: Core, transport: Transport) -> list[Loop]:
    """Build the worker's loops: delivery's, and intake's own jobs."""
    carriage = Carriage(
        service=SERVICE,
        engine=core.engine,
        transport=transport,
        clock=core.clock,
        wake=core.wake,
        handlers=build_handlers(core),
        reached=lambda up: dependency_metric().set("transport", up=up),
        tracer=tracer(),
    )
    imports = RunImports(build_import(core), PostgresImports(core.engine), core.clock, core.wake.imports)
    dependency_metric().expect("transport")
    index = PostgresSearchIndex(core.engine)
    indexing = RunIndexing(IndexComplaints(index))
    show = ShowAll(
        ImportGauges(PostgresOpenImports(core.engine), core.clock),
        ClockGauges(PostgresOverdueClocks(core.engine), core.clock),
        IndexGauges(index, core.clock),
        core.crm.gauges(),
    )
    gauges = KeepGauges(show, partial(kept, "service"))
    forget_keys = ForgetKeys(core.engine, idempotency_key, core.clock)
    retention = RunRetention(build_retention(core))
    storage = open_storage(core.settings)
    sweeps = [] if storage is None else [_sweep_loop(core, storage)]
    return [
        *sweeps,
        *crm_loops(core.crm),
        *(
            watched_loop(name, turning.run, longest_turn_seconds=turning.longest_turn)
            for name, turning in delivery_loops(carriage).items()
        ),
        watched_loop("imports", imports.run, longest_turn_seconds=_LONGEST_CHUNK_SECONDS),
        watched_loop("index-complaints", indexing.run, longest_turn_seconds=_LONGEST_TURN_SECONDS),
        watched_loop(
            "retention", retention.run, longest_turn_seconds=RETENTION_TICK_SECONDS + _LONGEST_TURN_SECONDS
        ),
        watched_loop(
            "forget-keys", forget_keys.run, longest_turn_seconds=PAUSE_SECONDS + _LONGEST_TURN_SECONDS
        ),
        watched_loop("gauges", gauges.run, longest_turn_seconds=EVERY_SECONDS + _LONGEST_TURN_SECONDS),
    ]


def _sweep_loop(core: Core, storage: Storage) -> Loop:
    sweep = RunSweep(SweepAttachments(PostgresFiles(core.engine), storage, core.clock))
    return watched_loop(
        "sweep-attachments",
        sweep.run,
        longest_turn_seconds=SWEEP_PAUSE_SECONDS + _LONGEST_SWEEP_SECONDS,
    )
