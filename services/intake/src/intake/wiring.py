"""Puts intake together. It and what it puts together are the only places that know every concrete class."""

from collections.abc import Sequence

from chassis.health import Health, database_check, schema_check
from chassis.run import Loop
from chassis.verify_history import Histories
from intake.api_wiring import build_app
from intake.consumer_wiring import build_handlers
from intake.core_wiring import (
    SERVICE,
    VERSION,
    Core,
    build_clockwork,
    build_erase,
    open_core,
)
from intake.db.histories import PostgresHistories
from intake.db.indexing import PostgresSearchIndex
from intake.domain.trail import FollowTrail
from intake.usecases.announce_again import AnnounceAgain
from intake.usecases.outgoing_clocks import DeadlineAnnouncer
from intake.usecases.rebase_clocks import RebaseClocks
from intake.usecases.reindex_complaints import ReindexComplaints
from intake.worker_wiring import build_import, build_loops, build_retention, build_transport

__all__ = [
    "SERVICE",
    "VERSION",
    "Core",
    "build_announce_again",
    "build_app",
    "build_clockwork",
    "build_erase",
    "build_handlers",
    "build_health",
    "build_histories",
    "build_import",
    "build_loops",
    "build_rebase_clocks",
    "build_reindex",
    "build_retention",
    "build_transport",
    "open_core",
]


def build_health(core: Core, loops: Sequence[Loop] = ()) -> Health:
    """Build what probes ask: ready while the database answers with a current schema, live while the loops turn.

    The transport being away makes nothing unready.
    """
    checks = {"database": database_check(core.engine), "schema": schema_check(core.engine, SERVICE)}
    return Health(checks, loops)


def build_rebase_clocks(core: Core) -> RebaseClocks:
    """Build what counts running clocks anew. Raises CannotStart where the policy is no good."""
    return RebaseClocks(core.start_work, core.clock, build_clockwork(core))


def build_announce_again(core: Core) -> AnnounceAgain:
    """Build what tells again what stands in the records."""
    return AnnounceAgain(core.start_work, core.clock, DeadlineAnnouncer(core.settings.public_url))


def build_reindex(core: Core) -> ReindexComplaints:
    """Build what goes over the index of words."""
    return ReindexComplaints(PostgresSearchIndex(core.engine), core.clock)


def build_histories(core: Core) -> Histories:
    """Build what reads every history, to be verified."""
    return Histories(SERVICE, FollowTrail, PostgresHistories(core.engine))
