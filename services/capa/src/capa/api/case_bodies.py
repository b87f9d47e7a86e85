"""What is sent with each step of a case."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from capa.api.parts import (
    LessonsPart,
    Line,
    LinkPart,
    MemberPart,
    Nodes,
    ProblemPart,
    RatingsPart,
    SignatureIn,
    value_of,
)
from capa.api.schemas import CodeText, Words
from capa.domain.case import analysing, carrying_out, judging, pausing, planning, screening
from capa.domain.case.analysis import Method
from capa.domain.case.command import Command
from capa.domain.case.signing import Pledge
from capa.domain.case.values import CauseKind, Nature, Rejection
from capa.domain.risk import Recurrence
from capa.domain.severity import Severity
from chassis.instants import Instant

_WHY = "Why, for those who ask later."


class RequestCaseIn(BaseModel):
    """What a case is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Line = Field(description="What is wrong, in a line.", examples=["Wrong fees in letters"])
    description: Words = Field("", description="What is known about it.")
    product: CodeText = Field(description="The product's code.", examples=["credit-card"])
    category: CodeText = Field(description="The category's code.", examples=["fees"])
    severity: Severity = Field(description="How bad the consequence is.")
    nonconformity_ids: list[UUID] = Field(
        [], description="The nonconformities that it answers.", max_length=100
    )
    recurrence_of: UUID | None = Field(
        None, description="The ended case whose trouble came back: this one is its successor."
    )

    def value(self) -> screening.Request:
        """Make what the rules know."""
        return screening.Request(**{name: value_of(getattr(self, name)) for name in type(self).model_fields})


class StepIn(BaseModel):
    """What one step is given; `makes` is the step as the rules know it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    makes: ClassVar[type[Command]]

    def command(self, pledge: Pledge | None) -> Command:
        """Make the step, with the signature where it needs one."""
        given: dict[str, Any] = {name: value_of(getattr(self, name)) for name in type(self).model_fields}
        if pledge is not None:
            given["signature"] = pledge
        return self.makes(**given)


class AcceptIn(StepIn):
    """Who owns an accepted case, who approves it, and how great its risk is."""

    makes: ClassVar[type[Command]] = screening.Accept

    owner: CodeText = Field(description="Who is responsible for the case.", examples=["anna.berg"])
    approver: CodeText = Field(description="Who approves it; never the owner.", examples=["quinn.ash"])
    team: list[MemberPart] = Field([], description="Who else works on it.", max_length=50)
    severity: Severity = Field(description="How bad the consequence is, as screening sees it.")
    recurrence: Recurrence = Field(description="How often it happened.")
    ratings: RatingsPart | None = Field(
        None, description="Three ratings, where the risk shall be found by the action-priority table."
    )
    reason: Words = Field("", description=_WHY)


class RejectIn(StepIn):
    """Why a request becomes no case."""

    makes: ClassVar[type[Command]] = screening.Reject

    rejection: Rejection = Field(description="The reason as a code.")
    explanation: Words = Field(description="The reason in words.", examples=["CA-1007 covers it."])


class LinkNonconformityIn(StepIn):
    """A further nonconformity that the case answers."""

    makes: ClassVar[type[Command]] = screening.LinkNonconformity

    nonconformity_id: UUID = Field(description="Its identifier.")


class AssignTeamIn(StepIn):
    """Who owns the case, who approves it, and who works on it, from now on."""

    makes: ClassVar[type[Command]] = screening.AssignTeam

    owner: CodeText = Field(description="Who is responsible for the case.", examples=["anna.berg"])
    approver: CodeText = Field(description="Who approves it; never the owner.", examples=["quinn.ash"])
    team: list[MemberPart] = Field(description="Who else works on it.", max_length=50)
    reason: Words = Field(description=_WHY, examples=["the team is complete"])


class AssessRiskIn(StepIn):
    """How great the risk is, judged anew."""

    makes: ClassVar[type[Command]] = screening.AssessRisk

    severity: Severity = Field(description="How bad the consequence is.")
    recurrence: Recurrence = Field(description="How often it happened.")
    ratings: RatingsPart | None = Field(
        None, description="Three ratings, where the risk shall be found by the action-priority table."
    )
    reason: Words = Field(description=_WHY, examples=["a second plant is affected"])


class StartContainmentIn(StepIn):
    """Nothing: the step says it all."""

    makes: ClassVar[type[Command]] = screening.StartContainment


class ContainIn(StepIn):
    """How the containment was validated, or why there is none."""

    makes: ClassVar[type[Command]] = analysing.Contain

    needed: bool = Field(description="Whether anything had to be contained.")
    explanation: Words = Field(
        description="How it was validated that the containment holds, or why none is needed.",
        examples=["A sample of 50 letters shows no wrong fee."],
    )


class DescribeProblemIn(StepIn):
    """The problem statement, which replaces an earlier one."""

    makes: ClassVar[type[Command]] = analysing.DescribeProblem

    problem: ProblemPart = Field(description="The problem statement.")


class RecordCauseIn(StepIn):
    """A possible cause, and how it was found."""

    makes: ClassVar[type[Command]] = analysing.RecordCause

    kind: CauseKind = Field(description="root: why it happened; escape: why nobody noticed.")
    nature: Nature = Field(description="What kind of thing it is.")
    statement: Words = Field(
        description="The cause in a sentence.", examples=["Nobody reviews the fee table."]
    )
    method: Method = Field(description="How it was found.")
    analysis: Nodes = Field(description="The 5 Whys, the Ishikawa diagram or the fault tree, box by box.")
    evidence: Words = Field(description="What speaks for it.", examples=["Change log of May."])


class VerifyCauseIn(StepIn):
    """How a cause was tested, and what that showed."""

    makes: ClassVar[type[Command]] = analysing.VerifyCause

    cause_id: UUID = Field(description="The cause.")
    test: Words = Field(description="The test.", examples=["Switched the review off and on again."])
    passed: bool = Field(description="Whether the test confirmed the cause.")
    conclusion: Words = Field(description="What follows.", examples=["Without the review it comes back."])


class AnswerSimilarIn(StepIn):
    """Whether the same is found elsewhere."""

    makes: ClassVar[type[Command]] = analysing.AnswerSimilar

    found: bool = Field(description="Whether something like it is found or possible elsewhere.")
    links: list[LinkPart] = Field([], description="Records that show it.", max_length=100)
    explanation: Words = Field(description="Why that is said.", examples=["No other product uses the table."])


class SubmitPlanIn(StepIn):
    """Nothing: the step says it all."""

    makes: ClassVar[type[Command]] = planning.SubmitPlan


class ApprovePlanIn(StepIn):
    """The approver's signature on the plan."""

    makes: ClassVar[type[Command]] = planning.ApprovePlan

    reason: Words = Field("", description=_WHY)
    signature: SignatureIn = Field(description="The signature: approval.")


class RejectPlanIn(StepIn):
    """Why a plan is not approved."""

    makes: ClassVar[type[Command]] = planning.RejectPlan

    reason: Words = Field(description=_WHY, examples=["Training alone will not hold."])


class ReportImplementedIn(StepIn):
    """What shows that the plan was carried out."""

    makes: ClassVar[type[Command]] = carrying_out.ReportImplemented

    evidence: Words = Field(description="What shows it.", examples=["All actions are done, see QM-2231."])


class SendBackIn(StepIn):
    """Why the plan is not carried out."""

    makes: ClassVar[type[Command]] = carrying_out.SendBack

    reason: Words = Field(description=_WHY, examples=["The review is not in the calendar."])


class VerifyIn(StepIn):
    """That the plan was carried out, and what else it did."""

    makes: ClassVar[type[Command]] = carrying_out.Verify

    statement: Words = Field(description="What was seen.", examples=["The review took place on Monday."])
    adverse_effects: bool = Field(description="Whether the actions did harm elsewhere.")
    adverse_effects_explanation: Words = Field(
        description="What harm, or what shows that there is none.", examples=["Lead time is unchanged."]
    )
    containment_removed: Words = Field(
        description="How the containment was taken away, or why there was none.", examples=["Sorting ended."]
    )


class CloseIn(StepIn):
    """What prevents the same elsewhere."""

    makes: ClassVar[type[Command]] = judging.Close

    lessons: LessonsPart = Field(description="What was learned, and where it went.")
    signature: SignatureIn = Field(description="The approver's signature: closure.")


class ReopenIn(StepIn):
    """Why a closed case is opened again."""

    makes: ClassVar[type[Command]] = judging.Reopen

    reason: Words = Field(description=_WHY, examples=["NC-1044 shows the same cause."])


class RequestExtensionIn(StepIn):
    """A later due time."""

    makes: ClassVar[type[Command]] = pausing.RequestExtension

    due_at: Instant = Field(
        description="The later due time, with its offset.", examples=["2026-12-01T17:00:00+01:00"]
    )
    reason: Words = Field(description=_WHY, examples=["The supplier answers in a week."])


class DecideExtensionIn(StepIn):
    """Whether the later due time is granted."""

    makes: ClassVar[type[Command]] = pausing.DecideExtension

    granted: bool = Field(description="Whether it is granted.")
    reason: Words = Field(description=_WHY, examples=["The supplier confirmed it."])


class HoldIn(StepIn):
    """Why work waits."""

    makes: ClassVar[type[Command]] = pausing.PutOnHoldNow

    reason: Words = Field(description=_WHY, examples=["The line stands still until March."])


class ResumeIn(StepIn):
    """Why work goes on."""

    makes: ClassVar[type[Command]] = pausing.Resume

    reason: Words = Field("", description=_WHY)


class CancelCaseIn(StepIn):
    """Why a case is given up."""

    makes: ClassVar[type[Command]] = pausing.Cancel

    reason: Words = Field(description=_WHY, examples=["The product is withdrawn."])
    signature: SignatureIn = Field(description="The approver's signature: cancellation.")
