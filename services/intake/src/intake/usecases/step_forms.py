"""The steps of a complaint as they are asked for: every value checked before any rule is asked."""

from abc import abstractmethod
from typing import Annotated, ClassVar, Final

from pydantic import Field

from intake.domain.complaint import Channel, Severity
from intake.domain.lifecycle import commands
from intake.domain.lifecycle.taking import AnyCommand
from intake.domain.lifecycle.words import Level, Reportability, Step, Validity
from intake.usecases.complaint_form import Form
from intake.usecases.form_values import Code, Flag, Instant, Line, Text

MOST_AUTHORITIES: Final = 20
_FROM_THE_CLOCK: Final = (
    "else now. At most 5 minutes ahead of our clock, and not before the complaint was received."
)
_Reference = Annotated[Line, Field(max_length=64)]


class StepForm(Form):
    """What all steps are told."""

    step: ClassVar[Step]

    @abstractmethod
    def command(self) -> AnyCommand:
        """Give the step."""


class DatedForm(StepForm):
    """What steps are told that may have happened before they are written down."""

    at: Instant | None = Field(
        None, description=f"When it happened; {_FROM_THE_CLOCK}", examples=["2026-11-20T09:30:00Z"]
    )


class AcknowledgeForm(DatedForm):
    """The customer was told that the organisation has the complaint. It is a record, and no state."""

    step: ClassVar[Step] = Step.ACKNOWLEDGE

    channel: Channel = Field(description="How the customer was told.", examples=["email"])

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.Acknowledge(at=self.at, channel=self.channel)


class AssessForm(DatedForm):
    """How bad the complaint is, by the criteria of ISO 10002, whether it is reportable, and whether it is justified.

    It may be assessed again as long as it has not ended. Triage runs again by what was assessed.
    """

    step: ClassVar[Step] = Step.ASSESS

    severity: Severity = Field(
        description="How bad the consequence is, as was found here.", examples=["major"]
    )
    category: Code | None = Field(
        None,
        description="Code of what went wrong; else what was assessed before, or what its source says.",
        examples=["fees"],
    )
    safety_flag: Flag = Field(description="Whether somebody's safety is at risk.", examples=[False])
    reportability: Reportability = Field(
        description="Whether an authority must be told; undetermined keeps it from being answered and closed.",
        examples=["no"],
    )
    report_to: tuple[Code, ...] = Field(
        (),
        max_length=MOST_AUTHORITIES,
        description="Codes of the authorities that must be told; only of a reportable complaint, which needs one or more.",
        examples=[[]],
    )
    validity: Validity = Field(
        description="Whether it is justified, as far as is known.", examples=["justified"]
    )
    implication: Level = Field(description="What it means beyond this one complaint.", examples=["medium"])
    complexity: Level = Field(description="How hard it is to find out and to put right.", examples=["low"])
    impact: Level = Field(description="How many it touches, or could touch.", examples=["medium"])
    immediate_action: Flag = Field(description="Whether something must be done at once.", examples=[False])
    immediate_action_taken: Text | None = Field(None, description="What was done at once.", examples=[None])
    note: Text | None = Field(None, description="What else was found.", examples=["The fee table is wrong."])

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.Assess(**{name: getattr(self, name) for name in type(self).model_fields})


class RejectForm(DatedForm):
    """It is no complaint. Whoever takes the step is on record as the one who decided it."""

    step: ClassVar[Step] = Step.REJECT

    reason: Text = Field(description="Why it is none.", examples=["A question about opening hours."])

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.Reject(at=self.at, reason=self.reason)


class OverruleRejectionForm(DatedForm):
    """It is a complaint after all, and stands where it stood before it was rejected, in a new run."""

    step: ClassVar[Step] = Step.OVERRULE_REJECTION

    reason: Text = Field(
        description="Why it is one.", examples=["The customer was charged for the question."]
    )

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.OverruleRejection(at=self.at, reason=self.reason)


class LinkForm(DatedForm):
    """It tells of the same thing as another complaint about the same product, and is handled with that one.

    The customer is still told that we have it, and still answered. There are no chains: the other complaint may be no
    duplicate, and this one may have none.
    """

    step: ClassVar[Step] = Step.LINK

    master: _Reference = Field(
        description="Id or number of the complaint that is handled.", examples=["C-10023"]
    )
    note: Text | None = Field(
        None, description="Why they are the same.", examples=["Same lot, same day, same shop."]
    )

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.Link(at=self.at, master=self.master, note=self.note)


class AssignForm(DatedForm):
    """Somebody owns the complaint from now on."""

    step: ClassVar[Step] = Step.ASSIGN

    owner: Code = Field(description="Code of the person or desk who owns it.", examples=["anna.berg"])
    team: Code | None = Field(None, description="Code of the owner's team.", examples=["credit"])
    note: Text | None = Field(
        None, description="What the owner should know.", examples=["Knows the customer."]
    )

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.Assign(at=self.at, owner=self.owner, team=self.team, note=self.note)


class StartInvestigationForm(DatedForm):
    """The owner begins to find out why it happened."""

    step: ClassVar[Step] = Step.START_INVESTIGATION

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.StartInvestigation(at=self.at)


class WaiveInvestigationForm(DatedForm):
    """There is no investigation, or an earlier one is used. Whoever takes the step is on record as the one who decided it."""

    step: ClassVar[Step] = Step.WAIVE_INVESTIGATION

    reason: Text = Field(
        description="Why there is none; or why the earlier one holds for this complaint too.",
        examples=["The same lot was investigated last week."],
    )
    reuses: _Reference | None = Field(
        None,
        description="Id or number of the complaint whose investigation is used; its finding must be on record.",
        examples=["C-10017"],
    )

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.WaiveInvestigation(at=self.at, reason=self.reason, reuses=self.reuses)


class UpdateCustomerForm(DatedForm):
    """The customer was told how it stands.

    A holding reply says why the answer takes longer and by when it comes, both of them; it gives clocks more time whose profile
    says so, unless they are late already.
    """

    step: ClassVar[Step] = Step.UPDATE_CUSTOMER

    channel: Channel = Field(description="How the customer was told.", examples=["phone"])
    note: Text | None = Field(
        None, description="What the customer was told.", examples=["We wait for the supplier's report."]
    )
    delay_reason: Text | None = Field(
        None,
        description="Why the answer takes longer, as a holding reply says it; only with `answer_by`.",
        examples=["The other bank has not sent its records."],
    )
    answer_by: Instant | None = Field(
        None,
        description="By when a holding reply promised the answer, after `at`; only with `delay_reason`.",
        examples=["2027-01-08T17:00:00Z"],
    )

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.UpdateCustomer(
            at=self.at,
            channel=self.channel,
            note=self.note,
            delay_reason=self.delay_reason,
            answer_by=self.answer_by,
        )


class WaitForCustomerForm(DatedForm):
    """The customer was asked for something, and the work waits for it. Regulatory clocks never wait."""

    step: ClassVar[Step] = Step.WAIT_FOR_CUSTOMER

    channel: Channel = Field(description="How the customer was asked.", examples=["email"])
    awaited: Text = Field(description="What is awaited.", examples=["A copy of the October statement."])

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.WaitForCustomer(at=self.at, channel=self.channel, awaited=self.awaited)


class EndWaitingForm(DatedForm):
    """What was awaited came, or is awaited no longer."""

    step: ClassVar[Step] = Step.END_WAITING

    note: Text | None = Field(None, description="What came.", examples=["The statement came by mail."])

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.EndWaiting(at=self.at, note=self.note)
