"""Puts capa together. It and what it puts together are the only places that know every concrete class."""

from collections.abc import Sequence

from capa.api_wiring import build_app
from capa.consumer_wiring import build_handlers
from capa.core_wiring import SERVICE, VERSION, Core, open_core
from capa.db.histories import PostgresHistories
from capa.usecases.announce_again import AnnounceAgain
from capa.worker_wiring import build_evaluate_signals, build_loops, build_transport
from chassis.health import Health, database_check, schema_check
from chassis.run import Loop
from chassis.verify_history import Histories
from common.history import Following

__all__ = [
    "SERVICE",
    "VERSION",
    "Core",
    "build_announce_again",
    "build_app",
    "build_evaluate_signals",
    "build_handlers",
    "build_health",
    "build_histories",
    "build_loops",
    "build_transport",
    "open_core",
]


def build_health(core: Core, loops: Sequence[Loop] = ()) -> Health:
    """Build what probes ask: ready while the database answers with a current schema, live while the loops turn.

    The transport being away makes nothing unready.
    """
    checks = {"database": database_check(core.engine), "schema": schema_check(core.engine, SERVICE)}
    return Health(checks, loops)


def build_announce_again(core: Core) -> AnnounceAgain:
    """Build what tells again what stands in the records."""
    return AnnounceAgain(core.start_work, core.clock, core.announcer, core.case_announcer)


def build_histories(core: Core) -> Histories:
    """Build what reads every history, to be verified."""
    return Histories(SERVICE, Following, PostgresHistories(core.engine))
