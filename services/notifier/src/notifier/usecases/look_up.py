"""Reads people, deadlines, notices and deliveries; changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from common.history import Entry
from common.page import Page
from notifier.domain.deadline import Key
from notifier.domain.errors import DeadlineUnknown, DeliveryUnknown, PersonUnknown
from notifier.domain.person import Person
from notifier.usecases.ports import StartWork
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

After = Sequence[str] | None


@dataclass(frozen=True, slots=True)
class LookUp:
    """Answers questions, one transaction each."""

    start_work: StartWork

    async def person(self, person_id: str) -> Person:
        """Read a person, or refuse with PersonUnknown."""
        async with self.start_work() as work:
            person = await work.people.find(person_id)
        if person is None:
            raise PersonUnknown(f"nobody has the id {person_id}")
        return person

    async def history(self, person_id: str) -> tuple[Entry, ...]:
        """Read what happened to a person's record, oldest first, or refuse with PersonUnknown."""
        async with self.start_work() as work:
            entries = await work.people.history(person_id)
        if not entries:
            raise PersonUnknown(f"nobody has the id {person_id}")
        return entries

    async def people(self, wanted: PersonFilter, after: After, limit: int) -> Page[Person]:
        """List people by id."""
        async with self.start_work() as work:
            return await work.people.page(wanted, after, limit)

    async def deadlines(self, wanted: DeadlineFilter, after: After, limit: int) -> Page[DeadlineView]:
        """List deadlines by due instant, the earliest first."""
        async with self.start_work() as work:
            return await work.deadlines.page(wanted, after, limit)

    async def deadline(self, key: Key) -> DeadlineView:
        """Read a deadline with its steps and what was answered, or refuse with DeadlineUnknown."""
        async with self.start_work() as work:
            view = await work.deadlines.view(key)
        if view is None:
            raise DeadlineUnknown(f"there is no deadline {key[1]} of {key[0]}")
        return view

    async def notices(self, wanted: NoticeFilter, after: After, limit: int) -> Page[NoticeView]:
        """List notices, the newest first."""
        async with self.start_work() as work:
            return await work.notices.page(wanted, after, limit)

    async def deliveries(self, wanted: DeliveryFilter, after: After, limit: int) -> Page[DeliveryView]:
        """List deliveries, the newest first."""
        async with self.start_work() as work:
            return await work.deliveries.page(wanted, after, limit)

    async def delivery(self, delivery_id: UUID) -> tuple[DeliveryView, tuple[AttemptView, ...]]:
        """Read a delivery and its attempts, or refuse with DeliveryUnknown."""
        async with self.start_work() as work:
            view = await work.deliveries.view(delivery_id)
            attempts = await work.deliveries.attempts(delivery_id)
        if view is None:
            raise DeliveryUnknown(f"there is no delivery {delivery_id}")
        return view, attempts
