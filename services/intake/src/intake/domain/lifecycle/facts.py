"""What happened to a complaint by a step: one value for each fact, with codes and times alone.

`at` is when it happened in the world, which may be before it was written down. `verb` names the fact in the history.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from intake.domain.complaint import Channel, Severity, State
from intake.domain.lifecycle.words import Ending, Level, Reportability, Validity


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFact:
    """What all facts have."""

    verb: ClassVar[str]

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged(StepFact):
    """The customer was told that we have the complaint."""

    verb: ClassVar[str] = "acknowledged"

    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed(StepFact):
    """The complaint was assessed, for the first time or again."""

    verb: ClassVar[str] = "assessed"

    severity: Severity
    product: str
    category: str
    safety_flag: bool
    reportability: Reportability
    report_to: tuple[str, ...] = ()
    validity: Validity
    implication: Level
    complexity: Level
    impact: Level
    immediate_action: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected(StepFact):
    """It was found to be no complaint."""

    verb: ClassVar[str] = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked(StepFact):
    """It was linked as a duplicate; it keeps its own acknowledgement and reply, and its other work stops."""

    verb: ClassVar[str] = "linked"

    master_id: UUID
    master_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerAssigned(StepFact):
    """Somebody owns it from now on."""

    verb: ClassVar[str] = "assigned"

    owner: str
    team: str | None = None
    previous_owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvestigationStarted(StepFact):
    """Its investigation began."""

    verb: ClassVar[str] = "investigation_started"

    owner: str
    team: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvestigationWaived(StepFact):
    """It was decided not to investigate, or to use what was found about an earlier complaint."""

    verb: ClassVar[str] = "investigation_waived"

    reused_id: UUID | None = None
    reused_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerUpdated(StepFact):
    """The customer was told how it stands; with `answer_by` it was a holding reply, and promised an answer by then."""

    verb: ClassVar[str] = "customer_updated"

    channel: Channel
    answer_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingBegan(StepFact):
    """The customer was asked for something, and the work waits for it."""

    verb: ClassVar[str] = "waiting_began"

    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingEnded(StepFact):
    """The work waits no longer for the customer."""

    verb: ClassVar[str] = "waiting_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Responded(StepFact):
    """The customer was answered; `at` is when it was sent."""

    verb: ClassVar[str] = "responded"

    channel: Channel
    investigated: bool
    reportability: Reportability | None = None
    capa_required: bool | None = None
    capa_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAccepted(StepFact):
    """The customer agrees with the answer."""

    verb: ClassVar[str] = "customer_accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRejected(StepFact):
    """The customer does not agree with the answer, and the investigation goes on."""

    verb: ClassVar[str] = "customer_rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAttempted(StepFact):
    """Somebody tried to reach the customer, for the `attempts`-th time since the answer."""

    verb: ClassVar[str] = "contact_attempted"

    channel: Channel
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFiled(StepFact):
    """An authority got its report."""

    verb: ClassVar[str] = "report_filed"

    authority: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(StepFact):
    """The complaint is closed."""

    verb: ClassVar[str] = "closed"

    closure_code: str
    ended_by: Ending
    policy_version: str
    severity: Severity
    run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Referred(StepFact):
    """A body outside deals with it now."""

    verb: ClassVar[str] = "referred"

    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn(StepFact):
    """The complainant took it back."""

    verb: ClassVar[str] = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened(StepFact):
    """It was taken up again; `state` is where it stands now, and `run` the run that began."""

    verb: ClassVar[str] = "reopened"

    previous_state: State
    state: State
    run: int
    overruled: bool = False


FACTS: Final[tuple[type[StepFact], ...]] = (
    Acknowledged,
    Assessed,
    Rejected,
    Linked,
    OwnerAssigned,
    InvestigationStarted,
    InvestigationWaived,
    CustomerUpdated,
    WaitingBegan,
    WaitingEnded,
    Responded,
    CustomerAccepted,
    CustomerRejected,
    ContactAttempted,
    ReportFiled,
    Closed,
    Referred,
    Withdrawn,
    Reopened,
)
BY_VERB: Final = {fact.verb: fact for fact in FACTS}
"""Each fact by the word that the history has for it."""
