"""What everything of capa works with."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from capa.db.records import PostgresRecords
from capa.db.work import PostgresStartWork
from capa.domain.policy import TriagePolicy
from capa.domain.risk import CasePolicy
from capa.domain.signals.watch import SignalPolicy
from capa.settings import CapaSettings, read_policy
from capa.settings.case_policy import read_case_policy
from capa.signal_policy import read_signal_policy
from capa.usecases.answer_recurrence import AnswerRecurrence
from capa.usecases.case_outgoing import CaseAnnouncer
from capa.usecases.outgoing import Announcer
from chassis.database import open_engine
from chassis.pool_metrics import pool_metrics
from common.clock import Clock, utc_now
from events.wake import Wake

SERVICE: Final = "capa"
VERSION: Final = version("redress-capa")


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What one role of the service works with; `wake` is shared where roles share a process."""

    settings: CapaSettings
    policy: TriagePolicy
    case_policy: CasePolicy
    signals: SignalPolicy
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
    def case_announcer(self) -> CaseAnnouncer:
        """Writes events of cases with links to this service."""
        return CaseAnnouncer(self.settings.public_url)

    @property
    def answer_recurrence(self) -> AnswerRecurrence:
        """Does what is decided about recurrences of closed cases."""
        return AnswerRecurrence(self.case_announcer, self.case_policy)

    @property
    def records(self) -> PostgresRecords:
        """Reads what is kept."""
        return PostgresRecords(self.engine)


def open_core(
    settings: CapaSettings,
    *,
    role: str,
    wake: Wake,
    clock: Clock = utc_now,
    patience_seconds: float | None = None,
) -> Core:
    """Open what a role works with; nothing is connected yet. Raises CannotStart.

    Whoever can wait longer for a connection than a request may, says so by `patience_seconds`.
    """
    calendars = settings.config_dir / "calendars"
    policy = read_policy(settings.triage_policy_file, calendars)
    case_policy = read_case_policy(settings.case_policy_file, calendars)
    signals = read_signal_policy(settings.signal_policy_file)
    engine = open_engine(
        settings.database_url,
        name=f"{SERVICE}-{role}",
        pool_size=settings.database_pool_size,
        pool_timeout_seconds=patience_seconds or settings.database_pool_timeout_seconds,
    )
    pool_metrics().watch(engine, role)
    return Core(
        settings=settings,
        policy=policy,
        case_policy=case_policy,
        signals=signals,
        engine=engine,
        clock=clock,
        wake=wake,
    )
