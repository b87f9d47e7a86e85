"""What the use cases need from outside."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from common import history
from common.clock import Clock
from events.delivery import Claim, Delivery
from events.series import Announced
from intake.domain.attached_file import AttachedFile
from intake.domain.clocks.beginning import Begun
from intake.domain.clocks.clock import Clock as ComplaintClock
from intake.domain.clocks.following import Change
from intake.domain.complaint import Complaint, NewComplaint
from intake.domain.importing import ImportState, RowResult
from intake.domain.lifecycle.commands import Other
from intake.domain.lifecycle.guards import Case
from intake.domain.lifecycle.handling import Handling
from intake.domain.lifecycle.taking import Taken
from intake.domain.progress import ActionSeen, Membership, NonconformityMoved, NonconformitySeen, TriageSeen
from intake.domain.retention import Hold
from intake.domain.timeline import Note
from intake.domain.trail import Trace

__all__ = [
    "AlreadyKnown",
    "Chronicled",
    "Clock",
    "ClockNews",
    "Clocks",
    "Complaints",
    "Draft",
    "Erasures",
    "FileRows",
    "Handlings",
    "Held",
    "Identity",
    "ImportRows",
    "Kept",
    "Mark",
    "Progress",
    "Receipt",
    "Reception",
    "Repeated",
    "RequestKey",
    "StartWork",
    "Work",
]


@dataclass(frozen=True, slots=True)
class RequestKey:
    """An Idempotency-Key: who sent it, with which operation, and the fingerprint of what was asked."""

    actor: str
    method: str
    route: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Repeated:
    """The key was used before: what came of that use, to be told again."""

    complaint_id: UUID
    status: int


@dataclass(frozen=True, slots=True)
class AlreadyKnown:
    """The source has told of this complaint before; nothing was written."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything that is written down when a complaint comes for the first time."""

    complaint: NewComplaint
    trace: Trace
    announce: Callable[[Complaint], Sequence[Announced]]
    """Makes the events as soon as the number is known."""
    begun: Begun
    key: RequestKey | None = None
    status: int = 201


@dataclass(frozen=True, slots=True)
class Draft:
    """A complaint to be written down, with the beginning of its history and its clocks."""

    complaint: NewComplaint
    trace: Trace
    begun: Begun


class Reception(Protocol):
    """Writes new complaints down, each with its history, complainant, key and event, all or nothing."""

    async def receive(self, receipt: Receipt) -> Complaint | AlreadyKnown | Repeated:
        """Return once it is committed; many at once make one complaint of one identity."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """A complaint as it is kept, locked until the work ends, and the end of its history."""

    complaint: Complaint
    last: history.Entry


@dataclass(frozen=True, slots=True)
class Chronicled:
    """A complaint as it is kept, with its whole history, oldest first."""

    complaint: Complaint
    history: Sequence[history.Entry]


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells a known complaint from its source's next telling, without reading the whole of it."""

    number: str
    digest: bytes
    source_updated_at: datetime | None


Identity = tuple[str, str]
"""Source system and external id."""


class Complaints(Protocol):
    """The complaints inside one transaction."""

    async def insert(self, drafts: Sequence[Draft]) -> Mapping[UUID, str]:
        """Write new complaints at once; give the numbers of those that were not known yet."""
        ...

    async def marks(self, identities: Sequence[Identity], *, lock: bool) -> Mapping[Identity, Mark]:
        """Give the marks of those that are known, and with `lock` keep them from changing."""
        ...

    async def by_identity(self, source_system: str, external_id: str) -> Kept:
        """Lock the complaint that a source knows by this id; raises NoSuchComplaint."""
        ...

    async def by_reference(self, reference: str, *, source_system: str | None) -> Kept:
        """Lock a complaint by id or number, of one source alone where it is named; raises NoSuchComplaint."""
        ...

    async def save(self, complaint: Complaint, trace: Trace) -> None:
        """Write an amended complaint and continue its history."""
        ...

    async def trace(self, complaint_id: UUID, trace: Trace) -> None:
        """Continue the history of a complaint that is locked, which itself stays as it is."""
        ...

    async def note_source(self, complaint: Complaint) -> None:
        """Write the source's own marks alone, which nobody is told of."""
        ...

    async def chronicled(
        self, *, after: UUID | None, since: datetime | None, limit: int
    ) -> Sequence[Chronicled]:
        """Read complaints in the order of their ids, of all or of those updated since, and keep them from changing."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """A complaint that takes a step, locked until the work ends, the end of its history, and a further one it names."""

    case: Case
    last: history.Entry
    other: Other | None = None


class Handlings(Protocol):
    """What has been done about complaints, inside one transaction."""

    async def hold(self, reference: str, *, beside: str | None, source_system: str | None) -> Held:
        """Lock a complaint, and one that its step names `beside` it, in one order for all.

        Raises NoSuchComplaint for the first, and NoSuchOther for the second.
        """
        ...

    async def of(self, complaint_id: UUID) -> Handling:
        """Read what has been done about a complaint that is locked."""
        ...

    async def save(self, taken: Taken, trace: Trace) -> None:
        """Write what a step came to and continue the history."""
        ...


@dataclass(frozen=True, slots=True)
class Timed:
    """A complaint with every clock that it has and what has been done about it, locked until the work ends."""

    complaint: Complaint
    handling: Handling
    clocks: Sequence[ComplaintClock]


@dataclass(frozen=True, slots=True)
class ClockNews:
    """What notifier saw of a generation of a clock: that a reminder's moment came, or that the due instant passed."""

    complaint_id: UUID
    clock: str
    generation: int
    kind: Literal["warned", "breached"]
    at: datetime


class Clocks(Protocol):
    """The clocks of complaints inside one transaction."""

    async def of(self, complaint_id: UUID) -> Sequence[ComplaintClock]:
        """Read every clock of a complaint that is locked, in no order."""
        ...

    async def of_many(self, complaint_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[ComplaintClock]]:
        """Read every clock of complaints that are locked."""
        ...

    async def save(self, changes: Sequence[Change]) -> None:
        """Write clocks as they stand now, new ones or known."""
        ...

    async def note(self, news: ClockNews) -> bool:
        """Note it beside the clock, once, where it is about the generation that runs; tell whether it was."""
        ...

    async def open_after(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """List complaints with open clocks in the order of their ids."""
        ...

    async def timed(self, complaint_id: UUID) -> Timed:
        """Lock a complaint and read it with its clocks."""
        ...

    async def awaiting_containment(self, action_id: UUID, nonconformity_id: UUID) -> Sequence[UUID]:
        """Take a turn, and list complaints whose open clocks wait for a containment action, in the order of their ids."""
        ...

    async def contained_before(
        self, memberships: Sequence[Membership]
    ) -> Mapping[tuple[UUID, UUID], datetime]:
        """Take turns, and tell when nonconformities were contained to which complaints with a waiting clock are to belong.

        Keys are ids of a complaint and of its nonconformity; what was not contained, or is not waited for, is left out.
        """
        ...

    async def contained_at(self, complaint_id: UUID) -> datetime | None:
        """Tell when a containment action of a nonconformity of the complaint was first done."""
        ...


class Progress(Protocol):
    """What capa has announced about complaints; each is applied in any order and as often as it comes."""

    async def hold(self, complaint_ids: Collection[UUID], memberships: Sequence[Membership]) -> None:
        """Lock complaints, and know nonconformities, in one order for all; comes before what several facts change."""
        ...

    async def triage(self, *seen: TriageSeen) -> None:
        """Note what triage decided about complaints."""
        ...

    async def nonconformity(self, *seen: NonconformitySeen) -> None:
        """Note that complaints belong to nonconformities."""
        ...

    async def moved(self, *moved: NonconformityMoved) -> None:
        """Note where nonconformities stand."""
        ...

    async def action(self, *seen: ActionSeen) -> None:
        """Note what became of actions."""
        ...

    async def take_notes(self, notes: Sequence[Note]) -> None:
        """Keep facts for timelines, each once by its name."""
        ...


class ImportRows(Protocol):
    """The rows of an import inside one transaction."""

    async def hold(self, import_id: UUID, *, token: UUID, until: datetime) -> bool:
        """Lock the import and renew its lease; False where another process has taken it over."""
        ...

    async def earlier(
        self, import_id: UUID, external_ids: Sequence[str], *, before: int
    ) -> Mapping[str, bytes]:
        """Give what rows before one told under these ids and were not rejected for, the latest of each, as digests."""
        ...

    async def record(self, import_id: UUID, results: Sequence[RowResult], *, now: datetime) -> None:
        """Write what came of rows, forget their content, and count them."""
        ...

    async def end(self, import_id: UUID, state: ImportState, *, detail: str, now: datetime) -> None:
        """End the import."""
        ...


class FileRows(Protocol):
    """The attachments of complaints inside one transaction that holds the complaint."""

    async def claim(self, key: RequestKey, file_id: UUID, status: int, *, at: datetime) -> UUID | None:
        """Claim an Idempotency-Key before the effect, or give the attachment of its first use."""
        ...

    async def find(self, complaint_id: UUID, file_id: UUID) -> AttachedFile:
        """Read one; raises NoSuchFile."""
        ...

    async def same(self, complaint_id: UUID, sha256: str) -> AttachedFile | None:
        """Find the stored one with the same content."""
        ...

    async def count(self, complaint_id: UUID) -> int:
        """Count the stored ones."""
        ...

    async def settle(self, file: AttachedFile, trace: Trace) -> None:
        """Make a reserved one a stored one and continue the history; raises UploadGivenUp where it was swept away."""
        ...

    async def delete(self, file: AttachedFile, trace: Trace) -> None:
        """Mark one as deleted and continue the history."""
        ...


class Erasures(Protocol):
    """Holds and erasures inside one transaction that has the complaint locked."""

    async def hold(self, complaint_id: UUID) -> Hold | None:
        """Read what keeps a complaint's personal data."""
        ...

    async def place(self, complaint_id: UUID, hold: Hold, trace: Trace) -> None:
        """Place a hold, or replace the one that there is, and continue the history."""
        ...

    async def release(self, complaint_id: UUID, trace: Trace) -> None:
        """Take the hold away and continue the history."""
        ...

    async def stored_files(self, complaint_id: UUID) -> Sequence[AttachedFile]:
        """List the attachments whose content is there."""
        ...

    async def erase(
        self, after: Complaint, handling: Handling, trace: Trace, *, files: bool, notes: bool
    ) -> None:
        """Write an erased complaint with what is still known of its handling, forget what belonged to its person, and continue the history."""
        ...

    async def erase_former(self, complaint_id: UUID, trace: Trace) -> None:
        """Forget what stands beside the history of a complaint, and continue the history."""
        ...

    async def of_person(self, source_system: str, reference: str) -> Sequence[tuple[UUID, bool]]:
        """Find the complaints that name a person, or once did; True where they do now."""
        ...


class Work(Protocol):
    """One transaction: leaving its block commits, and an exception undoes it."""

    @property
    def complaints(self) -> Complaints:
        """The complaints."""
        ...

    @property
    def handlings(self) -> Handlings:
        """What has been done about complaints."""
        ...

    @property
    def clocks(self) -> Clocks:
        """The clocks of complaints."""
        ...

    @property
    def progress(self) -> Progress:
        """What capa announced."""
        ...

    @property
    def imports(self) -> "ImportRows":
        """The rows of imports."""
        ...

    @property
    def files(self) -> FileRows:
        """The attachments."""
        ...

    @property
    def erasures(self) -> Erasures:
        """Holds and erasures."""
        ...

    def announce(self, event: Announced) -> None:
        """Have an event told once the work is committed."""
        ...

    async def claim_key(self, key: RequestKey, complaint_id: UUID, status: int) -> Repeated | None:
        """Claim an Idempotency-Key before the effect; Repeated where it was used, and then nothing may be written."""
        ...


class StartWork(Protocol):
    """Begins one transaction."""

    def __call__(self, once: Delivery | None = None) -> AbstractAsyncContextManager[Work]:
        """Begin; with `once` the delivery is claimed first, and AlreadyHandled ends the matter."""
        ...

    def together(
        self, deliveries: Sequence[Delivery]
    ) -> AbstractAsyncContextManager[tuple[Work, Sequence[Claim]]]:
        """Begin one for all these deliveries, and tell what was found of each; only NEW ones may have an effect."""
        ...
