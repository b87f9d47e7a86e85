"""What the API reads and writes."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from capa.api.notice_schemas import NoticeAnswerOut, NoticeOut
from capa.domain.action import Action, Punctuality, State, Step
from capa.domain.severity import Severity
from capa.domain.triage import Outcome
from capa.usecases.reading import ActionView, DecisionView
from chassis.instants import Instant
from common.history import Entry
from events.types import CODE_PATTERN

CodeText = Annotated[str, StringConstraints(pattern=CODE_PATTERN)]
Words = Annotated[str, StringConstraints(max_length=2_000)]
DurationText = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,8}(wd|wh|wm|ws|w|d|h|m|s)$")]


class _In(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class AssignIn(_In):
    """The first owner of an action that only a team has."""

    owner: CodeText = Field(
        description="Who shall do it; a person known to notifier.", examples=["anna.berg"]
    )
    team: CodeText | None = Field(
        None, description="The owner's team; left out, the team stays.", examples=["credit"]
    )
    reason: Words = Field("", description="Why, for those who ask later; may be left out.")


class ReassignIn(_In):
    """Another owner or team."""

    owner: CodeText = Field(
        description="Who shall do it; a person known to notifier.", examples=["anna.berg"]
    )
    team: CodeText | None = Field(
        None, description="The owner's team; left out, the team stays.", examples=["credit"]
    )
    reason: Words = Field(description="Why, for those who ask later.", examples=["on leave until Monday"])


ONE_OF_TWO: Final[dict[str, Any]] = {
    "oneOf": [
        {"required": [name], "properties": {name: {"type": "string"}, other: {"type": "null"}}}
        for name, other in (("due_at", "due"), ("due", "due_at"))
    ]
}
"""What a schema says of a due instant and a duration: one of the two."""


class ChangeDueIn(_In):
    """Another due instant: either the instant itself or a duration counted from now."""

    model_config = ConfigDict(
        json_schema_extra={
            **ONE_OF_TWO,
            "examples": [{"due": "3wd", "reason": "the supplier answers on Friday"}],
        }
    )

    due_at: Instant | None = Field(
        None, description="The new due instant, with its offset.", examples=["2026-12-01T17:00:00+01:00"]
    )
    due: DurationText | None = Field(
        None,
        description="How long from now in the policy's calendar: a whole number and wd, wh, wm, ws (working days, hours, "
        "minutes, seconds) or w, d, h, m, s (elapsed).",
        examples=["3wd"],
    )
    reason: Words = Field(
        description="Why, for those who ask later.", examples=["the supplier answers on Friday"]
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.due_at is None) == (self.due is None):
            raise ValueError("send either due_at or due")
        return self


class CompleteIn(_In):
    """What shows that the action was done."""

    evidence: Words = Field(
        description="What shows that it was done.",
        examples=["All affected letters recalled, list in QM-2231."],
    )
    completed_at: Instant | None = Field(
        None, description="When it was done, if earlier than now; decides early or late."
    )


class CancelIn(_In):
    """Why the action is no longer needed."""

    reason: Words = Field(description="Why, for those who ask later.", examples=["raised in error"])


class BlockerOut(_Out):
    """One thing that stands in the way of a step."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    code: str = Field(description="What, as a code.", examples=["root_cause_missing"])
    detail: str = Field(description="What, in words.")
    fix: str = Field(description="What would help.")


class RefusedStepOut(_Out):
    """A step that is not possible now, and why."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    step: str = Field(description="The step's name.")
    because: list[BlockerOut] = Field(description="Everything that stands in its way.")


class CheckOut(_Out):
    """That somebody else saw that an action was done."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    by: str = Field(description="Who, as kind:id.")
    at: datetime = Field(description="When.")
    statement: str = Field(description="What was seen.")


class CostOut(_Out):
    """What an action cost."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    amount: Decimal = Field(description="The amount.")
    currency: str = Field(description="The currency's code of ISO 4217.")
    note: str = Field(description="What for.")


class ExtensionOut(_Out):
    """A later due time that is asked for."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    due_at: datetime = Field(description="The due time that is asked for.")
    reason: str = Field(description="Why.")
    requested_by: str = Field(description="Who, as kind:id.")
    requested_at: datetime = Field(description="When.")


class ActionOut(_Out):
    """Something that one owner must do by an instant."""

    id: UUID = Field(description="Its identifier.")
    number: str = Field(description="Its number, to be said on the phone.", examples=["A-1001"])
    kind: str = Field(description="What it is for.", examples=["containment"])
    parent_kind: str = Field(description="What kind of thing it belongs to.", examples=["nonconformity"])
    parent_id: UUID = Field(description="The thing that it belongs to.")
    product: str = Field(description="The product's code.")
    title: str = Field(description="What is to be done.")
    owner: str | None = Field(description="Who shall do it; null while only a team has it.")
    team: str | None = Field(description="The owner's team.")
    severity: Severity = Field(description="How grave what it answers is.")
    state: State = Field(
        description="Planned until the plan is approved, then open, completed, verified by another person, or cancelled."
    )
    due_at: datetime = Field(description="When it must be done.")
    overdue: bool = Field(description="Whether it is open and the due instant has passed, as of this answer.")
    original_due_at: datetime = Field(description="When it had to be done at first.")
    due_changes: int = Field(description="How often the due instant was moved.")
    generation: int = Field(description="Counts its deadlines; rises when due instant or owner change.")
    given_at: datetime = Field(description="When it was given.")
    completed_at: datetime | None = Field(description="When it was done.")
    cancelled_at: datetime | None = Field(description="When it was cancelled.")
    punctuality: Punctuality | None = Field(description="Whether it was done by its due instant.")
    evidence: str | None = Field(description="What shows that it was done.")
    causes: list[UUID] = Field(description="The causes of its case that it works against.")
    completed_by: str | None = Field(description="Who completed it, as kind:id.")
    verification: CheckOut | None = Field(description="That somebody else saw that it was done.")
    cost: CostOut | None = Field(description="What it cost.")
    extension: ExtensionOut | None = Field(description="A later due time that waits for a decision.")
    calendar: str = Field(description="The calendar and version that the due instant was found with.")
    policy_version: str = Field(description="The triage policy that the due instant was found with.")
    correlation_id: UUID = Field(description="Ties together all that one complaint caused.")
    version: int = Field(description="Counts its changes; the ETag.")
    allowed_steps: list[Step] = Field(description="What can be done with it now.")
    history: str = Field(description="Where its history is read.")

    @classmethod
    def of(cls, value: Action, now: datetime) -> "ActionOut":
        """Shape an action as of an instant."""
        return cls(**_action(value, now))


class ActionDetailOut(ActionOut):
    """An action with why it is due then, and who was told about it."""

    explanation: dict[str, Any] = Field(description="How the due instant was found, step by step.")
    last_notified_at: datetime | None = Field(description="When somebody was last told about it.")
    breach_noticed_at: datetime | None = Field(
        description="When notifier saw the present deadline pass while the action was open."
    )
    notices: list[NoticeOut] = Field(description="What notifier did about it, newest first, at most 100.")
    notice_answers: list[NoticeAnswerOut] = Field(
        description="Who acknowledged or snoozed its notices, newest first, at most 100 together with `notices`."
    )

    @classmethod
    def of_view(cls, view: ActionView, now: datetime) -> "ActionDetailOut":
        """Shape an action with its notices as of an instant."""
        return cls(
            **_action(view.action, now),
            explanation=dict(view.action.due.explanation),
            last_notified_at=view.last_notified_at,
            breach_noticed_at=view.breach_noticed_at,
            notices=[NoticeOut.of(notice) for notice in view.notices],
            notice_answers=[NoticeAnswerOut.of(answer) for answer in view.answers],
        )


class DecisionOut(_Out):
    """What triage decided about a complaint, and why."""

    id: UUID = Field(description="Its identifier.")
    complaint_id: UUID = Field(description="The complaint's identifier in intake.")
    complaint_number: str = Field(description="The complaint's number.", examples=["C-10023"])
    ordinal: int = Field(description="Counts the decisions about one complaint, from 1.")
    trigger: str = Field(description="What asked for the decision.", examples=["received"])
    outcome: Outcome = Field(description="What became of the complaint.")
    rule: str = Field(description="The policy's rule that led to it.")
    reason: str = Field(description="Why, as a code.")
    explanation: str = Field(description="Why, in words.")
    policy_version: str = Field(description="The version of the policy that was followed.")
    decided_at: datetime = Field(description="When it was decided.")
    nonconformity_id: UUID | None = Field(description="Where the complaint went; null when declined.")
    nonconformity_number: str | None = Field(description="Its number.")

    @classmethod
    def of(cls, value: DecisionView) -> "DecisionOut":
        """Shape a decision."""
        return cls(
            id=value.id,
            complaint_id=value.complaint_id,
            complaint_number=value.complaint_number,
            ordinal=value.ordinal,
            trigger=value.trigger,
            outcome=Outcome(value.outcome),
            rule=value.rule,
            reason=value.reason,
            explanation=value.explanation,
            policy_version=value.policy_version,
            decided_at=value.decided_at,
            nonconformity_id=value.nonconformity_id,
            nonconformity_number=value.nonconformity_number,
        )


class EntryOut(_Out):
    """One line of history; each carries the hash of the one before, so that a later change shows."""

    position: int = Field(description="Counts the lines from 1.")
    at: datetime = Field(description="When it was written down.")
    actor: str = Field(description="Who did it, as kind:id.")
    action: str = Field(description="What was done.")
    changes: dict[str, Any] = Field(description="What changed, from what to what.")
    reason: str = Field(description="Why.")
    previous: str = Field(description="The hash of the line before.")
    hash: str = Field(description="SHA-256 over this line and the hash before.")

    @classmethod
    def of(cls, value: Entry) -> "EntryOut":
        """Shape a line of history."""
        return cls(
            position=value.position,
            at=value.at,
            actor=value.actor,
            action=value.action,
            changes=dict(value.changes),
            reason=value.reason,
            previous=value.previous,
            hash=value.hash,
        )


def _action(value: Action, now: datetime) -> dict[str, Any]:
    return {
        "id": value.id,
        "number": value.number,
        "kind": value.kind,
        "parent_kind": value.parent_kind,
        "parent_id": value.parent_id,
        "product": value.product,
        "title": value.title,
        "owner": value.owner,
        "team": value.team,
        "severity": value.severity,
        "state": value.state,
        "due_at": value.due.at,
        "overdue": value.is_overdue(now),
        "original_due_at": value.original_due_at,
        "due_changes": value.due_changes,
        "generation": value.generation,
        "given_at": value.given_at,
        "completed_at": value.completed_at,
        "cancelled_at": value.cancelled_at,
        "punctuality": value.punctuality,
        "evidence": value.evidence,
        "causes": list(value.causes),
        "completed_by": value.completed_by,
        "verification": None if value.check is None else CheckOut.model_validate(value.check),
        "cost": None if value.cost is None else CostOut.model_validate(value.cost),
        "extension": None if value.extension is None else ExtensionOut.model_validate(value.extension),
        "calendar": value.due.calendar,
        "policy_version": value.due.policy_version,
        "correlation_id": value.correlation_id,
        "version": value.version,
        "allowed_steps": list(value.allowed_steps),
        "history": f"/v1/actions/{value.id}/history",
    }
