"""What events tell of how a complaint is handled, as facts that stand by themselves."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from capa.domain.handling import DeadlineStands, HandlingFact, Standing, StepTaken
from events.contracts import deadline as clocks
from events.contracts import lifecycle as steps
from events.contracts.words import Waiting
from events.envelope import Contract, Event
from quality.handling import Kind, Step

_SUBJECT_KIND: Final = "complaint"
_KINDS: Final[Mapping[str, Kind]] = {"acknowledge": "acknowledge", "respond": "respond"}
"""The kinds of clocks that an indicator looks at."""

_WAITS: Final[Mapping[Waiting, Step]] = {
    Waiting.BEGAN: Step.WAITING_BEGAN,
    Waiting.ENDED: Step.WAITING_ENDED,
}

_STEPS: Final[Mapping[type[Contract], tuple[Step, str]]] = {
    steps.ComplaintAcknowledgedV1: (Step.ACKNOWLEDGED, "acknowledged_at"),
    steps.ComplaintAssessedV1: (Step.ASSESSED, "assessed_at"),
    steps.ComplaintRejectedV1: (Step.REJECTED, "rejected_at"),
    steps.ComplaintLinkedV1: (Step.LINKED, "linked_at"),
    steps.ComplaintRespondedV1: (Step.RESPONDED, "responded_at"),
    steps.ComplaintClosedV1: (Step.CLOSED, "closed_at"),
    steps.ComplaintReferredV1: (Step.REFERRED, "referred_at"),
    steps.ComplaintWithdrawnV1: (Step.WITHDRAWN, "withdrawn_at"),
    steps.ComplaintReopenedV1: (Step.REOPENED, "reopened_at"),
}
"""What each event tells, and the field that says when it happened."""

HEARD_TOGETHER: Final[tuple[type[Contract], ...]] = (
    steps.ComplaintAcknowledgedV1,
    steps.ComplaintCustomerUpdatedV1,
    steps.ComplaintRespondedV1,
    steps.ComplaintClosedV1,
    steps.ComplaintReferredV1,
    clocks.DeadlineSetV1,
    clocks.DeadlinesSetV1,
    clocks.DeadlineMetV1,
    clocks.DeadlineVoidedV1,
    clocks.DeadlinePausedV1,
    clocks.DeadlineResumedV1,
)
"""Of what these events tell nothing is decided here."""


def facts_of(event: Event[Any]) -> Sequence[HandlingFact]:
    """Read the facts that an indicator looks at; one event tells several deadlines, or one fact, or none."""
    found: list[HandlingFact | None] = [_step(event) or _deadline(event)]
    if isinstance(event.data, clocks.DeadlinesSetV1):
        found = [_stands(event.data, each, Standing.RUNS) for each in event.data.deadlines]
    return [fact for fact in found if fact is not None]


def step_of(event: Event[Any]) -> StepTaken:
    """Read the step of an event that tells one for certain."""
    step = _step(event)
    if step is None:
        raise ValueError(f"{event.type} tells no step")
    return step


def _step(event: Event[Any]) -> StepTaken | None:
    data = event.data
    if isinstance(data, steps.ComplaintCustomerUpdatedV1):
        step, moment = _WAITS.get(data.waiting), "told_at"
    else:
        step, moment = _STEPS.get(type(data), (None, ""))
    if step is None:
        return None
    return StepTaken(
        complaint_id=data.complaint_id,
        version=event.version,
        step=step,
        at=getattr(data, moment),
        investigated=data.investigated if isinstance(data, steps.ComplaintRespondedV1) else None,
    )


def _deadline(event: Event[Any]) -> DeadlineStands | None:
    told: Any = event.data
    ended_at: datetime | None = None
    match told:
        case clocks.DeadlineSetV1() | clocks.DeadlineResumedV1():
            standing = Standing.RUNS
        case clocks.DeadlinePausedV1():
            standing = Standing.ON_HOLD
        case clocks.DeadlineVoidedV1():
            standing, ended_at = Standing.VOIDED, event.occurred_at
        case clocks.DeadlineMetV1():
            standing, ended_at = Standing.MET, told.met_at
        case _:
            return None
    return _stands(told, told, standing, ended_at)


def _stands(
    about: Any, own: Any, standing: Standing, ended_at: datetime | None = None
) -> DeadlineStands | None:
    """Read how a deadline stands: `about` names its subject, `own` has the rest, and both are one where it is told alone."""
    kind = _KINDS.get(own.kind or "")
    # What an older release announced tells no kind, and none of the rest; the owner tells it again with all of it.
    if about.subject_kind != _SUBJECT_KIND or kind is None:
        return None
    return DeadlineStands(
        complaint_id=about.subject_id,
        clock=own.clock,
        ordinal=own.ordinal,
        kind=kind,
        generation=own.generation,
        standing=standing,
        started_at=own.started_at,
        original_due_at=own.original_due_at,
        due_at=own.due_at,
        ended_at=ended_at,
    )
