"""Deliveries in PostgreSQL."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.page import Page
from notifier.db.tables import ATTEMPT, DELIVERY, NOTICE
from notifier.domain.delivery import Delivery, DeliveryState
from notifier.domain.person import Channel
from notifier.usecases.ports import Way
from notifier.usecases.views import AttemptView, DeliveryFilter, DeliveryView

_LAST = sa.text("""
SELECT recipient, channel, max(first_attempt_at) AS at FROM delivery
 WHERE (recipient, channel) IN (SELECT * FROM unnest(CAST(:recipients AS text[]), CAST(:channels AS text[])))
   AND state IN ('sending', 'sent') AND first_attempt_at IS NOT NULL
 GROUP BY recipient, channel
""")
_RESCUE = sa.text("""
WITH dead AS (
    UPDATE delivery SET state = 'failed', next_attempt_at = CAST(:now AS timestamptz), lease_until = NULL,
           lease_token = NULL, maybe_duplicate = true, reason = 'interrupted', version = version + 1
     WHERE id IN (
        SELECT id FROM delivery WHERE state = 'sending' AND lease_until < CAST(:now AS timestamptz)
         ORDER BY id FOR UPDATE SKIP LOCKED
     )
    RETURNING id, attempts
)
UPDATE delivery_attempt SET finished_at = CAST(:now AS timestamptz), outcome = 'unknown', reason = 'interrupted'
  FROM dead WHERE delivery_id = dead.id AND number = dead.attempts AND outcome IS NULL
""")
_NEXT = sa.text("""
SELECT least(
    (SELECT min(next_attempt_at) FROM delivery WHERE state IN ('planned', 'failed')),
    (SELECT min(lease_until) FROM delivery WHERE state = 'sending')
)
""")
_OPEN = (str(DeliveryState.PLANNED), str(DeliveryState.FAILED))


class PostgresDeliveries:
    """Messages on their way."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.due = False

    async def last_messages(self, ways: Iterable[Way]) -> Mapping[Way, datetime]:
        """Tell when the last message that arrived or is under way set out, for each person and channel that has one."""
        named = list(ways)
        names = {
            "recipients": [recipient for recipient, _ in named],
            "channels": [str(channel) for _, channel in named],
        }
        rows = await self._connection.execute(_LAST, names)
        return {(row.recipient, Channel(row.channel)): row.at for row in rows}

    async def rescue(self, *, now: datetime) -> int:
        """Plan again, as a possible duplicate, what a process was sending when it died; count it."""
        return (await self._connection.execute(_RESCUE, {"now": now})).rowcount

    async def lock_due(self, *, now: datetime, limit: int) -> tuple[Delivery, ...]:
        """Lock deliveries whose moment has come and that nobody else holds."""
        query = (
            sa.select(DELIVERY)
            .where(DELIVERY.c.state.in_(_OPEN), DELIVERY.c.next_attempt_at <= now)
            .order_by(DELIVERY.c.critical.desc(), DELIVERY.c.next_attempt_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return tuple(_delivery(row) for row in await self._connection.execute(query))

    async def start(
        self, delivery: Delivery, *, token: UUID, now: datetime, lease_until: datetime
    ) -> Delivery:
        """Mark a locked delivery as sending under a lease, and begin the next attempt."""
        started = replace(
            delivery,
            state=DeliveryState.SENDING,
            attempts=delivery.attempts + 1,
            tries=delivery.tries + 1,
            next_attempt_at=None,
            first_attempt_at=delivery.first_attempt_at or now,
            version=delivery.version + 1,
        )
        await self._update(
            delivery.id,
            state=str(started.state),
            attempts=started.attempts,
            tries=started.tries,
            next_attempt_at=None,
            first_attempt_at=started.first_attempt_at,
            lease_until=lease_until,
            lease_token=token,
        )
        await self._connection.execute(
            sa.insert(ATTEMPT).values(delivery_id=delivery.id, number=started.attempts, started_at=now)
        )
        return started

    async def hold(self, delivery: UUID, until: datetime) -> None:
        """Keep a locked delivery back."""
        await self._update(delivery, next_attempt_at=until)

    async def cancel(self, delivery: UUID, reason: str) -> None:
        """End a locked delivery that has nothing left to tell."""
        await self._update(delivery, state=str(DeliveryState.CANCELLED), reason=reason, next_attempt_at=None)

    async def lock_sending(self, delivery: UUID, token: UUID) -> Delivery | None:
        """Lock a delivery if it is still sent under this lease."""
        query = sa.select(DELIVERY).where(
            DELIVERY.c.id == delivery,
            DELIVERY.c.lease_token == token,
            DELIVERY.c.state == str(DeliveryState.SENDING),
        )
        row = (await self._connection.execute(query.with_for_update())).first()
        return None if row is None else _delivery(row)

    async def end_attempt(
        self, delivery: UUID, number: int, *, outcome: str, reason: str | None, now: datetime
    ) -> None:
        """Write down what came of an attempt."""
        await self._connection.execute(
            sa.update(ATTEMPT)
            .where(ATTEMPT.c.delivery_id == delivery, ATTEMPT.c.number == number)
            .values(finished_at=now, outcome=outcome, reason=reason)
        )

    async def touch(self, delivery: UUID) -> None:
        """Count a change of what is shown with a delivery."""
        await self._update(delivery)

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
        values: dict[str, Any] = {
            "state": str(state),
            "reason": reason,
            "next_attempt_at": next_attempt_at,
            "maybe_duplicate": maybe_duplicate,
            "lease_until": None,
            "lease_token": None,
        }
        if state is DeliveryState.SENT:
            values["sent_at"] = now
        self.due = self.due or next_attempt_at is not None
        await self._update(delivery, **values)

    async def lock(self, delivery: UUID) -> Delivery | None:
        """Read a delivery and keep others from changing it until the transaction ends."""
        query = sa.select(DELIVERY).where(DELIVERY.c.id == delivery).with_for_update()
        row = (await self._connection.execute(query)).first()
        return None if row is None else _delivery(row)

    async def ask_again(self, delivery: UUID, *, reason: str, maybe_duplicate: bool, now: datetime) -> None:
        """Make a finished delivery due at once, with fresh tries."""
        self.due = True
        await self._update(
            delivery,
            state=str(DeliveryState.FAILED),
            reason=reason,
            tries=0,
            maybe_duplicate=maybe_duplicate,
            next_attempt_at=now,
        )

    async def next_due(self) -> datetime | None:
        """Tell when the next delivery wants attention."""
        found: datetime | None = (await self._connection.execute(_NEXT)).scalar_one()
        return found

    async def view(self, delivery: UUID) -> DeliveryView | None:
        """Read one as it is shown."""
        row = (await self._connection.execute(_views().where(DELIVERY.c.id == delivery))).first()
        return None if row is None else DeliveryView(_delivery(row), row.notices)

    async def attempts(self, delivery: UUID) -> tuple[AttemptView, ...]:
        """Read the attempts, the first one first."""
        query = sa.select(ATTEMPT).where(ATTEMPT.c.delivery_id == delivery).order_by(ATTEMPT.c.number)
        return tuple(
            AttemptView(row.number, row.started_at, row.finished_at, row.outcome, row.reason)
            for row in await self._connection.execute(query)
        )

    async def page(
        self, wanted: DeliveryFilter, after: Sequence[str] | None, limit: int
    ) -> Page[DeliveryView]:
        """List, the newest first."""
        query = _views().order_by(DELIVERY.c.id.desc()).limit(limit + 1)
        filters = {
            "recipient": wanted.recipient,
            "channel": wanted.channel and str(wanted.channel),
            "state": wanted.state and str(wanted.state),
        }
        for column, value in filters.items():
            if value is not None:
                query = query.where(DELIVERY.c[column] == value)
        if wanted.created_from is not None:
            query = query.where(DELIVERY.c.created_at >= wanted.created_from)
        if wanted.created_to is not None:
            query = query.where(DELIVERY.c.created_at < wanted.created_to)
        if after is not None:
            query = query.where(DELIVERY.c.id < UUID(after[0]))
        rows = (await self._connection.execute(query)).all()
        views = tuple(DeliveryView(_delivery(row), row.notices) for row in rows[:limit])
        return Page(views, (str(rows[limit - 1].id),) if len(rows) > limit else None)

    async def _update(self, delivery: UUID, **values: Any) -> None:
        changed = sa.update(DELIVERY).where(DELIVERY.c.id == delivery)
        await self._connection.execute(changed.values(**values, version=DELIVERY.c.version + 1))


def _views() -> sa.Select[Any]:
    number = sa.select(sa.func.count()).where(NOTICE.c.delivery_id == DELIVERY.c.id).scalar_subquery()
    return sa.select(DELIVERY, number.label("notices"))


def _delivery(row: Any) -> Delivery:
    return Delivery(
        id=row.id,
        recipient=row.recipient,
        channel=Channel(row.channel),
        state=DeliveryState(row.state),
        critical=row.critical,
        attempts=row.attempts,
        tries=row.tries,
        maybe_duplicate=row.maybe_duplicate,
        reason=row.reason,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        first_attempt_at=row.first_attempt_at,
        sent_at=row.sent_at,
        version=row.version,
    )
