"""What the gauges show, read in one statement."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

_COUNTS = sa.text("""
SELECT (SELECT count(*) FROM timer WHERE state IN ('pending', 'leased')) AS timers_pending,
       (SELECT count(*) FROM timer WHERE state = 'stuck') AS timers_stuck,
       (SELECT count(*) FROM timer
         WHERE state IN ('pending', 'leased') AND due_at <= CAST(:now AS timestamptz)) AS timers_due,
       (SELECT min(greatest(due_at, planned_at)) FROM timer
         WHERE state IN ('pending', 'leased') AND due_at <= CAST(:now AS timestamptz)) AS oldest_due,
       (SELECT count(*) FROM deadline WHERE state = 'open') AS deadlines_open,
       (SELECT count(*) FROM deadline
         WHERE state = 'open' AND due_at < CAST(:now AS timestamptz)) AS deadlines_overdue,
       (SELECT count(DISTINCT (subject_id, clock)) FROM answer JOIN deadline USING (subject_id, clock, generation)
         WHERE state = 'open' AND kind = 'acknowledged' AND until > CAST(:now AS timestamptz)) AS deadlines_acknowledged,
       (SELECT count(DISTINCT (subject_id, clock)) FROM answer JOIN deadline USING (subject_id, clock, generation)
         WHERE state = 'open' AND kind = 'snoozed' AND until > CAST(:now AS timestamptz)) AS deadlines_snoozed,
       (SELECT count(*) FROM delivery WHERE state IN ('planned', 'failed')) AS deliveries_waiting,
       (SELECT count(*) FROM delivery WHERE state = 'sending') AS deliveries_sending,
       (SELECT min(next_attempt_at) FROM delivery
         WHERE state IN ('planned', 'failed') AND next_attempt_at <= CAST(:now AS timestamptz)) AS oldest_delivery_due,
       (SELECT count(*) FROM person WHERE webhook_disabled_at IS NOT NULL) AS webhooks_disabled
""")


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is of what at one instant."""

    timers_pending: int
    timers_stuck: int
    timers_due: int
    oldest_due: datetime | None
    deadlines_open: int
    deadlines_overdue: int
    deadlines_acknowledged: int
    deadlines_snoozed: int
    deliveries_waiting: int
    deliveries_sending: int
    oldest_delivery_due: datetime | None
    webhooks_disabled: int


async def count(engine: AsyncEngine, now: datetime) -> Counts:
    """Count everything that a gauge shows."""
    async with engine.connect() as connection:
        row = (await connection.execute(_COUNTS, {"now": now})).one()
    return Counts(*row)
