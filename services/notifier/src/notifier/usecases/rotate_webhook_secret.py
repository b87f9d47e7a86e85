"""Gives a person's webhook a new secret."""

from dataclasses import dataclass

from common.actor import Actor
from common.clock import Clock
from common.refusals import require_version
from notifier.domain.errors import PersonUnknown
from notifier.domain.person import Change, rotate_secret
from notifier.usecases.ports import NewSecret, StartWork


@dataclass(frozen=True, slots=True)
class RotateWebhookSecret:
    """Makes a new secret, shown once; for 24 hours messages carry a signature with the former one too."""

    start_work: StartWork
    clock: Clock
    new_secret: NewSecret

    async def __call__(self, person_id: str, actor: Actor, *, expected_version: int | None) -> Change:
        """Rotate, or refuse with PersonUnknown, Stale or WebhookAbsent."""
        now = self.clock()
        async with self.start_work() as work:
            person = await work.people.lock(person_id)
            if person is None:
                raise PersonUnknown(f"nobody has the id {person_id}")
            require_version(expected_version, person.version)
            change = rotate_secret(person, fresh_secret=self.new_secret(), now=now)
            await work.people.save(change.person)
            await work.people.remember(
                person_id, at=now, actor=str(actor), action="webhook_secret_rotated", changes=change.changes
            )
        return change
