"""What is read of cases."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from capa.api.effect_answers import BaselineOut, RecurrenceOut
from capa.api.parts import (
    EffectPlanPart,
    LessonsPart,
    LinkPart,
    MemberPart,
    NodePart,
    ProblemPart,
    RatingsPart,
)
from capa.api.schemas import ActionOut, ExtensionOut, RefusedStepOut
from capa.domain.blockers import allowed
from capa.domain.case.analysis import Method
from capa.domain.case.case import Case, State, Step
from capa.domain.case.guards import Circumstances, blocked
from capa.domain.case.values import CauseKind, Covers, Nature, Rejection, Result, Source
from capa.domain.risk import Clock, Level, Recurrence
from capa.domain.severity import Severity
from capa.usecases.case_reading import SignedPart, SimilarRecord


class Out(BaseModel):
    """An answer that is read from a value."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class WarningOut(Out):
    """Something that is possible and yet doubtful."""

    code: str = Field(description="What, as a code.", examples=["weak_cause"])
    detail: str = Field(description="What, in words.")


class RiskOut(Out):
    """How great the risk is, and how that was found."""

    level: Level = Field(description="The level.")
    severity: Severity = Field(description="The severity that it was found from.")
    recurrence: Recurrence = Field(description="How often it had happened then.")
    ratings: RatingsPart | None = Field(description="The three ratings, where they were given.")
    table: str = Field(description="The table that gave it.", examples=["severity_recurrence"])
    policy_version: str = Field(description="The version of the policy of cases.")


class ContainmentOut(Out):
    """That the trouble is contained."""

    needed: bool = Field(description="Whether anything had to be contained.")
    explanation: str = Field(description="How it was validated, or why none was needed.")
    validated_by: str = Field(description="Who said so, as kind:id.")
    validated_at: datetime = Field(description="When.")


class CauseTestOut(Out):
    """How a cause was tested."""

    test: str = Field(description="The test.")
    passed: bool = Field(description="Whether the test confirmed the cause.")
    conclusion: str = Field(description="What follows.")
    tested_by: str = Field(description="Who, as kind:id.")
    tested_at: datetime = Field(description="When.")


class CauseOut(Out):
    """A cause, how it was found and how it was tested."""

    id: UUID = Field(description="Its identifier.")
    kind: CauseKind = Field(description="root: why it happened; escape: why nobody noticed.")
    nature: Nature = Field(description="What kind of thing it is.")
    statement: str = Field(description="The cause in a sentence.")
    method: Method = Field(description="How it was found.")
    analysis: list[NodePart] = Field(description="The analysis, box by box.")
    evidence: str = Field(description="What speaks for it.")
    cycle: int = Field(description="The round that found it.")
    recorded_by: str = Field(description="Who, as kind:id.")
    recorded_at: datetime = Field(description="When.")
    test: CauseTestOut | None = Field(description="How it was tested; null while it was not.")


class SimilarAnswerOut(Out):
    """Whether the same is found elsewhere."""

    found: bool = Field(description="Whether it is.")
    links: list[LinkPart] = Field(description="Records that show it.")
    explanation: str = Field(description="Why that is said.")
    answered_by: str = Field(description="Who, as kind:id.")
    answered_at: datetime = Field(description="When.")


class VerificationOut(Out):
    """That the plan was carried out."""

    statement: str = Field(description="What was seen.")
    adverse_effects: bool = Field(description="Whether the actions did harm elsewhere.")
    adverse_effects_explanation: str = Field(description="What harm, or what shows that there is none.")
    containment_removed: str = Field(description="How the containment was taken away.")
    verified_by: str = Field(description="Who, as kind:id.")
    verified_at: datetime = Field(description="When.")


class ReviewOut(Out):
    """What a check of the effect said."""

    result: Result = Field(description="Whether the actions were effective.")
    source: Source = Field(description="Whether the counts were reported, or complaints on record counted.")
    baseline_events: int = Field(description="How many events there were before the work.")
    baseline_exposure: float = Field(description="In how much exposure.")
    events: int = Field(description="How many events there were in the window.")
    exposure: float = Field(description="In how much exposure.")
    same_cause: int = Field(
        description="How many of them, of severity major or worse, have the same verified cause."
    )
    p_value: float | None = Field(
        description="The probability of so few events or fewer without any change; null where it is not defined."
    )
    reckoning: list[str] = Field(description="The test, step by step.")
    explanation: str = Field(description="What the reviewer says of the figures.")
    cycle: int = Field(description="The round that was judged.")
    reviewed_by: str = Field(description="Who, as kind:id.")
    reviewed_at: datetime = Field(description="When.")


class HoldOut(Out):
    """That work waits."""

    reason: str = Field(description="Why.")
    held_by: str = Field(description="Who said so, as kind:id.")
    held_at: datetime = Field(description="Since when.")
    state: str = Field(description="Where it goes on.")


class CaseDeadlineOut(Out):
    """A clock of the case that runs."""

    clock: Clock = Field(description="What it runs for.")
    owner: str | None = Field(description="Who must act.")
    team: str | None = Field(description="The team that must act, where no owner is named.")
    due_at: datetime = Field(description="By when.")
    overdue: bool = Field(description="Whether that has passed, as of this answer.")
    generation: int = Field(description="Rises with each deadline of the case.")
    explanation: dict[str, Any] = Field(description="How the due time was found, step by step.")


class SignatureOut(Out):
    """Who signed which part, and what that means."""

    id: UUID = Field(description="Its identifier.")
    covers: Covers = Field(description="The part that is signed.")
    meaning: str = Field(description="What the signature means.", examples=["approval"])
    signer: str = Field(description="Who signed, as kind:id.")
    printed_name: str = Field(description="The signer's printed name.")
    credential: str = Field(description="How the signer proved anew who they are.", examples=["api_key"])
    signed_at: datetime = Field(description="When.")
    cycle: int = Field(description="The round in which it was signed.")
    state_hash: str = Field(description="SHA-256 of the signed part as canonical JSON.")
    hash: str = Field(description="SHA-256 of the signature's own record.")
    voided_at: datetime | None = Field(
        description="When the signed part changed, which voids it; null while it holds."
    )


class CaseOut(Out):
    """A corrective-action case."""

    id: UUID = Field(description="Its identifier.")
    number: str = Field(description="Its number, to be said on the phone.", examples=["CA-1001"])
    title: str = Field(description="What is wrong, in a line.")
    state: State = Field(description="Where it is in its life.")
    product: str = Field(description="The product's code.")
    category: str = Field(description="The category's code.")
    severity: Severity = Field(description="How bad the consequence is.")
    risk: RiskOut | None = Field(description="How great the risk is; null until it is accepted.")
    owner: str | None = Field(description="Who is responsible for it.")
    approver: str | None = Field(description="Who approves it; never the owner.")
    nonconformity_ids: list[UUID] = Field(description="The nonconformities that it answers.")
    recurrence_of: UUID | None = Field(description="The ended case whose trouble came back.")
    requested_at: datetime = Field(description="When it was asked for.")
    accepted_at: datetime | None = Field(description="When it was accepted.")
    due_at: datetime | None = Field(description="By when the plan must be carried out and verified.")
    original_due_at: datetime | None = Field(description="The due time that was set first.")
    due_changes: int = Field(description="How often a later due time was granted.")
    overdue: bool = Field(description="Whether a clock of it has run out, as of this answer.")
    monitoring_until: datetime | None = Field(description="When the window ends in which the effect shows.")
    closed_at: datetime | None = Field(description="When it was closed, rejected or cancelled.")
    cycle: int = Field(description="Counts its rounds through investigation, plan and check.")
    correlation_id: UUID = Field(description="Ties together all that one complaint caused.")
    version: int = Field(description="Counts its changes; the ETag.")

    @classmethod
    def of(cls, value: Case, now: datetime) -> Self:
        """Shape a case as of an instant."""
        return cls.model_validate(_Shaped(value, now))


class CaseDetailOut(CaseOut):
    """A case with all that is in it, and what can be done with it."""

    description: str = Field(description="What was known when it was asked for.")
    requested_by: str = Field(description="Who asked, as kind:id.")
    rejection: Rejection | None = Field(description="Why the request became no case.")
    ended_because: str | None = Field(description="Why it was rejected or cancelled.")
    team: list[MemberPart] = Field(description="Who works on it.")
    extension: ExtensionOut | None = Field(description="A later due time that waits for a decision.")
    containment: ContainmentOut | None = Field(description="That the trouble is contained.")
    problem: ProblemPart | None = Field(description="The problem statement.")
    causes: list[CauseOut] = Field(description="Causes of all rounds.")
    similar: SimilarAnswerOut | None = Field(description="Whether the same is found elsewhere.")
    effect_plan: EffectPlanPart | None = Field(description="How the effect will be judged.")
    baseline: BaselineOut | None = Field(
        description="How the plan's baseline was counted; null where it was reported."
    )
    plan_approved_at: datetime | None = Field(description="When the plan was signed.")
    implemented_at: datetime | None = Field(description="When it was said to be carried out.")
    verification: VerificationOut | None = Field(description="That it was carried out.")
    monitoring_from: datetime | None = Field(description="When the window of monitoring begins.")
    reviews: list[ReviewOut] = Field(description="Checks of the effect, oldest first.")
    lessons: LessonsPart | None = Field(description="What prevents it elsewhere.")
    recurrences: list[RecurrenceOut] = Field(
        description="That its trouble came back after a closing, oldest first."
    )
    hold: HoldOut | None = Field(description="That work waits.")
    deadlines: list[CaseDeadlineOut] = Field(description="The clocks that run.")
    signatures: list[SignatureOut] = Field(description="Signatures, oldest first; those that are void too.")
    actions: list[ActionOut] = Field(description="Its actions.")
    warnings: list[WarningOut] = Field(description="What is possible and yet doubtful.")
    allowed_steps: list[Step] = Field(description="What the caller can do with it now.")
    refused_steps: list[RefusedStepOut] = Field(description="What is not possible now, and why.")
    history: str = Field(description="Where its history is read.")

    @classmethod
    def detailed(cls, value: Case, around: Circumstances) -> Self:
        """Shape a case for whoever asks."""
        return cls.model_validate(_Detailed(value, around))


class SimilarOut(Out):
    """A record, open or closed, that shows the same or something like it."""

    kind: Literal["nonconformity", "case"] = Field(description="What it is.")
    id: UUID = Field(description="Its identifier.")
    number: str = Field(description="Its number.")
    state: str = Field(description="Where it is in its life.")
    product: str = Field(description="The product's code.")
    category: str = Field(description="The category's code.")
    severity: Severity = Field(description="How bad the consequence is.")
    title: str = Field(description="What it says of itself.")
    at: datetime = Field(description="When it was raised or asked for.")
    reasons: list[str] = Field(
        description="Why it is listed: same_product, same_category, same_nature (of a confirmed cause)."
    )

    @classmethod
    def of(cls, value: SimilarRecord) -> "SimilarOut":
        """Shape a similar record."""
        return cls.model_validate(value)


class SimilarListOut(Out):
    """What is similar elsewhere."""

    items: list[SimilarOut] = Field(description="Most alike first, then newest; at most 50.")


class SignedPartOut(Out):
    """A signature with what was signed."""

    signature: SignatureOut = Field(description="The signature.")
    document: dict[str, Any] = Field(description="The part of the case as it was signed.")


class SignaturesOut(Out):
    """The signatures of a case, to be kept and checked without this system."""

    number: str = Field(description="The case's number.")
    signatures: list[SignedPartOut] = Field(description="Oldest first; those that are void too.")

    @classmethod
    def of(cls, case: Case, parts: list[SignedPart]) -> "SignaturesOut":
        """Shape the signatures of a case."""
        return cls.model_validate({"number": case.number, "signatures": parts})


class _Shaped:
    """A case's fields, and beside them what an instant makes of them."""

    def __init__(self, case: Case, now: datetime) -> None:
        self._case = case
        self._now = now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._case, name)

    @property
    def due_at(self) -> datetime | None:
        return None if self._case.due is None else self._case.due.at

    @property
    def overdue(self) -> bool:
        return self._case.is_overdue(self._now)


class _Detailed(_Shaped):
    """A case's fields, and beside them what can be done with it by whoever asks."""

    def __init__(self, case: Case, around: Circumstances) -> None:
        super().__init__(case, around.now)
        self._around = around
        self._blocked = blocked(case, around)

    @property
    def actions(self) -> list[ActionOut]:
        return [ActionOut.of(each, self._now) for each in self._around.actions]

    @property
    def warnings(self) -> list[WarningOut]:
        return [WarningOut(code=code, detail=detail) for code, detail in self._case.warnings()]

    @property
    def deadlines(self) -> list[dict[str, Any]]:
        return [
            {
                "clock": each.clock,
                "owner": each.owner,
                "team": each.team,
                "due_at": each.due.at,
                "overdue": each.due.at < self._now,
                "generation": each.generation,
                "explanation": dict(each.due.explanation),
            }
            for each in self._case.deadlines
        ]

    @property
    def allowed_steps(self) -> tuple[Step, ...]:
        return allowed(self._blocked)

    @property
    def refused_steps(self) -> list[dict[str, Any]]:
        return [
            {"step": step.value, "because": because} for step, because in self._blocked.items() if because
        ]

    @property
    def history(self) -> str:
        return f"/v1/cases/{self._case.id}/history"
