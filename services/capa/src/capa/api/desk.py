"""What the routers work with."""

from dataclasses import dataclass
from uuid import UUID

from capa.api.report_writer import ReportWriter
from capa.domain.policy import TriagePolicy
from capa.domain.risk import CasePolicy
from capa.usecases.assess_effectiveness import AssessEffectiveness
from capa.usecases.assign_action import AssignAction
from capa.usecases.cancel_action import CancelAction
from capa.usecases.case_reading import CaseRecords
from capa.usecases.cause import Cause
from capa.usecases.change_due import ChangeDue
from capa.usecases.choose_reports import ChooseReports
from capa.usecases.clear_signal import ClearSignal
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
from capa.usecases.reading import Records
from capa.usecases.reassign_action import ReassignAction
from capa.usecases.report_case import ReportCase
from capa.usecases.report_exposure import ReportExposure
from capa.usecases.request_case import RequestCase
from capa.usecases.review_case import ReviewCase
from capa.usecases.signal_reading import SignalRecords
from capa.usecases.step import TakeStep
from capa.usecases.take_case_step import TakeCaseStep
from capa.usecases.take_nonconformity_step import TakeNonconformityStep
from chassis import correlation
from chassis.auth import Principal
from chassis.paging import Cursors
from common.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Records to read, use cases to call, cursors to page with, and the time to judge overdue by."""

    records: Records
    cursors: Cursors
    clock: Clock
    assign: AssignAction
    reassign: ReassignAction
    change_due: ChangeDue
    complete: CompleteAction
    cancel: CancelAction
    signal_records: SignalRecords
    confirm: ConfirmSignal
    dismiss: DismissSignal
    clear: ClearSignal
    report_exposure: ReportExposure
    indicators: ReadIndicators
    handling_indicators: ReadHandlingIndicators
    review: ReadReview
    assess: AssessEffectiveness
    take_step: TakeStep
    triage_policy: TriagePolicy
    raise_nonconformity: RaiseNonconformity
    nonconformity_step: TakeNonconformityStep
    link_complaint: LinkComplaint
    give_action: GiveAction
    case_records: CaseRecords
    case_policy: CasePolicy
    request_case: RequestCase
    case_step: TakeCaseStep
    report_case: ReportCase
    choose_reports: ChooseReports
    write_report: ReportWriter
    plan_case: PlanCase
    review_case: ReviewCase


def reference_of(text: str) -> UUID | str:
    """Read an id or a spoken number from a path, such as NC-1001 or nc-1001."""
    try:
        return UUID(text)
    except ValueError:
        return text.upper()


def because_of(principal: Principal) -> Cause:
    """Make the cause that a request is; what follows belongs to the story of the thing, and to the request's trace."""
    current = correlation.current()
    if current is None:
        return Cause(principal.actor, rights=principal.scopes)
    return Cause(
        principal.actor,
        traceparent=current.traceparent,
        tracestate=current.tracestate,
        rights=principal.scopes,
    )
