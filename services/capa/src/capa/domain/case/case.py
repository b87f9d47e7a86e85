"""The case itself, its states and the steps between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from capa.domain.case.values import (
    Cause,
    CauseKind,
    Containment,
    CountedBaseline,
    Covers,
    Deadline,
    EffectPlan,
    Hold,
    Lessons,
    Member,
    Nature,
    Problem,
    RecurrenceFound,
    Rejection,
    Result,
    Review,
    Signature,
    SimilarAnswer,
    Verification,
)
from capa.domain.due import Due
from capa.domain.extension import Extension
from capa.domain.risk import Risk
from capa.domain.severity import Severity
from common.refusals import Stale


class State(StrEnum):
    """Where a case is in its life."""

    REQUESTED = "requested"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    CONTAINMENT = "containment"
    INVESTIGATING = "investigating"
    PLAN_PENDING_APPROVAL = "plan_pending_approval"
    IMPLEMENTING = "implementing"
    VERIFYING = "verifying"
    MONITORING = "monitoring"
    EFFECTIVENESS_REVIEW = "effectiveness_review"
    CLOSED_EFFECTIVE = "closed_effective"
    ON_HOLD = "on_hold"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What people can do with a case; the value is its name in URLs. The end of monitoring is time's doing."""

    ACCEPT = "accept"
    REJECT = "reject"
    LINK_NONCONFORMITY = "link-nonconformity"
    ASSIGN_TEAM = "assign-team"
    ASSESS_RISK = "assess-risk"
    START_CONTAINMENT = "start-containment"
    CONTAIN = "contain"
    DESCRIBE_PROBLEM = "describe-problem"
    RECORD_CAUSE = "record-cause"
    VERIFY_CAUSE = "verify-cause"
    ANSWER_SIMILAR = "answer-similar"
    ADD_ACTION = "add-action"
    PLAN_EFFECTIVENESS = "plan-effectiveness"
    SUBMIT_PLAN = "submit-plan"
    APPROVE_PLAN = "approve-plan"
    REJECT_PLAN = "reject-plan"
    REPORT_IMPLEMENTED = "report-implemented"
    SEND_BACK = "send-back"
    VERIFY = "verify"
    REVIEW_EFFECTIVENESS = "review-effectiveness"
    CLOSE = "close"
    REOPEN = "reopen"
    REQUEST_EXTENSION = "request-extension"
    DECIDE_EXTENSION = "decide-extension"
    HOLD = "hold"
    RESUME = "resume"
    CANCEL = "cancel"


FINAL: Final = frozenset({State.REJECTED, State.CLOSED_EFFECTIVE, State.CANCELLED})
"""No work runs here; of a closed case only the answer to a recurrence may be due, and it may be opened again."""

_PLANNING: Final = frozenset({State.INVESTIGATING, State.PLAN_PENDING_APPROVAL})
_BEFORE_WORK: Final = frozenset({State.ACCEPTED, State.CONTAINMENT, *_PLANNING})
TIMED: Final = frozenset({*_BEFORE_WORK, State.IMPLEMENTING, State.VERIFYING})
"""While the case's own due time runs."""

WORKING: Final = frozenset({*TIMED, State.MONITORING, State.EFFECTIVENESS_REVIEW})

POSSIBLE_IN: Final[Mapping[Step, frozenset[State]]] = {
    Step.ACCEPT: frozenset({State.REQUESTED}),
    Step.REJECT: frozenset({State.REQUESTED}),
    Step.LINK_NONCONFORMITY: frozenset({State.REQUESTED, *_BEFORE_WORK}),
    Step.ASSIGN_TEAM: WORKING,
    Step.ASSESS_RISK: _BEFORE_WORK,
    Step.START_CONTAINMENT: frozenset({State.ACCEPTED}),
    Step.CONTAIN: frozenset({State.CONTAINMENT}),
    Step.DESCRIBE_PROBLEM: frozenset({State.CONTAINMENT, State.INVESTIGATING}),
    Step.RECORD_CAUSE: frozenset({State.INVESTIGATING}),
    Step.VERIFY_CAUSE: frozenset({State.INVESTIGATING}),
    Step.ANSWER_SIMILAR: frozenset({State.INVESTIGATING}),
    Step.ADD_ACTION: frozenset({State.CONTAINMENT, *_PLANNING, State.IMPLEMENTING}),
    Step.PLAN_EFFECTIVENESS: _PLANNING,
    Step.SUBMIT_PLAN: frozenset({State.INVESTIGATING}),
    Step.APPROVE_PLAN: frozenset({State.PLAN_PENDING_APPROVAL, State.IMPLEMENTING}),
    Step.REJECT_PLAN: frozenset({State.PLAN_PENDING_APPROVAL}),
    Step.REPORT_IMPLEMENTED: frozenset({State.IMPLEMENTING}),
    Step.SEND_BACK: frozenset({State.VERIFYING}),
    Step.VERIFY: frozenset({State.VERIFYING}),
    Step.REVIEW_EFFECTIVENESS: frozenset({State.EFFECTIVENESS_REVIEW}),
    Step.CLOSE: frozenset({State.EFFECTIVENESS_REVIEW}),
    Step.REOPEN: frozenset({State.CLOSED_EFFECTIVE}),
    Step.REQUEST_EXTENSION: TIMED,
    Step.DECIDE_EXTENSION: TIMED,
    Step.HOLD: frozenset({State.REQUESTED, *WORKING}),
    Step.RESUME: frozenset({State.ON_HOLD}),
    Step.CANCEL: frozenset({*WORKING, State.ON_HOLD}),
}
"""In which states each step is possible, if nothing else is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One corrective-action effort; `cycle` counts its rounds through investigation, plan and check from 1."""

    id: UUID
    number: str
    title: str
    description: str
    product: str
    category: str
    severity: Severity
    nonconformity_ids: tuple[UUID, ...]
    recurrence_of: UUID | None
    requested_by: str
    requested_at: datetime
    correlation_id: UUID
    state: State = State.REQUESTED
    rejection: Rejection | None = None
    owner: str | None = None
    approver: str | None = None
    team: tuple[Member, ...] = ()
    risk: Risk | None = None
    accepted_at: datetime | None = None
    due: Due | None = None
    original_due_at: datetime | None = None
    due_changes: int = 0
    extension: Extension | None = None
    containment: Containment | None = None
    problem: Problem | None = None
    causes: tuple[Cause, ...] = ()
    similar: SimilarAnswer | None = None
    effect_plan: EffectPlan | None = None
    baseline: CountedBaseline | None = None
    plan_approved_at: datetime | None = None
    approved_actions: int = 0
    implemented_at: datetime | None = None
    verification: Verification | None = None
    monitoring_from: datetime | None = None
    monitoring_until: datetime | None = None
    window_extended: bool = False
    reviews: tuple[Review, ...] = ()
    lessons: Lessons | None = None
    closed_at: datetime | None = None
    recurrences: tuple[RecurrenceFound, ...] = ()
    ended_because: str | None = None
    hold: Hold | None = None
    deadlines: tuple[Deadline, ...] = ()
    generation: int = 0
    signatures: tuple[Signature, ...] = ()
    cycle: int = 1
    version: int = 1

    def expect(self, version: int | None) -> None:
        """Refuse when the caller read another version than the current one; None asks for no check."""
        if version is not None and version != self.version:
            raise Stale(
                f"Version {version} of {self.number} was read, but the current version is {self.version}: read it again.",
                self.version,
            )

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether its own due time, or that of a clock that runs, has passed."""
        return any(each.due.at < now for each in self.deadlines)

    @property
    def review(self) -> Review | None:
        """The last check of the effect in this round."""
        return self.reviews[-1] if self.reviews and self.reviews[-1].cycle == self.cycle else None

    def confirmed(self, kind: CauseKind | None = None) -> tuple[Cause, ...]:
        """List this round's causes whose test they passed."""
        return tuple(
            cause
            for cause in self.causes
            if cause.cycle == self.cycle
            and cause.test is not None
            and cause.test.passed
            and kind in {None, cause.kind}
        )

    def signed(self, covers: Covers) -> Signature | None:
        """Find the signature of this round on a part, where it still holds."""
        return next(
            (
                each
                for each in reversed(self.signatures)
                if (each.covers, each.cycle, each.voided_at) == (covers, self.cycle, None)
            ),
            None,
        )

    def warnings(self) -> Iterator[tuple[str, str]]:
        """Tell what is possible and yet doubtful, as codes and sentences."""
        causes = self.confirmed(CauseKind.ROOT)
        if causes and all(cause.nature in {Nature.HUMAN_ERROR, Nature.TRAINING} for cause in causes):
            yield (
                "weak_cause",
                "Human error or lack of training is the only root cause: ask what made the error likely.",
            )
        if self.effect_plan is not None and self.effect_plan.baseline_events == 0:
            yield "no_baseline", "Nothing was counted before the work, so that no reduction can show."

    @property
    def undecided_recurrence(self) -> RecurrenceFound | None:
        """The recurrence that waits for somebody to decide, while the case is closed."""
        last = self.recurrences[-1] if self.recurrences else None
        waits = last is not None and last.decision is None and last.cycle == self.cycle
        return last if waits and self.state is State.CLOSED_EFFECTIVE else None

    @property
    def is_effective(self) -> bool:
        """Tell whether this round's check said so."""
        return self.review is not None and self.review.result is Result.EFFECTIVE
