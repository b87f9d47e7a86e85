"""What use cases need from outside."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from capa.domain.action import Action
from capa.domain.case.case import Case
from capa.domain.case.signing import Document
from capa.domain.case.values import RecordLink, Signature
from capa.domain.complaint import Complaint
from capa.domain.handling import StepTaken
from capa.domain.nonconformity import Nonconformity
from capa.domain.severity import Severity
from capa.domain.signals.signal import Signal
from capa.domain.triage import Decision, Outcome
from capa.usecases.chronicle import Change
from capa.usecases.handling_ports import Handling
from capa.usecases.signal_ports import Exposures, Signals
from common.history import Entry
from events.delivery import Claim, Delivery
from events.envelope import Contract, Event


@dataclass(frozen=True, slots=True)
class Raised:
    """What a decision to raise adds, each with its first line of history."""

    nonconformity: Nonconformity
    nonconformity_change: Change
    action: Action
    action_change: Change


@dataclass(frozen=True, slots=True)
class Linked:
    """What a decision to link changes."""

    nonconformity: Nonconformity
    change: Change


@dataclass(frozen=True, slots=True)
class Worsened:
    """What a decision about a complaint that belongs there already changes."""

    nonconformity: Nonconformity
    change: Change


@dataclass(frozen=True, slots=True)
class Assessment:
    """What intake found on assessing a complaint; `version` is the complaint's."""

    complaint_id: UUID
    version: int
    severity: Severity
    product: str
    category: str
    taken: StepTaken


@dataclass(frozen=True, slots=True)
class Ending:
    """That a complaint ended without an answer of its own, as `ended` says, or was taken up again (None)."""

    complaint_id: UUID
    version: int
    ended: Literal["rejected", "withdrawn", "linked"] | None
    taken: StepTaken


@dataclass(frozen=True, slots=True)
class Belonging:
    """What was decided last about a complaint, and the nonconformity that it belongs to, locked."""

    ordinal: int
    outcome: Outcome
    nonconformity: Nonconformity | None


@dataclass(frozen=True, slots=True)
class Amendment:
    """What is shown of a complaint since its source amended it; `version` is the complaint's.

    What `site` says counts only where it `tells_site`.
    """

    complaint_id: UUID
    version: int
    severity: Severity
    product: str
    category: str
    tells_site: bool = False
    site: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What notifier did about an action's deadline; `event_id` names the event that told it."""

    event_id: UUID
    action_id: UUID
    kind: Literal["breached", "sent", "unroutable"]
    generation: int
    at: datetime
    step: str | None = None
    recipient: str | None = None
    channel: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeAnswer:
    """What somebody answered to the notices of an action's deadline; it counts until an instant."""

    event_id: UUID
    action_id: UUID
    kind: Literal["acknowledged", "snoozed"]
    generation: int
    at: datetime
    step: str
    by: str
    reason: str | None
    until: datetime


Effect = Raised | Linked | Worsened | None
"""What a decision does beside being taken."""


@dataclass(frozen=True, slots=True)
class Nearby:
    """Where nonconformities are looked for: a product and category, and an anchor between two instants, both included."""

    product: str
    category: str
    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class Scope:
    """Which records are read: at most so many in the order of their keys after these, changed since an instant if given."""

    after: tuple[UUID, ...]
    since: datetime | None
    limit: int


@dataclass(frozen=True, slots=True)
class Link:
    """A complaint that was linked to a nonconformity after it was raised."""

    nonconformity: Nonconformity
    complaint_id: UUID
    complaint_number: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class StandingAction:
    """An action, the last entry of its history, and the one that moved its due instant last."""

    action: Action
    last: Entry
    due_moved: Entry | None


class Standing(Protocol):
    """What stands in the records; what is read may not change until the transaction ends."""

    async def decisions(self, scope: Scope) -> Sequence[tuple[Decision, Nonconformity | None]]:
        """Read decisions in the order of their ids, each with the nonconformity that it led to."""
        ...

    async def nonconformities(self, scope: Scope) -> Sequence[Nonconformity]:
        """Read nonconformities in the order of their ids."""
        ...

    async def links(self, scope: Scope) -> Sequence[Link]:
        """Read the complaints that were linked to a nonconformity after it was raised, in the order of both ids."""
        ...

    async def cases(self, scope: Scope) -> Sequence[Case]:
        """Read cases in the order of their ids."""
        ...

    async def actions(self, scope: Scope) -> Sequence[StandingAction]:
        """Read actions in the order of their ids, each with what was done last."""
        ...

    async def signals(self, scope: Scope) -> Sequence[Signal]:
        """Read signals in the order of their ids."""
        ...


class Triage(Protocol):
    """Complaints, and what was decided about them."""

    async def admit(self, complaints: Sequence[Complaint]) -> Sequence[bool]:
        """Write complaints down; tell of each whether it is new, so that nothing was decided about it yet."""
        ...

    async def open_near(self, places: Sequence[Nearby]) -> Sequence[Nonconformity]:
        """Read the open nonconformities of all these places, and keep others from raising or linking there.

        Until the transaction ends, no other one gets past this call for the same products and categories. May be called
        once in a transaction.
        """
        ...

    async def next_numbers(self, count: int) -> Sequence[tuple[str, str]]:
        """Take the next numbers of nonconformities and of their actions; those that are not used leave gaps."""
        ...

    async def keep(self, decided: Sequence[tuple[Decision, Effect]]) -> None:
        """Write decisions about admitted complaints and their effects down, each of which follows from those before."""
        ...

    async def assess(self, assessment: Assessment) -> Complaint | None:
        """Show a complaint as it was assessed and lock it.

        None where nothing is to be decided: it is unknown, has ended, or a newer version is shown already.
        """
        ...

    async def end(self, ending: Ending) -> bool:
        """Note that a complaint ended or was taken up again; False where that is no news."""
        ...

    async def belonging(self, complaint_id: UUID) -> Belonging:
        """Read what was decided last about a complaint that was decided about, and lock where it belongs."""
        ...

    async def note(self, nonconformity: Nonconformity, change: Change) -> None:
        """Continue the history of a nonconformity that was read in this transaction."""
        ...

    async def amend(self, amendment: Amendment) -> None:
        """Show a complaint anew, unless it is unknown or a newer version is shown already."""
        ...


class Actions(Protocol):
    """The actions, locked while they are worked on."""

    async def get(self, reference: UUID | str) -> Action:
        """Lock an action by its id or number; refuses with ActionMissing."""
        ...

    async def case_of(self, reference: UUID | str) -> UUID | None:
        """Tell to which case an action belongs, without locking it; None where it belongs to none or does not exist."""
        ...

    async def of_parent(self, parent_id: UUID) -> tuple[Action, ...]:
        """Read the actions of a nonconformity or case, in the order of their ids."""
        ...

    async def next_number(self) -> str:
        """Take the next number."""
        ...

    async def add(self, action: Action, change: Change) -> None:
        """Write an action that was just given, and the first line of its history."""
        ...

    async def find(self, action_id: UUID) -> Action | None:
        """Lock an action, or tell that there is none."""
        ...

    async def save(self, action: Action, change: Change) -> None:
        """Write an action that was read in this transaction, and the change as the next line of its history."""
        ...

    async def note(self, notice: Notice | NoticeAnswer) -> None:
        """Keep what notifier did about an action or what was answered, unless there is no such action or it is kept already."""
        ...


class Nonconformities(Protocol):
    """The nonconformities, locked while people work on them."""

    async def get(self, reference: UUID | str) -> Nonconformity:
        """Lock a nonconformity by its id or number; refuses with NonconformityMissing."""
        ...

    async def next_number(self) -> str:
        """Take the next number."""
        ...

    async def add(self, value: Nonconformity, change: Change) -> None:
        """Write one that was just raised by hand, and the first line of its history."""
        ...

    async def save(self, value: Nonconformity, change: Change) -> None:
        """Write one that was read in this transaction, and the change as the next line of its history."""
        ...

    async def cases(self, nonconformity_id: UUID) -> int:
        """Count the cases that cover it and were neither rejected nor cancelled."""
        ...

    async def complaint(self, complaint_id: UUID) -> Complaint:
        """Read a complaint as its source has it; refuses with ComplaintUnknown."""
        ...

    async def link(self, value: Nonconformity, linked: Complaint, change: Change) -> None:
        """Write a link that was made by hand; refuses with AlreadyLinked where there is one."""
        ...


class Cases(Protocol):
    """The cases, locked while they are worked on. Whoever works on an action of a case locks the case first."""

    async def get(self, reference: UUID | str) -> Case:
        """Lock a case by its id or number; refuses with CaseMissing."""
        ...

    async def next_number(self) -> str:
        """Take the next number."""
        ...

    async def unknown(self, names: Sequence[RecordLink]) -> Sequence[RecordLink]:
        """List those of these records that do not exist."""
        ...

    async def add(self, case: Case, change: Change) -> None:
        """Write a case that was just requested, and the first line of its history."""
        ...

    async def save(
        self, case: Case, change: Change, signed: tuple[Signature, Document] | None = None
    ) -> None:
        """Write a case that was read in this transaction, the next line of its history, and what was signed."""
        ...

    async def monitored_until(self, now: datetime, limit: int) -> Sequence[UUID]:
        """List cases whose window of monitoring has ended by now, the earliest first, without locking them."""
        ...

    async def closed_last(self, since: datetime) -> Sequence[Case]:
        """Read cases that were closed as effective since then, without locking them.

        One for each product and category, the one closed last; none where a case about the same is still open.
        """
        ...


class Work(Protocol):
    """One transaction: leaving its block without error commits it and what was announced."""

    @property
    def triage(self) -> Triage:
        """Complaints and decisions."""
        ...

    @property
    def actions(self) -> Actions:
        """Actions and notices about them."""
        ...

    @property
    def nonconformities(self) -> Nonconformities:
        """Nonconformities that people work on."""
        ...

    @property
    def cases(self) -> Cases:
        """Corrective-action cases."""
        ...

    @property
    def standing(self) -> Standing:
        """What stands in the records."""
        ...

    @property
    def handling(self) -> Handling:
        """What is told of the handling of complaints."""
        ...

    @property
    def signals(self) -> Signals:
        """Signals and the limits of charts."""
        ...

    @property
    def exposures(self) -> Exposures:
        """Reported units."""
        ...

    def announce(self, *events: Event[Contract]) -> None:
        """Collect events, to be told in this order if the transaction commits."""
        ...


class StartWork(Protocol):
    """Opens transactions."""

    def __call__(self, once: Delivery | None = None) -> AbstractAsyncContextManager[Work]:
        """Open one; with `once` that delivery is claimed first, which may raise AlreadyHandled or KeyBlocked."""
        ...

    def together(
        self, deliveries: Sequence[Delivery]
    ) -> AbstractAsyncContextManager[tuple[Work, Sequence[Claim]]]:
        """Open one for all these deliveries, and tell what was found of each; only NEW ones may have an effect."""
        ...
