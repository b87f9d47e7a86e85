"""Switches a person's webhook on again."""

from dataclasses import dataclass

from common.actor import Actor
from common.clock import Clock
from common.refusals import require_version
from notifier.domain.errors import PersonUnknown
from notifier.domain.person import Change, enable_webhook
from notifier.usecases.ports import StartWork


@dataclass(frozen=True, slots=True)
class EnableWebhook:
    """Lets messages go to a webhook again that had answered that it wants none."""

    start_work: StartWork
    clock: Clock

    async def __call__(self, person_id: str, actor: Actor, *, expected_version: int | None) -> Change:
        """Enable it, or refuse with PersonUnknown, Stale or WebhookAbsent; one that is on stays so."""
        now = self.clock()
        async with self.start_work() as work:
            person = await work.people.lock(person_id)
            if person is None:
                raise PersonUnknown(f"nobody has the id {person_id}")
            require_version(expected_version, person.version)
            change = enable_webhook(person, now=now)
            if change is None:
                return Change(person, {})
            await work.people.save(change.person)
            await work.people.remember(
                person_id, at=now, actor=str(actor), action="webhook_enabled", changes=change.changes
            )
        return change
