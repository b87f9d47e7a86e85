"""What intake answers about the handling of a complaint."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from intake.api.answer import Answer
from intake.domain.complaint import Channel, Severity
from intake.domain.lifecycle.words import Ending, Level, Obstacle, Reportability, Step, Validity


class AssessmentOut(Answer):
    """What was found on assessing it last."""

    at: datetime = Field(description="When it was assessed.")
    by: str = Field(description="Who assessed it.", examples=["person:anna.berg"])
    severity: Severity = Field(description="How bad the consequence is, as was found here.")
    category: str = Field(description="Code of what went wrong.", examples=["fees"])
    safety_flag: bool = Field(description="Whether somebody's safety is at risk.")
    reportability: Reportability = Field(description="Whether an authority must be told.")
    report_to: list[str] = Field(description="The authorities that must be told.")
    validity: Validity = Field(description="Whether it is justified.")
    implication: Level = Field(description="What it means beyond this one complaint.")
    complexity: Level = Field(description="How hard it is to find out and to put right.")
    impact: Level = Field(description="How many it touches, or could touch.")
    immediate_action: bool = Field(description="Whether something must be done at once.")
    immediate_action_taken: str | None = Field(description="What was done at once.")
    note: str | None = Field(description="What else was found.")


class WaiverOut(Answer):
    """That there is no investigation."""

    at: datetime = Field(description="When it was decided.")
    by: str = Field(description="Who decided it.", examples=["person:quinn.hale"])
    reason: str = Field(description="Why there is none, or why the earlier one holds here too.")
    reused_id: UUID | None = Field(description="Id of the complaint whose investigation is used.")
    reused_number: str | None = Field(description="That complaint's number.", examples=["C-10017"])


class HoldingReplyOut(Answer):
    """What the customer was told of why the answer takes longer."""

    at: datetime = Field(description="When the customer was told.")
    by: str = Field(description="Who told it.", examples=["person:anna.berg"])
    channel: Channel = Field(description="How the customer was told.")
    reason: str = Field(description="Why the answer takes longer.")
    answer_by: datetime = Field(description="By when the answer was promised.")


class ResponseOut(Answer):
    """What the customer was answered."""

    at: datetime = Field(description="When the answer was sent.")
    by: str = Field(description="Who answered.", examples=["person:anna.berg"])
    channel: Channel = Field(description="How the customer was answered.")
    reply: str | None = Field(description="What the customer was answered.")
    reply_reference: str | None = Field(description="Where the answer can be found.")
    finding: str | None = Field(description="What the investigation found.")
    capa_required: bool | None = Field(description="Whether a corrective action is required.")
    capa_reference: str | None = Field(description="Number or id of the corrective action.")
    capa_rationale: str | None = Field(description="Why no corrective action is required.")


class ContactOut(Answer):
    """An attempt to reach the customer after the answer."""

    at: datetime = Field(description="When it was made.")
    by: str = Field(description="Who made it.", examples=["person:anna.berg"])
    channel: Channel = Field(description="How the customer was sought.")
    note: str | None = Field(description="What came of it.")


class ReportOut(Answer):
    """A report that an authority got."""

    at: datetime = Field(description="When it was filed.")
    by: str = Field(description="Who recorded it.", examples=["person:anna.berg"])
    authority: str = Field(description="Code of the authority.", examples=["market-surveillance"])
    reference: str = Field(description="The report's number or id.", examples=["MIR-2026-0042"])


class DuplicateOfOut(Answer):
    """The complaint that a duplicate is handled with."""

    id: UUID = Field(description="Its id.")
    number: str = Field(description="Its number.", examples=["C-10023"])


class ClosureOut(Answer):
    """How it was closed."""

    at: datetime = Field(description="When it was closed.")
    by: str = Field(description="Who approved that.", examples=["person:quinn.hale"])
    code: str = Field(description="How it ended, by the closing policy.", examples=["resolved"])
    ended_by: Ending = Field(description="What allowed it to be closed.")
    policy_version: str = Field(description="Version of the closing policy.", examples=["1"])
    note: str | None = Field(description="What else is to be known.")


class EndedOut(Answer):
    """How it ended without a closure: rejected, referred or withdrawn."""

    at: datetime = Field(description="When it ended.")
    by: str = Field(description="Who decided or recorded it.", examples=["person:anna.berg"])
    reason: str | None = Field(description="Why.")
    body: str | None = Field(description="Code of the body that deals with it now.")


class HandlingOut(Answer):
    """What has been done about a complaint in its present run; the history has the former ones."""

    run: int = Field(description="Which run it is, from 1.", examples=[1])
    reopened: int = Field(description="How often it was taken up again.", examples=[0])
    owner: str | None = Field(description="Who owns it.", examples=["anna.berg"])
    team: str | None = Field(description="The owner's team.")
    acknowledged_at: datetime | None = Field(description="When the customer was told that we have it.")
    assessment: AssessmentOut | None = Field(description="What was found on assessing it last.")
    waiver: WaiverOut | None = Field(description="That there is no investigation.")
    investigation_started_at: datetime | None = Field(description="When the investigation began.")
    investigators: list[str] = Field(
        description="Ids of all who investigated it or decided not to: none of them closes what is major or more."
    )
    waiting_since: datetime | None = Field(description="Since when the work waits for the customer.")
    waiting_for: str | None = Field(description="What is awaited.")
    last_contact_at: datetime | None = Field(
        description="When the customer was told or asked something last."
    )
    holding_reply: HoldingReplyOut | None = Field(
        description="The latest holding reply: why the answer takes longer, and by when it comes."
    )
    response: ResponseOut | None = Field(description="What the customer was answered.")
    accepted_at: datetime | None = Field(description="When the customer agreed with the answer.")
    customer_rejections: int = Field(description="How often the customer did not agree.", examples=[0])
    contact_attempts: list[ContactOut] = Field(description="Attempts to reach the customer since the answer.")
    reports: list[ReportOut] = Field(description="Reports to authorities.")
    reports_missing: list[str] = Field(description="The authorities that must be told and were not.")
    duplicate_of: DuplicateOfOut | None = Field(description="The complaint that it is handled with.")
    closure: ClosureOut | None = Field(description="How it was closed.")
    ended: EndedOut | None = Field(description="How it ended without a closure.")


class MissingOut(Answer):
    """One reason against a step."""

    code: Obstacle = Field(description="Code of the rule.", examples=["owner_missing"])
    detail: str = Field(description="What is missing.", examples=["Nobody owns the complaint."])
    fix: str = Field(description="What would help.", examples=["assign an owner"])


class RefusedStepOut(Answer):
    """A step that the caller cannot take now."""

    step: Step = Field(description="The step.", examples=["start-investigation"])
    missing: list[MissingOut] = Field(description="Every reason against it.")
