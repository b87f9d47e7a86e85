"""Adds a person."""

from dataclasses import dataclass

from common.actor import Actor
from common.clock import Clock
from notifier.domain.errors import PersonExists
from notifier.domain.person import Change, Details, register
from notifier.usecases.ports import NewSecret, StartWork


@dataclass(frozen=True, slots=True)
class RegisterPerson:
    """Adds a person who can own deadlines; a webhook gets its secret, shown once."""

    start_work: StartWork
    clock: Clock
    new_secret: NewSecret

    async def __call__(self, details: Details, actor: Actor) -> Change:
        """Add the person, or refuse with PersonExists."""
        now = self.clock()
        change = register(details, fresh_secret=self.new_secret(), now=now)
        async with self.start_work() as work:
            if not await work.people.insert(change.person):
                raise PersonExists(f"{details.id} exists: update it with PUT, or choose another id")
            await work.people.remember(
                details.id, at=now, actor=str(actor), action="registered", changes=change.changes
            )
        return change
