"""What the use cases need from outside."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from common.history import Entry
from common.page import Page
from events.delivery import Claim
from events.delivery import Delivery as Once
from events.envelope import Contract, Event
from notifier.domain.answer import Answer
from notifier.domain.deadline import Deadline, Key, Plan, TimerEnd
from notifier.domain.delivery import Delivery, DeliveryState
from notifier.domain.notice import Item, Message, Notice, NoticeState, Silence
from notifier.domain.outcomes import Outcome
from notifier.domain.person import Channel, Person
from notifier.usecases.views import (
    AttemptView,
    DeadlineFilter,
    DeadlineView,
    DeliveryFilter,
    DeliveryView,
    NoticeFilter,
    NoticeView,
    PersonFilter,
)

Way = tuple[str, Channel]
"""A person's id and a channel."""

NewSecret = Callable[[], str]
"""Makes a webhook secret, `whsec_` and base64."""


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A timer whose moment has come; lateness counts from when it was due or, if later, when it was planned."""

    id: UUID
    key: Key
    generation: int
    step: str
    due_at: datetime
    planned_at: datetime


@dataclass(frozen=True, slots=True)
class Rungs:
    """The steps of a deadline's present generation: those that fired, and the moments of those that nobody works on yet."""

    fired: frozenset[str]
    waiting: Mapping[str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedNotice:
    """A notice that was sent, or failed for a reason after so many attempts, and when."""

    notice: Notice
    state: NoticeState
    finished_at: datetime
    reason: str
    attempts: int
    maybe_duplicate: bool


@dataclass(frozen=True, slots=True)
class StandingDeadline:
    """A deadline, when the steps of its present generation fired, and ended notices and answers of any generation."""

    deadline: Deadline
    fired: Mapping[str, datetime]
    notices: Sequence[EndedNotice]
    answers: Sequence[Answer]


class Standing(Protocol):
    """What stands in the records; what is read may not change until the transaction ends."""

    async def deadlines(
        self, *, after: Key | None, since: datetime | None, limit: int
    ) -> Sequence[StandingDeadline]:
        """Read deadlines in the order of subject and clock, of all or of those with news since."""
        ...


class People(Protocol):
    """The people, each with a history."""

    async def find(self, person_id: str) -> Person | None:
        """Read a person."""
        ...

    async def lock(self, person_id: str) -> Person | None:
        """Read a person and keep others from changing the record until the transaction ends."""
        ...

    async def lock_many(self, person_ids: Iterable[str]) -> Mapping[str, Person]:
        """Lock those that exist, in one order for all transactions."""
        ...

    async def with_managers(self, person_ids: Iterable[str]) -> Mapping[str, Person]:
        """Read people, their managers and the managers of those."""
        ...

    async def insert(self, person: Person) -> bool:
        """Add a person; tell whether the id was free."""
        ...

    async def save(self, person: Person) -> None:
        """Replace a person that is locked."""
        ...

    async def page(self, wanted: PersonFilter, after: Sequence[str] | None, limit: int) -> Page[Person]:
        """List by id."""
        ...

    async def remember(
        self,
        person_id: str,
        *,
        at: datetime,
        actor: str,
        action: str,
        changes: Mapping[str, object],
        reason: str = "",
    ) -> None:
        """Append to the history of a person whose row is locked."""
        ...

    async def history(self, person_id: str) -> tuple[Entry, ...]:
        """Read the whole history, oldest first."""
        ...


class Deadlines(Protocol):
    """The projection of what the owners of deadlines announced."""

    async def lock_many(self, keys: Iterable[Key]) -> Mapping[Key, Deadline]:
        """Lock those that are known, in one order for all transactions."""
        ...

    async def save(self, deadlines: Sequence[Deadline]) -> None:
        """Write different deadlines, known or new."""
        ...

    async def count_on(self, versions: Mapping[Key, int]) -> None:
        """Write the versions that announcing has reached, for rows that are locked."""
        ...

    async def page(
        self, wanted: DeadlineFilter, after: Sequence[str] | None, limit: int
    ) -> Page[DeadlineView]:
        """List by due instant, subject and clock, with the steps of the present generation."""
        ...

    async def view(self, key: Key) -> DeadlineView | None:
        """Read one with the steps of the present generation and what was answered."""
        ...


class Timers(Protocol):
    """Steps whose moment will come."""

    async def plan(self, plans: Sequence[tuple[Deadline, Plan]], *, now: datetime) -> None:
        """Write the timers of each deadline's generation, and the steps that it skips."""
        ...

    async def end_all(self, ends: Mapping[Key, TimerEnd], *, now: datetime) -> None:
        """End every timer of each deadline, of whatever generation."""
        ...

    async def claim(self, *, now: datetime, lease_until: datetime, limit: int) -> tuple[Key, ...]:
        """Lease timers that are due, and those whose holder died; names their deadlines."""
        ...

    async def due_of(self, keys: Iterable[Key], *, now: datetime) -> tuple[DueTimer, ...]:
        """Read every due timer of deadlines that are locked, claimed or not: together they tell which is the newest."""
        ...

    async def finish(self, ended: Mapping[UUID, TimerEnd], *, now: datetime) -> None:
        """End timers and keep what became of them."""
        ...

    async def rungs_of(self, deadline: Deadline) -> Rungs:
        """Tell which steps of a locked deadline's generation fired and which wait; waiting ones cannot fire until the end."""
        ...

    async def postpone(self, deadline: Deadline, step: str, to: datetime) -> None:
        """Move the moment of a waiting step of a locked deadline."""
        ...

    async def next_due(self) -> datetime | None:
        """Tell when the next timer wants attention."""
        ...


class Notices(Protocol):
    """What is to be told, and what became of it."""

    async def post(self, notices: Sequence[Notice], first_attempts: Mapping[Way, datetime]) -> int:
        """Put notices into the gathering deliveries of their recipients; those known before are left as they are."""
        ...

    async def suppress_stale(self, deliveries: Iterable[UUID], *, now: datetime) -> Mapping[Silence, int]:
        """Drop notices whose deadline was met, voided, set anew or answered; count them by reason."""
        ...

    async def left(self, deliveries: Iterable[UUID]) -> Mapping[UUID, int]:
        """Count what each delivery still has to tell."""
        ...

    async def items(self, delivery: UUID, limit: int) -> tuple[Item, ...]:
        """Read the first notices as their recipient reads them, the worst and oldest first."""
        ...

    async def planned_of(self, delivery: UUID) -> tuple[Notice, ...]:
        """Read every notice that a delivery still has to tell."""
        ...

    async def finish(self, delivery: UUID, state: NoticeState, reason: str | None, *, now: datetime) -> None:
        """End what a delivery still had to tell."""
        ...

    async def reopen(self, delivery: UUID) -> int:
        """Plan again what a delivery told or failed to tell and what is still open as told; count it."""
        ...

    async def are_with_others(self, deadline: Deadline) -> bool:
        """Tell whether anybody but the owner was, or is about to be, told that a generation is overdue."""
        ...

    async def page(self, wanted: NoticeFilter, after: Sequence[str] | None, limit: int) -> Page[NoticeView]:
        """List, the newest first."""
        ...


class Answers(Protocol):
    """What was answered to notices."""

    async def of(self, keys: Iterable[Key]) -> Mapping[Key, Sequence[Answer]]:
        """Read the answers of every generation, the first one first."""
        ...

    async def add(self, answer: Answer) -> None:
        """Keep an answer to a deadline that is locked."""
        ...


class Deliveries(Protocol):
    """Messages on their way."""

    async def last_messages(self, ways: Iterable[Way]) -> Mapping[Way, datetime]:
        """Tell when the last message that arrived or is under way set out, for each person and channel that has one."""
        ...

    async def rescue(self, *, now: datetime) -> int:
        """Plan again, as a possible duplicate, what a process was sending when it died; count it."""
        ...

    async def lock_due(self, *, now: datetime, limit: int) -> tuple[Delivery, ...]:
        """Lock deliveries whose moment has come and that nobody else holds."""
        ...

    async def start(
        self, delivery: Delivery, *, token: UUID, now: datetime, lease_until: datetime
    ) -> Delivery:
        """Mark a locked delivery as sending under a lease, and begin the next attempt."""
        ...

    async def hold(self, delivery: UUID, until: datetime) -> None:
        """Keep a locked delivery back."""
        ...

    async def cancel(self, delivery: UUID, reason: str) -> None:
        """End a locked delivery that has nothing left to tell."""
        ...

    async def lock_sending(self, delivery: UUID, token: UUID) -> Delivery | None:
        """Lock a delivery if it is still sent under this lease."""
        ...

    async def end_attempt(
        self, delivery: UUID, number: int, *, outcome: str, reason: str | None, now: datetime
    ) -> None:
        """Write down what came of an attempt."""
        ...

    async def touch(self, delivery: UUID) -> None:
        """Count a change of what is shown with a delivery."""
        ...

    async def settle(
        self,
        delivery: UUID,
        state: DeliveryState,
        *,
        reason: str | None,
        next_attempt_at: datetime | None,
        maybe_duplicate: bool,
        now: datetime,
    ) -> None:
        """Move a locked delivery on after an attempt, and let go of its lease."""
        ...

    async def lock(self, delivery: UUID) -> Delivery | None:
        """Read a delivery and keep others from changing it until the transaction ends."""
        ...

    async def ask_again(self, delivery: UUID, *, reason: str, maybe_duplicate: bool, now: datetime) -> None:
        """Make a finished delivery due at once, with fresh tries."""
        ...

    async def next_due(self) -> datetime | None:
        """Tell when the next delivery wants attention."""
        ...

    async def view(self, delivery: UUID) -> DeliveryView | None:
        """Read one as it is shown."""
        ...

    async def attempts(self, delivery: UUID) -> tuple[AttemptView, ...]:
        """Read the attempts, the first one first."""
        ...

    async def page(
        self, wanted: DeliveryFilter, after: Sequence[str] | None, limit: int
    ) -> Page[DeliveryView]:
        """List, the newest first."""
        ...


class Work(Protocol):
    """One transaction: leaving its block without error commits it and what was announced."""

    @property
    def people(self) -> People:
        """The people."""
        ...

    @property
    def deadlines(self) -> Deadlines:
        """The deadlines."""
        ...

    @property
    def timers(self) -> Timers:
        """The timers."""
        ...

    @property
    def notices(self) -> Notices:
        """The notices."""
        ...

    @property
    def answers(self) -> Answers:
        """The answers to notices."""
        ...

    @property
    def deliveries(self) -> Deliveries:
        """The deliveries."""
        ...

    @property
    def standing(self) -> Standing:
        """What stands in the records."""
        ...

    def announce(self, events: Iterable[Event[Contract]]) -> None:
        """Collect events, which are written to the outbox as the last statement."""
        ...


class StartWork(Protocol):
    """Opens transactions."""

    def __call__(self) -> AbstractAsyncContextManager[Work]:
        """Open one."""
        ...

    def together(
        self, deliveries: Sequence[Once]
    ) -> AbstractAsyncContextManager[tuple[Work, Sequence[Claim]]]:
        """Open one for all these deliveries of events, and tell what was found of each; only NEW ones have an effect."""
        ...


class Send(Protocol):
    """A channel: makes one attempt, bounded in time, and says what came of it."""

    async def send(self, message: Message) -> Outcome:
        """Make one attempt; never raises for what the other side did."""
        ...
