"""The steps towards the end of a complaint and back, as they are asked for."""

from collections.abc import Mapping
from typing import ClassVar, Final

from pydantic import Field

from intake.domain.complaint import Channel
from intake.domain.lifecycle import commands
from intake.domain.lifecycle.taking import AnyCommand
from intake.domain.lifecycle.words import Step
from intake.usecases.form_values import Code, Flag, Instant, Line, Text
from intake.usecases.step_forms import (
    AcknowledgeForm,
    AssessForm,
    AssignForm,
    DatedForm,
    EndWaitingForm,
    LinkForm,
    OverruleRejectionForm,
    RejectForm,
    StartInvestigationForm,
    StepForm,
    UpdateCustomerForm,
    WaitForCustomerForm,
    WaiveInvestigationForm,
)


class RespondForm(StepForm):
    """The customer was answered.

    After an investigation the answer comes with its finding, and with the corrective action that is required or why none
    is. The reply is kept as text, or by where it can be found.
    """

    step: ClassVar[Step] = Step.RESPOND

    sent_at: Instant | None = Field(
        None,
        description="When the answer was sent; else now. At most 5 minutes ahead of our clock.",
        examples=["2026-11-20T09:30:00Z"],
    )
    channel: Channel = Field(description="How the customer was answered.", examples=["letter"])
    reply: Text | None = Field(
        None, description="What the customer was answered.", examples=["We return the second charge."]
    )
    reply_reference: Line | None = Field(
        None, description="Where the answer can be found.", examples=["DMS 2026/4711"]
    )
    finding: Text | None = Field(
        None, description="What the investigation found.", examples=["The batch ran twice after an outage."]
    )
    capa_required: Flag | None = Field(
        None, description="Whether a corrective action is required.", examples=[False]
    )
    capa_reference: Code | None = Field(
        None, description="Number or id of the corrective action, where one is required.", examples=[None]
    )
    capa_rationale: Text | None = Field(
        None,
        description="Why no corrective action is required.",
        examples=["The outage has an action of its own."],
    )

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.Respond(
            at=self.sent_at,
            channel=self.channel,
            reply=self.reply,
            reply_reference=self.reply_reference,
            finding=self.finding,
            capa_required=self.capa_required,
            capa_reference=self.capa_reference,
            capa_rationale=self.capa_rationale,
        )


class CustomerAcceptsForm(DatedForm):
    """The customer agrees with the answer."""

    step: ClassVar[Step] = Step.CUSTOMER_ACCEPTS

    note: Text | None = Field(None, description="What the customer said.", examples=["Thanked on the phone."])

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.CustomerAccepts(at=self.at, note=self.note)


class CustomerRejectsForm(DatedForm):
    """The customer does not agree with the answer, and the investigation goes on."""

    step: ClassVar[Step] = Step.CUSTOMER_REJECTS

    reason: Text = Field(
        description="What the customer does not agree with.", examples=["The interest is not returned."]
    )

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.CustomerRejects(at=self.at, reason=self.reason)


class RecordContactAttemptForm(DatedForm):
    """Somebody tried to reach a customer who does not say whether the answer is accepted."""

    step: ClassVar[Step] = Step.RECORD_CONTACT_ATTEMPT

    channel: Channel = Field(description="How the customer was sought.", examples=["phone"])
    note: Text | None = Field(None, description="What came of it.", examples=["No answer."])

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.RecordContactAttempt(at=self.at, channel=self.channel, note=self.note)


class FileReportForm(DatedForm):
    """An authority got its report. A complaint that has ended may still be reported."""

    step: ClassVar[Step] = Step.FILE_REPORT

    authority: Code = Field(
        description="Code of the authority, as in the assessment.", examples=["market-surveillance"]
    )
    reference: Code = Field(description="The report's number or id.", examples=["MIR-2026-0042"])

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.FileReport(at=self.at, authority=self.authority, reference=self.reference)


class CloseForm(StepForm):
    """The complaint is done with, from now on.

    The customer agreed, could not be reached, or said nothing for the response period of the policy; reports are filed, and
    triage has decided. Where the severity is major or more, somebody else closes it than owns or investigated it.
    """

    step: ClassVar[Step] = Step.CLOSE

    closure_code: Code = Field(description="How it ended, by the closing policy.", examples=["resolved"])
    note: Text | None = Field(None, description="What else is to be known.", examples=["Fee returned."])

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.Close(closure_code=self.closure_code, note=self.note)


class ReferForm(DatedForm):
    """A body outside, such as an ombudsman, deals with the complaint."""

    step: ClassVar[Step] = Step.REFER

    body: Code = Field(description="Code of that body.", examples=["financial-ombudsman"])
    note: Text | None = Field(None, description="What else is to be known.", examples=["Their case F-1."])

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.Refer(at=self.at, body=self.body, note=self.note)


class WithdrawForm(DatedForm):
    """The complainant takes the complaint back."""

    step: ClassVar[Step] = Step.WITHDRAW

    reason: Text | None = Field(
        None, description="Why, as far as was said.", examples=["It was another bank's charge."]
    )

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.Withdraw(at=self.at, reason=self.reason)


class ReopenForm(DatedForm):
    """The complaint is taken up again, in a new run; what earlier runs came to stays in the history.

    A closed or referred one is investigated, a withdrawn one and a duplicate stand where they stood before.
    """

    step: ClassVar[Step] = Step.REOPEN

    reason: Text = Field(description="Why.", examples=["Charged twice again in November."])

    def command(self) -> AnyCommand:
        """Give the step."""
        return commands.Reopen(at=self.at, reason=self.reason)


FORMS: Final[Mapping[Step, type[StepForm]]] = {
    form.step: form
    for form in (
        AcknowledgeForm,
        AssessForm,
        RejectForm,
        OverruleRejectionForm,
        LinkForm,
        AssignForm,
        StartInvestigationForm,
        WaiveInvestigationForm,
        UpdateCustomerForm,
        WaitForCustomerForm,
        EndWaitingForm,
        RespondForm,
        CustomerAcceptsForm,
        CustomerRejectsForm,
        RecordContactAttemptForm,
        FileReportForm,
        CloseForm,
        ReferForm,
        WithdrawForm,
        ReopenForm,
    )
}
"""What each step is asked for with."""
