"""Puts the worker's loops together."""

from functools import partial
from typing import Final

from capa.consumer_wiring import build_handlers
from capa.core_wiring import SERVICE, Core
from capa.db.figure_records import PostgresFigureRecords
from capa.db.figures import PostgresFigures
from capa.db.ledger import PostgresLedger
from capa.domain.groups import groups_of
from capa.jobs.gauges import OpenGauges
from capa.jobs.run_monitoring import PAUSE_SECONDS, RunMonitoring
from capa.jobs.signals import KeepEvaluating
from capa.usecases.complaint_ledger import ComplaintLedger
from capa.usecases.end_monitoring import EndMonitoring
from capa.usecases.evaluate_recurrences import EvaluateRecurrences
from capa.usecases.evaluate_signals import EvaluateSignals
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

_LOG_CONNECTIONS: Final = 6
_LONGEST_TURN_SECONDS: Final = 180.0
_LONGEST_EVALUATION_SECONDS: Final = 240.0
"""Of all the charts of one watch."""


def build_evaluate_signals(core: Core) -> EvaluateSignals:
    """Build what looks for trends, and for trouble that comes back."""
    ledger = PostgresLedger(core.engine)
    recurrences = EvaluateRecurrences(
        core.start_work,
        core.case_announcer,
        core.answer_recurrence,
        core.case_policy,
        core.signals.fresh,
        ledger,
        ComplaintLedger(PostgresFigureRecords(core.engine)),
    )
    return EvaluateSignals(core.start_work, core.clock, core.signals, ledger, recurrences)


def build_transport(core: Core) -> Transport:
    """Build the transport that the settings name; nothing is connected yet. Raises CannotStart."""
    settings, log_engine = core.settings, None
    if settings.transport == "embedded" and settings.log_database_url is not None:
        log_engine = open_engine(
            settings.log_database_url,
            name=f"{SERVICE}-log",
            pool_size=_LOG_CONNECTIONS,
            pool_timeout_seconds=10.0,
        )
        pool_metrics().watch(log_engine, "log")
    try:
        return open_transport(settings, log_engine=log_engine, clock=core.clock)
    except CannotOpen as error:
        raise CannotStart(str(error)) from None


def build_loops(core: Core, transport: Transport) -> list[Loop]:
    """Build the worker's loops: delivery's, capa's own gauges, and the evaluation of signals."""
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
    dependency_metric().expect("transport")
    show = OpenGauges(PostgresFigures(core.engine), groups_of(core.policy), core.clock)
    show.prepare()
    gauges = KeepGauges(show, partial(kept, "service"))
    evaluating = KeepEvaluating(build_evaluate_signals(core), groups_of(core.policy), core.clock)
    evaluating.prepare()
    monitoring = RunMonitoring(
        EndMonitoring(core.start_work, core.clock, core.case_announcer, core.case_policy)
    )
    return [
        *(
            watched_loop(name, turning.run, longest_turn_seconds=turning.longest_turn)
            for name, turning in delivery_loops(carriage).items()
        ),
        watched_loop(
            "monitoring", monitoring.run, longest_turn_seconds=PAUSE_SECONDS + _LONGEST_TURN_SECONDS
        ),
        watched_loop("gauges", gauges.run, longest_turn_seconds=EVERY_SECONDS + _LONGEST_TURN_SECONDS),
        watched_loop("signals", evaluating.run, longest_turn_seconds=_LONGEST_EVALUATION_SECONDS),
    ]
