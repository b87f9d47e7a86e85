"""Puts the HTTP API together."""

from typing import Final

from fastapi import FastAPI

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
from capa.core_wiring import VERSION, Core
from capa.db.case_records import PostgresCaseRecords
from capa.db.figure_records import PostgresFigureRecords
from capa.db.handling_records import PostgresHandlingRecords
from capa.db.review_records import PostgresReviewRecords
from capa.db.signal_records import PostgresSignalRecords
from capa.usecases.assess_effectiveness import AssessEffectiveness
from capa.usecases.assign_action import AssignAction
from capa.usecases.cancel_action import CancelAction
from capa.usecases.change_due import ChangeDue
from capa.usecases.choose_reports import ChooseReports
from capa.usecases.clear_signal import ClearSignal
from capa.usecases.complaint_ledger import ComplaintLedger
from capa.usecases.complete_action import CompleteAction
from capa.usecases.confirm_signal import ConfirmSignal
from capa.usecases.dismiss_signal import DismissSignal
from capa.usecases.give_action import GiveAction
from capa.usecases.handling_indicators import ReadHandlingIndicators
from capa.usecases.indicators import ReadIndicators
from capa.usecases.link_complaint import LinkComplaint
from capa.usecases.management_review import ReadReview
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
from chassis.app import create_app
from chassis.auth import Keyring
from chassis.health import Health
from chassis.oidc.opening import open_bearer_tokens
from chassis.paging import Cursors
from chassis.rate_limits import limiter_of

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
