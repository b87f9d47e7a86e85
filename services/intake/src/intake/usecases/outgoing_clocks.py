"""Changes of clocks as the deadlines that intake announces."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, assert_never

from common.actor import Actor
from common.ids import new_id
from events.contracts.deadline import (
    DeadlineMetV1,
    DeadlinePausedV1,
    DeadlineResumedV1,
    DeadlineSetV1,
    DeadlineVoidedV1,
)
from events.contracts.words import Punctuality, Severity
from events.envelope import Contract, Event
from intake.domain.clocks.clock import Clock, ClockState
from intake.domain.clocks.following import Change, News
from intake.domain.complaint import Complaint
from intake.usecases.outgoing import SOURCE

SUBJECT_KIND: Final = "complaint"
WAITING: Final = "waiting_for_customer"
"""Why a clock stands still."""

# Named once: to find the type anew for each event costs as much as to make the event.
_Deadline = Event[Contract]


@dataclass(frozen=True, slots=True)
class Cause:
    """Who had it happen, when it was written down, and where its trace continues."""

    actor: Actor
    now: datetime
    traceparent: str | None = None
    tracestate: str | None = None


class DeadlineAnnouncer:
    """Writes events about deadlines of complaints; links lead to `base_url`, or are paths where there is none."""

    def __init__(self, base_url: str | None) -> None:
        self._base = (base_url or "").rstrip("/")

    def __call__(self, change: Change, complaint: Complaint, cause: Cause) -> Event[Contract]:
        """Tell what changed about a clock of a complaint, under the complaint's key."""
        key = str(complaint.id)
        return _Deadline(
            id=new_id(),
            source=SOURCE,
            key=key,
            subject=key,
            version=complaint.version,
            occurred_at=_occurred_at(change, cause.now),
            recorded_at=cause.now,
            actor=str(cause.actor),
            correlation_id=complaint.correlation_id,
            traceparent=cause.traceparent,
            tracestate=cause.tracestate,
            data=self._told(change, complaint),
        )

    def _told(self, change: Change, complaint: Complaint) -> Contract:
        clock = change.clock
        match change.news:
            case News.SET:
                return self._set(clock, complaint)
            case News.MET:
                return _met(clock)
            case News.PAUSED:
                return DeadlinePausedV1(
                    subject_kind=SUBJECT_KIND,
                    subject_id=clock.complaint_id,
                    clock=clock.name,
                    generation=clock.generation,
                    paused_at=clock.paused_at or clock.set_at,
                    reason=WAITING,
                    due_at=clock.due_at,
                    **_told_of_all(clock),
                )
            case News.RESUMED:
                return DeadlineResumedV1(
                    subject_kind=SUBJECT_KIND,
                    subject_id=clock.complaint_id,
                    clock=clock.name,
                    generation=clock.generation,
                    due_at=clock.due_at,
                    resumed_at=clock.holds[-1].ends if clock.holds else clock.set_at,
                    calendar=clock.calendar,
                    explanation=dict(clock.explanation),
                    **_told_of_all(clock),
                )
            case News.VOIDED:
                return DeadlineVoidedV1(
                    subject_kind=SUBJECT_KIND,
                    subject_id=clock.complaint_id,
                    clock=clock.name,
                    generation=clock.generation,
                    reason=clock.ended_by or clock.state.value,
                    due_at=clock.due_at,
                    **_told_of_all(clock),
                )
            case never:
                assert_never(never)

    def _set(self, clock: Clock, complaint: Complaint) -> DeadlineSetV1:
        return DeadlineSetV1(
            subject_kind=SUBJECT_KIND,
            subject_id=clock.complaint_id,
            clock=clock.name,
            generation=clock.generation,
            title=f"{clock.rule.title}: {clock.about} ({complaint.number})",
            due_at=clock.due_at,
            owner=clock.hands.owner,
            team=clock.hands.team,
            severity=Severity(clock.severity.value),
            link=f"{self._base}/v1/complaints/{complaint.id}",
            ladder=clock.hands.ladder,
            calendar=clock.calendar,
            policy_version=clock.policy_version,
            explanation=dict(clock.explanation),
            **_told_of_all(clock),
        )


def _met(clock: Clock) -> DeadlineMetV1:
    return DeadlineMetV1(
        subject_kind=SUBJECT_KIND,
        subject_id=clock.complaint_id,
        clock=clock.name,
        generation=clock.generation,
        due_at=clock.due_at,
        met_at=clock.ended_at or clock.set_at,
        punctuality=Punctuality.EARLY if clock.state is ClockState.MET else Punctuality.LATE,
        **_told_of_all(clock),
    )


def _told_of_all(clock: Clock) -> dict[str, Any]:
    """Tell with every event what whoever counts deadlines needs, so that each stands by itself."""
    return {
        "kind": clock.rule.kind.value,
        "ordinal": clock.ordinal,
        "started_at": clock.started_at,
        "original_due_at": clock.original_due_at,
    }


def _occurred_at(change: Change, now: datetime) -> datetime:
    clock = change.clock
    match change.news:
        case News.PAUSED:
            return clock.paused_at or now
        case News.MET | News.VOIDED:
            return clock.ended_at or now
        case News.SET | News.RESUMED:
            return now
        case never:
            assert_never(never)
