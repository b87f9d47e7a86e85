"""What each step is told, its values checked one by one. Times that are left out are taken from the clock."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from intake.domain.complaint import Channel, Severity
from intake.domain.lifecycle.words import Level, Reportability, Step, Validity


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What all steps are told: `at`, when it happened."""

    step: ClassVar[Step]

    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge(Command):
    """The customer was told that we have the complaint."""

    step: ClassVar[Step] = Step.ACKNOWLEDGE

    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Assess(Command):
    """How bad it is, whether it is reportable and justified."""

    step: ClassVar[Step] = Step.ASSESS

    severity: Severity
    category: str | None = None
    safety_flag: bool
    reportability: Reportability
    report_to: tuple[str, ...] = ()
    validity: Validity
    implication: Level
    complexity: Level
    impact: Level
    immediate_action: bool
    immediate_action_taken: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Command):
    """It is no complaint."""

    step: ClassVar[Step] = Step.REJECT

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverruleRejection(Command):
    """It is a complaint after all."""

    step: ClassVar[Step] = Step.OVERRULE_REJECTION

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Command):
    """It tells of the same thing as the complaint `master`, an id or a number."""

    step: ClassVar[Step] = Step.LINK

    master: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign(Command):
    """Who owns it."""

    step: ClassVar[Step] = Step.ASSIGN

    owner: str
    team: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartInvestigation(Command):
    """The owner begins to investigate."""

    step: ClassVar[Step] = Step.START_INVESTIGATION


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiveInvestigation(Command):
    """There is no investigation, and why; `reuses` is the complaint, by id or number, whose investigation is used."""

    step: ClassVar[Step] = Step.WAIVE_INVESTIGATION

    reason: str
    reuses: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCustomer(Command):
    """The customer was told how it stands; in a holding reply also why the answer takes longer, and by when it comes."""

    step: ClassVar[Step] = Step.UPDATE_CUSTOMER

    channel: Channel
    note: str | None = None
    delay_reason: str | None = None
    answer_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitForCustomer(Command):
    """The customer was asked for something without which the work cannot go on."""

    step: ClassVar[Step] = Step.WAIT_FOR_CUSTOMER

    channel: Channel
    awaited: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndWaiting(Command):
    """What was asked for came, or is waited for no longer."""

    step: ClassVar[Step] = Step.END_WAITING

    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Respond(Command):
    """What the customer was answered; `at` is when it was sent."""

    step: ClassVar[Step] = Step.RESPOND

    channel: Channel
    reply: str | None = None
    reply_reference: str | None = None
    finding: str | None = None
    capa_required: bool | None = None
    capa_reference: str | None = None
    capa_rationale: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAccepts(Command):
    """The customer agrees with the answer."""

    step: ClassVar[Step] = Step.CUSTOMER_ACCEPTS

    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRejects(Command):
    """The customer does not agree with the answer."""

    step: ClassVar[Step] = Step.CUSTOMER_REJECTS

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordContactAttempt(Command):
    """Somebody tried to reach the customer after the answer."""

    step: ClassVar[Step] = Step.RECORD_CONTACT_ATTEMPT

    channel: Channel
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport(Command):
    """An authority got its report."""

    step: ClassVar[Step] = Step.FILE_REPORT

    authority: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Command):
    """The complaint is done with. It is closed now: a closure has no time of its own."""

    step: ClassVar[Step] = Step.CLOSE

    closure_code: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refer(Command):
    """A body outside, such as an ombudsman, deals with it."""

    step: ClassVar[Step] = Step.REFER

    body: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(Command):
    """The complainant takes it back."""

    step: ClassVar[Step] = Step.WITHDRAW

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(Command):
    """It is taken up again."""

    step: ClassVar[Step] = Step.REOPEN

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """What a step must know of another complaint, in the state in which it stands now."""

    id: UUID
    number: str
    product: str
    ended: bool
    linked: bool
    investigated: bool
