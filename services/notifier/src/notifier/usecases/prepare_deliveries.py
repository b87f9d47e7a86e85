"""Takes up deliveries whose moment has come, so that they may be sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from common.clock import Clock
from common.ids import new_id
from notifier.domain.delivery import LISTED, Delivery, DeliveryState, Pace, Retries
from notifier.domain.notice import Message, Silence
from notifier.domain.person import Channel, Person
from notifier.domain.routing import People
from notifier.usecases.ports import StartWork, Work

ATTEMPTS_USED_UP: Final = "attempts_used_up"
"""Why a delivery is given up that was tried as often as it may be."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A delivery that is marked as sending; without a message there is a reason why it can never be sent."""

    delivery: Delivery
    token: UUID
    message: Message | None
    hopeless: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one round took up, and what it dropped for which reason."""

    prepared: tuple[Prepared, ...]
    suppressed: Mapping[Silence, int]
    looked_at: int


@dataclass(frozen=True, slots=True)
class PrepareDeliveries:
    """Drops what no longer matters, holds back what would come too soon, and marks the rest as sending."""

    start_work: StartWork
    clock: Clock
    pace: Pace
    retries: Retries
    lease: timedelta

    async def __call__(self, limit: int) -> Batch:
        """Take up a batch; a delivery whose process died while sending is among them, marked `maybe_duplicate`."""
        now = self.clock()
        async with self.start_work() as work:
            await work.deliveries.rescue(now=now)
            due = await work.deliveries.lock_due(now=now, limit=limit)
            if not due:
                return Batch((), {}, 0)
            ids = [delivery.id for delivery in due]
            suppressed = await work.notices.suppress_stale(ids, now=now)
            left = await work.notices.left(ids)
            last = await work.deliveries.last_messages([(each.recipient, each.channel) for each in due])
            people = await work.people.with_managers({delivery.recipient for delivery in due})
            prepared = []
            for delivery in due:
                if not left.get(delivery.id):
                    await work.deliveries.cancel(delivery.id, "nothing_left")
                elif (
                    until := self._held(delivery, last.get((delivery.recipient, delivery.channel)), now)
                ) is not None:
                    await work.deliveries.hold(delivery.id, until)
                else:
                    prepared.append(await self._start(work, delivery, left[delivery.id], people, now))
        return Batch(tuple(prepared), suppressed, len(due))

    def _held(self, delivery: Delivery, last: datetime | None, now: datetime) -> datetime | None:
        if delivery.state is not DeliveryState.PLANNED:
            return None
        return self.pace.held_until(now, last, critical=delivery.critical)

    async def _start(
        self, work: Work, delivery: Delivery, total: int, people: People, now: datetime
    ) -> Prepared:
        token = new_id()
        hopeless = self._hopeless(delivery, people.get(delivery.recipient))
        started = await work.deliveries.start(delivery, token=token, now=now, lease_until=now + self.lease)
        if hopeless is not None:
            return Prepared(started, token, None, hopeless)
        message = Message(
            delivery_id=delivery.id,
            person=people[delivery.recipient],
            channel=delivery.channel,
            items=await work.notices.items(delivery.id, LISTED),
            total=total,
            attempt=started.attempts,
            written_at=now,
        )
        return Prepared(started, token, message)

    def _hopeless(self, delivery: Delivery, person: Person | None) -> str | None:
        if delivery.tries > len(self.retries.waits):
            return ATTEMPTS_USED_UP
        if person is None:
            return "unknown_person"
        if not person.active:
            return "inactive"
        if delivery.channel not in person.channels():
            return "webhook_disabled" if _is_disabled(delivery.channel, person) else "no_channel"
        return None


def _is_disabled(channel: Channel, person: Person) -> bool:
    return channel is Channel.WEBHOOK and person.webhook is not None
