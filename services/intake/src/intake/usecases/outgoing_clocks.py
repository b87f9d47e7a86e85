"""Changes of clocks as the deadlines that intake announces."""

from collections.abc import Iterable
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
from events.series import Beside, Series, Written
from intake.domain.clocks.clock import Clock, ClockState
from intake.domain.clocks.following import Change, News
from intake.domain.clocks.rule import ClockRule
from intake.domain.complaint import Complaint
from intake.usecases.outgoing import SOURCE

SUBJECT_KIND: Final = "complaint"
WAITING: Final = "waiting_for_customer"
"""Why a clock stands still."""

_OWN: Final = ("subject_id", "title", "link", "explanation", "started_at")
"""What each deadline of a rule has of its own, of those that begin on one day."""
_REMEMBERED: Final = 2_048

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
        # The rule stands beside what was made for it, so that no other one is ever found under its identity.
        self._series: dict[tuple[object, ...], tuple[ClockRule, Series]] = {}

    def at_receipt(
        self, clocks: Iterable[Clock], complaint: Complaint, received: Event[Contract]
    ) -> list[Written]:
        """Tell of the deadlines that a complaint came with, in the same breath as of the complaint itself."""
        beside = Beside(received)
        return [beside.write(DeadlineSetV1.type, self._set_like_others(clock, complaint)) for clock in clocks]

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
                    explanation=clock.explained,
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

    def _set_like_others(self, clock: Clock, complaint: Complaint) -> bytes:
        shared = (
            id(clock.rule),
            clock.ordinal,
            clock.generation,
            clock.due_at,
            clock.original_due_at,
            clock.hands,
            clock.severity,
            clock.calendar,
            clock.policy_version,
        )
        known = self._series.get(shared)
        if known is None:
            if len(self._series) >= _REMEMBERED:
                self._series.clear()
            known = clock.rule, Series(self._set(clock, complaint), own=_OWN)
            self._series[shared] = known
        return known[1].value(
            subject_id=clock.complaint_id,
            title=_title(clock, complaint),
            link=self._link(complaint),
            explanation=clock.explained,
            started_at=clock.started_at,
        )

    def _link(self, complaint: Complaint) -> str:
        return f"{self._base}/v1/complaints/{complaint.id}"

    def _set(self, clock: Clock, complaint: Complaint) -> DeadlineSetV1:
        return DeadlineSetV1(
            subject_kind=SUBJECT_KIND,
            subject_id=clock.complaint_id,
            clock=clock.name,
            generation=clock.generation,
            title=_title(clock, complaint),
            due_at=clock.due_at,
            owner=clock.hands.owner,
            team=clock.hands.team,
            severity=Severity(clock.severity.value),
            link=self._link(complaint),
            ladder=clock.hands.ladder,
            calendar=clock.calendar,
            policy_version=clock.policy_version,
            explanation=clock.explained,
            **_told_of_all(clock),
        )


def _title(clock: Clock, complaint: Complaint) -> str:
    return f"{clock.rule.title}: {clock.about} ({complaint.number})"


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
