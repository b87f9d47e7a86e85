"""Changes of clocks as the deadlines that intake announces."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, assert_never

from common.actor import Actor
from common.ids import new_id
from common.json_pattern import Path
from events.codec import value_of
from events.contracts.deadline import (
    MOST_AT_ONCE,
    DeadlineMetV1,
    DeadlinePausedV1,
    DeadlineResumedV1,
    DeadlineSetV1,
    DeadlinesSetV1,
    DeadlineVoidedV1,
    EachDeadline,
)
from events.contracts.words import Punctuality, Severity
from events.envelope import Contract, Event
from events.series import Beside, Series, Written
from intake.domain.clocks.beginning import Begun
from intake.domain.clocks.clock import Clock, ClockState
from intake.domain.clocks.counting import start_said
from intake.domain.clocks.following import Change, News
from intake.domain.complaint import Complaint
from intake.usecases.outgoing import SOURCE

SUBJECT_KIND: Final = "complaint"
WAITING: Final = "waiting_for_customer"
"""Why a clock stands still."""

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
        # The clocks stand beside what was made for them, so that no others are ever found under their identity.
        self._told_together: dict[int, tuple[Sequence[Clock], list[_Together]]] = {}

    def at_receipt(self, begun: Begun, complaint: Complaint, received: Written) -> list[Written]:
        """Tell of the deadlines that a complaint came with, in the same breath as of the complaint itself."""
        if not begun.like:
            return []
        beside = Beside(received)
        return [
            beside.write(DeadlinesSetV1.type, together.value(begun, complaint, self._link(complaint)))
            for together in self._together(begun)
        ]

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

    def _together(self, begun: Begun) -> Sequence["_Together"]:
        known = self._told_together.get(id(begun.like))
        if known is None:
            if len(self._told_together) >= _REMEMBERED:
                self._told_together.clear()
            starts = range(0, len(begun.like), MOST_AT_ONCE)
            parts = [begun.like[start : start + MOST_AT_ONCE] for start in starts]
            known = begun.like, [_Together(part) for part in parts]
            self._told_together[id(begun.like)] = known
        return known[1]

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


class _Together:
    """Clocks that begin with a complaint, and those of others that are like them, as one event for each complaint."""

    def __init__(self, clocks: Sequence[Clock]) -> None:
        self._clocks: Final = clocks
        self._series: Series | None = None
        self._is_known = False

    def value(self, begun: Begun, complaint: Complaint, link: str) -> bytes:
        """Tell of those of one complaint."""
        if self._series is None:
            told = self._contract(begun, complaint, link)
            if not self._is_known:
                # Of many days' complaints, as an import brings them, few are ever followed by one that is like them.
                self._is_known = True
                return value_of(told)
            self._series = Series(told, self._places())
        own: list[object] = [complaint.id, link]
        for clock in self._clocks:
            start = begun.started_at(clock)
            own += [_title(clock, complaint), start_said(clock.explanation, start), start]
        return self._series.value(own)

    def _contract(self, begun: Begun, complaint: Complaint, link: str) -> DeadlinesSetV1:
        own = {(clock.name, clock.ordinal): clock for clock in begun.clocks}
        clocks = [own[clock.name, clock.ordinal] for clock in self._clocks]
        return DeadlinesSetV1(
            subject_kind=SUBJECT_KIND,
            subject_id=complaint.id,
            severity=Severity(clocks[0].severity.value),
            link=link,
            deadlines=tuple(_each(clock, complaint) for clock in clocks),
        )

    def _places(self) -> list[Path]:
        of_each: tuple[Path, ...] = (("title",), ("explanation", "start"), ("started_at",))
        places: list[Path] = [("subject_id",), ("link",)]
        return places + [("deadlines", nth, *path) for nth in range(len(self._clocks)) for path in of_each]


def _each(clock: Clock, complaint: Complaint) -> EachDeadline:
    return EachDeadline(
        clock=clock.name,
        generation=clock.generation,
        title=_title(clock, complaint),
        due_at=clock.due_at,
        owner=clock.hands.owner,
        team=clock.hands.team,
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
