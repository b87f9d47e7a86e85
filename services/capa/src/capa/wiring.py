"""Puts capa together; the only place that knows every concrete class."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from capa.api import (
    action_checks,
    actions,
    case_steps,
    cases,
    effectiveness,
    exposures,
    indicators,
    management_review,
    nonconformities,
    nonconformity_steps,
    reports,
    signals,
    steps,
    triage_decisions,
)
from capa.api.desk import Desk
from capa.api.errors import PROBLEMS
from capa.api.examples import WORDS
from capa.api.report_pdf import PdfWriter
from capa.api.report_writer import ReportWriter
from capa.consumers import counters
from capa.consumers.complaint_amended import OnComplaintAmended
from capa.consumers.complaint_assessed import OnComplaintAssessed
from capa.consumers.complaint_ended import OnComplaintEnded
from capa.consumers.complaints_heard import OnComplaintsHeard
from capa.consumers.deadline_breached import OnDeadlineBreached
from capa.consumers.handling import HEARD_TOGETHER
from capa.consumers.notices import OnNotice
from capa.db.case_records import PostgresCaseRecords
from capa.db.figure_records import PostgresFigureRecords
from capa.db.figures import PostgresFigures
from capa.db.handling_records import PostgresHandlingRecords
from capa.db.histories import PostgresHistories
from capa.db.ledger import PostgresLedger
from capa.db.records import PostgresRecords
from capa.db.review_records import PostgresReviewRecords
from capa.db.signal_records import PostgresSignalRecords
from capa.db.work import PostgresStartWork
from capa.domain.groups import groups_of
from capa.domain.policy import TriagePolicy
from capa.domain.risk import CasePolicy
from capa.domain.signals.watch import SignalPolicy
from capa.jobs.gauges import OpenGauges
from capa.jobs.run_monitoring import PAUSE_SECONDS, RunMonitoring
from capa.jobs.signals import KeepEvaluating
from capa.settings import CapaSettings, read_policy
from capa.settings.case_policy import read_case_policy
from capa.signal_policy import read_signal_policy
from capa.usecases.amend_complaint import AmendComplaint
from capa.usecases.announce_again import AnnounceAgain
from capa.usecases.answer_recurrence import AnswerRecurrence
from capa.usecases.assess_effectiveness import AssessEffectiveness
from capa.usecases.assign_action import AssignAction
from capa.usecases.cancel_action import CancelAction
from capa.usecases.case_outgoing import CaseAnnouncer
from capa.usecases.change_due import ChangeDue
from capa.usecases.choose_reports import ChooseReports
from capa.usecases.clear_signal import ClearSignal
from capa.usecases.complaint_ledger import ComplaintLedger
from capa.usecases.complete_action import CompleteAction
from capa.usecases.confirm_signal import ConfirmSignal
from capa.usecases.dismiss_signal import DismissSignal
from capa.usecases.end_monitoring import EndMonitoring
from capa.usecases.evaluate_recurrences import EvaluateRecurrences
from capa.usecases.evaluate_signals import EvaluateSignals
from capa.usecases.give_action import GiveAction
from capa.usecases.handling_indicators import ReadHandlingIndicators
from capa.usecases.hear_complaints import HearComplaints
from capa.usecases.indicators import ReadIndicators
from capa.usecases.link_complaint import LinkComplaint
from capa.usecases.management_review import ReadReview
from capa.usecases.note_breach import NoteBreach
from capa.usecases.note_ending import NoteEnding
from capa.usecases.note_notice import NoteNotice
from capa.usecases.outgoing import Announcer
from capa.usecases.plan_case import PlanCase
from capa.usecases.raise_nonconformity import RaiseNonconformity
from capa.usecases.reassign_action import ReassignAction
from capa.usecases.report_case import ReportCase
from capa.usecases.report_exposure import ReportExposure
from capa.usecases.request_case import RequestCase
from capa.usecases.review_case import ReviewCase
from capa.usecases.step import TakeStep
from capa.usecases.take_case_step import TakeCaseStep
from capa.usecases.take_nonconformity_step import TakeNonconformityStep
from capa.usecases.triage_again import TriageAgain
from capa.usecases.triage_complaint import TriageComplaint
from chassis.app import create_app
from chassis.auth import Keyring
from chassis.database import open_engine
from chassis.gauging import EVERY_SECONDS, KeepGauges
from chassis.health import Health, database_check, schema_check
from chassis.oidc.opening import open_bearer_tokens
from chassis.paging import Cursors
from chassis.pool_metrics import pool_metrics
from chassis.rate_limits import limiter_of
from chassis.run import Loop, watched_loop
from chassis.settings import CannotStart
from chassis.telemetry import dependency_metric
from chassis.tracing import tracer
from chassis.verify_history import Histories
from common.clock import Clock, utc_now
from common.history import Following
from events.contracts.intake import ComplaintAmendedV1, ComplaintReceivedV1
from events.contracts.lifecycle import (
    ComplaintAssessedV1,
    ComplaintLinkedV1,
    ComplaintRejectedV1,
    ComplaintReopenedV1,
    ComplaintWithdrawnV1,
)
from events.contracts.notifier import DeadlineBreachedV1, NoticeSentV1, NoticeUnroutableV1
from events.delivery import GroupHandler, Handlers
from events.failures import CannotOpen
from events.opening import open_transport
from events.postgres.loops import Carriage
from events.postgres.loops import loops as delivery_loops
from events.postgres.metrics import kept
from events.transport import Transport
from events.wake import Wake

SERVICE: Final = "capa"
VERSION: Final = version("redress-capa")
_LOG_CONNECTIONS: Final = 6
_LONGEST_TURN_SECONDS: Final = 180.0
_LONGEST_EVALUATION_SECONDS: Final = 240.0
"""Of all the charts of one watch."""
_PARTS: Final = (
    nonconformities,
    nonconformity_steps,
    reports,
    cases,
    case_steps,
    actions,
    steps,
    action_checks,
    triage_decisions,
    signals,
    exposures,
    indicators,
    management_review,
    effectiveness,
)


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


def build_health(core: Core, loops: Sequence[Loop] = ()) -> Health:
    """Build what probes ask: ready while the database answers with a current schema, live while the loops turn.

    The transport being away makes nothing unready.
    """
    checks = {"database": database_check(core.engine), "schema": schema_check(core.engine, SERVICE)}
    return Health(checks, loops)


def build_app(core: Core, health: Health) -> FastAPI:
    """Build the HTTP API."""
    settings = core.settings
    desk = _desk(core)
    return create_app(
        title="Redress capa",
        version=VERSION,
        description="Nonconformities, corrective-action cases, their actions, why triage decided as it did, and trends of complaints.",
        routers=[part.router_of(desk) for part in _PARTS],
        health=health,
        keyring=Keyring(settings.keys_file, settings.pepper),
        limiter=limiter_of(settings),
        bearer=open_bearer_tokens(settings),
        problems=PROBLEMS,
        examples=WORDS,
        public_url=settings.public_url,
        max_body_bytes=settings.max_body_bytes,
        tags=[
            {"name": nonconformities.TAG, "description": "Requirements that were not met."},
            {
                "name": cases.TAG,
                "description": "Corrective-action cases: why it happened, and that it does not again.",
            },
            {"name": actions.TAG, "description": "What one owner must do by an instant."},
            {"name": triage_decisions.TAG, "description": "What became of each complaint, and why."},
            {"name": signals.TAG, "description": "Complaints that come more often than chance explains."},
            {"name": exposures.TAG, "description": "Units that could have led to a complaint."},
            {"name": indicators.TAG, "description": "How well it goes, in numbers."},
            {"name": management_review.TAG, "description": "What a management review asks about a period."},
        ],
    )


def _desk(core: Core) -> Desk:
    work, clock, told = core.start_work, core.clock, core.announcer
    take_step = TakeStep(work, clock, told)
    figures = ReadIndicators(PostgresFigureRecords(core.engine), core.signals.zone)
    handled = ReadHandlingIndicators(PostgresHandlingRecords(core.engine), core.policy.calendar, clock)
    ledger = ComplaintLedger(PostgresFigureRecords(core.engine))
    case_records = PostgresCaseRecords(core.engine)
    case_step = TakeCaseStep(work, clock, core.case_announcer, told, core.case_policy)
    return Desk(
        records=core.records,
        cursors=Cursors(core.settings.pepper),
        clock=core.clock,
        assign=AssignAction(take_step),
        reassign=ReassignAction(take_step),
        change_due=ChangeDue(take_step, core.policy),
        complete=CompleteAction(take_step),
        cancel=CancelAction(take_step),
        take_step=take_step,
        triage_policy=core.policy,
        raise_nonconformity=RaiseNonconformity(work, clock, told),
        nonconformity_step=TakeNonconformityStep(work, clock, told),
        link_complaint=LinkComplaint(work, clock, told),
        give_action=GiveAction(work, clock, told, core.policy, core.case_policy),
        case_records=case_records,
        case_policy=core.case_policy,
        request_case=RequestCase(work, clock, core.case_announcer, core.case_policy),
        case_step=case_step,
        plan_case=PlanCase(case_records, ledger, clock, case_step),
        review_case=ReviewCase(case_records, ledger, case_step),
        report_case=ReportCase(case_records, core.records, clock, core.case_policy.calendar.zone),
        choose_reports=ChooseReports(case_records, clock),
        write_report=ReportWriter(PdfWriter(core.settings.report_fonts)),
        signal_records=PostgresSignalRecords(core.engine),
        confirm=ConfirmSignal(work, clock, core.policy, told, core.answer_recurrence),
        dismiss=DismissSignal(work, clock, core.answer_recurrence),
        clear=ClearSignal(work, clock, core.signals),
        report_exposure=ReportExposure(work),
        indicators=figures,
        handling_indicators=handled,
        assess=AssessEffectiveness(ledger, clock),
        review=ReadReview(figures, handled, PostgresReviewRecords(core.engine), clock),
    )


def build_handlers(core: Core) -> Handlers:
    """Build what is done on each event; a type that is not named here is ignored."""
    work = core.start_work
    notice = OnNotice(NoteNotice(work))
    triage, groups = TriageComplaint(core.clock, core.policy, core.announcer), groups_of(core.policy)
    heard = GroupHandler(OnComplaintsHeard(HearComplaints(work, triage), groups))
    ended = OnComplaintEnded(NoteEnding(work, core.clock))
    counters.prepare(groups)
    return {
        ComplaintReceivedV1: heard,
        **dict.fromkeys(HEARD_TOGETHER, heard),
        ComplaintAmendedV1: OnComplaintAmended(AmendComplaint(work)),
        ComplaintAssessedV1: OnComplaintAssessed(TriageAgain(work, core.clock, core.policy, core.announcer)),
        ComplaintRejectedV1: ended,
        ComplaintWithdrawnV1: ended,
        ComplaintLinkedV1: ended,
        ComplaintReopenedV1: ended,
        DeadlineBreachedV1: OnDeadlineBreached(NoteBreach(work)),
        NoticeSentV1: notice,
        NoticeUnroutableV1: notice,
    }


def build_announce_again(core: Core) -> AnnounceAgain:
    """Build what tells again what stands in the records."""
    return AnnounceAgain(core.start_work, core.clock, core.announcer, core.case_announcer)


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


def build_histories(core: Core) -> Histories:
    """Build what reads every history, to be verified."""
    return Histories(SERVICE, Following, PostgresHistories(core.engine))


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
