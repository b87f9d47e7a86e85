"""Replaces what is known about a person."""

from dataclasses import dataclass

from common.actor import Actor
from common.clock import Clock
from common.refusals import require_version
from notifier.domain.errors import PersonUnknown
from notifier.domain.person import Change, Details, update
from notifier.usecases.ports import NewSecret, StartWork


@dataclass(frozen=True, slots=True)
class UpdatePerson:
    """Replaces a person's values; what is already planned goes out as the person is reachable then."""

    start_work: StartWork
    clock: Clock
    new_secret: NewSecret

    async def __call__(self, details: Details, actor: Actor, *, expected_version: int | None) -> Change:
        """Update the person, or refuse with PersonUnknown or Stale; equal values change nothing."""
        now = self.clock()
        async with self.start_work() as work:
            person = await work.people.lock(details.id)
            if person is None:
                raise PersonUnknown(f"nobody has the id {details.id}")
            require_version(expected_version, person.version)
            change = update(person, details, fresh_secret=self.new_secret(), now=now)
            if change is None:
                return Change(person, {})
            await work.people.save(change.person)
            await work.people.remember(
                details.id, at=now, actor=str(actor), action="updated", changes=change.changes
            )
        return change
