"""What happened to a case, beside the value that came out."""

from dataclasses import dataclass
from datetime import datetime

from capa.domain.case.values import Cause, Deadline, RecurrenceFound
from capa.domain.facts import ExtensionAsked, ExtensionDecided


@dataclass(frozen=True, slots=True)
class Requested:
    """Somebody asked for a case."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request was screened and accepted."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The request was screened and rejected."""

    explanation: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Something was written into the case that nobody outside is told of."""


@dataclass(frozen=True, slots=True)
class Contained:
    """The trouble is contained."""


@dataclass(frozen=True, slots=True)
class CauseConfirmed:
    """A cause passed its test."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class PlanApproved:
    """The plan was signed; the planned actions may begin."""


@dataclass(frozen=True, slots=True)
class Implemented:
    """Every action of the plan is done or cancelled."""


@dataclass(frozen=True, slots=True)
class Verified:
    """Another person confirmed that the plan was carried out."""


@dataclass(frozen=True, slots=True)
class MonitoringStarted:
    """The window in which the effect shows has begun, or goes on for longer."""


@dataclass(frozen=True, slots=True)
class EffectDecided:
    """It was decided whether the actions were effective; told of the round that was judged."""

    cycle: int


@dataclass(frozen=True, slots=True)
class Closed:
    """The actions were effective."""


@dataclass(frozen=True, slots=True)
class Recurred:
    """Complaints show the trouble of the closed case again."""

    found: RecurrenceFound


@dataclass(frozen=True, slots=True)
class Reopened:
    """The trouble came back."""

    reason: str


@dataclass(frozen=True, slots=True)
class PutOnHold:
    """Work waits."""

    reason: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """Work goes on."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The case was given up."""

    reason: str


@dataclass(frozen=True, slots=True)
class DeadlineStarted:
    """A clock runs."""

    deadline: Deadline


@dataclass(frozen=True, slots=True)
class DeadlineMet:
    """What a clock ran for was done."""

    deadline: Deadline
    at: datetime


@dataclass(frozen=True, slots=True)
class DeadlineVoided:
    """A clock stopped without anything being done."""

    deadline: Deadline
    reason: str


CaseFact = (
    Requested
    | Accepted
    | Rejected
    | Noted
    | Contained
    | CauseConfirmed
    | PlanApproved
    | Implemented
    | Verified
    | MonitoringStarted
    | EffectDecided
    | Closed
    | Recurred
    | Reopened
    | PutOnHold
    | Resumed
    | Cancelled
    | ExtensionAsked
    | ExtensionDecided
    | DeadlineStarted
    | DeadlineMet
    | DeadlineVoided
)
