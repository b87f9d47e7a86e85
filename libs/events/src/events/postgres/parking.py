"""Events that could not be handled: parked to be tried again, or dead until a person decides.

A parked or dead event keeps the later events of its key behind it, so that order holds and other keys go on.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.catalogue import dead_letter_topic
from events.postgres import outbox
from events.postgres.headers import pack, unpack
from events.transport import Received, Record

State = Literal["parked", "dead", "discarded"]

_COLUMNS = """id, consumer_group, source, event_id, key, topic, partition, position, written_at, record_key, headers,
    value, state, attempts, reason, detail, parked_at, next_attempt_at, log"""

_MARK = sa.text("""
INSERT INTO inbox (consumer_group, source, event_id, state, claimed_at)
VALUES (:group, :source, :event_id, 'parked', CAST(:now AS timestamptz))
ON CONFLICT DO NOTHING RETURNING 1
""")
_PARK = sa.text("""
INSERT INTO parked (consumer_group, source, event_id, key, topic, partition, position, written_at, record_key,
                    headers, value, state, attempts, reason, detail, parked_at, next_attempt_at, log)
VALUES (:group, :source, :event_id, :key, :topic, :partition, :position, CAST(:written_at AS timestamptz),
        :record_key, :headers, :value, :state, :attempts, :reason, :detail, CAST(:now AS timestamptz),
        CAST(:next_attempt_at AS timestamptz), '[]')
RETURNING id
""")
# Only the first event of a key may be tried; a dead one is never due and so keeps the others waiting.
_DUE = sa.text(f"""
UPDATE parked SET attempts = attempts + 1, next_attempt_at = CAST(:lease AS timestamptz)
 WHERE id = (
    SELECT id FROM parked p
     WHERE consumer_group = :group AND state = 'parked' AND next_attempt_at <= CAST(:now AS timestamptz)
       AND NOT EXISTS (
           SELECT 1 FROM parked earlier
            WHERE earlier.consumer_group = p.consumer_group AND earlier.key = p.key
              AND earlier.state <> 'discarded' AND earlier.id < p.id
       )
     ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
 )
RETURNING {_COLUMNS}
""")  # noqa: S608  (column names of our own)
_AGAIN_LATER = sa.text("""
UPDATE parked SET next_attempt_at = CAST(:at AS timestamptz), reason = :reason, detail = :detail
 WHERE id = :id AND state = 'parked'
""")
_BURY = sa.text(f"""
UPDATE parked SET state = 'dead', reason = :reason, detail = :detail
 WHERE id = :id AND state = 'parked' RETURNING {_COLUMNS}
""")  # noqa: S608  (column names of our own)
_LIST = sa.text(f"""
SELECT {_COLUMNS} FROM parked
 WHERE consumer_group = :group AND (CAST(:states AS text[]) IS NULL OR state = ANY(CAST(:states AS text[])))
   AND id > :after ORDER BY id LIMIT :rows
""")  # noqa: S608  (column names of our own)
_SHOW = sa.text(f"SELECT {_COLUMNS} FROM parked WHERE id = :id AND consumer_group = :group")  # noqa: S608  (the same)
_RETRY = sa.text("""
UPDATE parked SET state = 'parked', attempts = 0, next_attempt_at = CAST(:now AS timestamptz),
       log = log || CAST(:entry AS jsonb)
 WHERE id = :id AND consumer_group = :group AND state <> 'discarded' RETURNING 1
""")
_DISCARD = sa.text("""
WITH gone AS (
    UPDATE parked SET state = 'discarded', log = log || CAST(:entry AS jsonb)
     WHERE id = :id AND consumer_group = :group AND state <> 'discarded'
    RETURNING consumer_group, source, event_id
)
UPDATE inbox i SET state = 'discarded' FROM gone
 WHERE i.consumer_group = gone.consumer_group AND i.source = gone.source AND i.event_id = gone.event_id
RETURNING 1
""")
_COUNT = sa.text(
    "SELECT state, count(*) AS number, min(parked_at) AS oldest FROM parked "
    "WHERE consumer_group = :group AND state <> 'discarded' GROUP BY state"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """What names an event for the inbox: source and id, and the key that orders it."""

    source: str
    event_id: str
    key: str


@dataclass(frozen=True, slots=True)
class Parked:
    """An event set aside, with its original bytes."""

    id: int
    group: str
    identity: Identity
    received: Received
    state: State
    attempts: int
    reason: str
    detail: str
    parked_at: datetime
    next_attempt_at: datetime
    log: Sequence[Any]


async def park(
    connection: AsyncConnection,
    group: str,
    received: Received,
    identity: Identity,
    *,
    reason: str,
    detail: str,
    attempts: int,
    next_attempt_at: datetime,
    now: datetime,
) -> int | None:
    """Set an event aside and mark it in the inbox; None where another member has handled or parked it already."""
    names = {"group": group, "source": identity.source, "event_id": identity.event_id}
    if (await connection.execute(_MARK, {**names, "now": now})).first() is None:
        return None
    inserted = await connection.execute(
        _PARK,
        {
            **names,
            "key": identity.key,
            "topic": received.record.topic,
            "partition": received.partition,
            "position": received.position,
            "written_at": received.written_at,
            "record_key": received.record.key,
            "headers": pack(received.record.headers),
            "value": received.record.value,
            "state": "parked",
            "attempts": attempts,
            "reason": reason,
            "detail": _plain(detail),
            "now": now,
            "next_attempt_at": next_attempt_at,
        },
    )
    return int(inserted.scalar_one())


async def bury(
    connection: AsyncConnection, parked_id: int, *, reason: str, detail: str, now: datetime
) -> bool:
    """Make a parked event a dead letter, announced on the dead letter topic through the outbox."""
    row = (
        await connection.execute(_BURY, {"id": parked_id, "reason": reason, "detail": _plain(detail)})
    ).first()
    if row is None:
        return False
    await outbox.append_record(connection, _dead_letter(_parked(row)), now=now)
    return True


async def next_due(engine: AsyncEngine, group: str, *, now: datetime, lease_until: datetime) -> Parked | None:
    """Take the first event of some key whose time has come; it comes back at `lease_until` if this process dies."""
    async with engine.begin() as connection:
        row = (await connection.execute(_DUE, {"group": group, "now": now, "lease": lease_until})).first()
    return None if row is None else _parked(row)


async def again_later(
    connection: AsyncConnection, parked_id: int, *, at: datetime, reason: str, detail: str
) -> None:
    """Give a parked event its next moment."""
    await connection.execute(
        _AGAIN_LATER, {"id": parked_id, "at": at, "reason": reason, "detail": _plain(detail)}
    )


async def listed(
    connection: AsyncConnection,
    group: str,
    states: Sequence[State] | None = None,
    *,
    after: int = 0,
    rows: int = 100,
) -> list[Parked]:
    """List events set aside, oldest first."""
    found = await connection.execute(
        _LIST,
        {"group": group, "states": None if states is None else list(states), "after": after, "rows": rows},
    )
    return [_parked(row) for row in found]


async def shown(connection: AsyncConnection, group: str, parked_id: int) -> Parked | None:
    """Show one event set aside."""
    row = (await connection.execute(_SHOW, {"id": parked_id, "group": group})).first()
    return None if row is None else _parked(row)


async def retry(
    connection: AsyncConnection, group: str, parked_id: int, *, by: str, reason: str, now: datetime
) -> bool:
    """Let this group's handler try an event again at once; who asked and why is kept."""
    entry = _log_entry("retry", by, reason, now)
    found = await connection.execute(_RETRY, {"id": parked_id, "group": group, "now": now, "entry": entry})
    return found.first() is not None


async def discard(
    connection: AsyncConnection, group: str, parked_id: int, *, by: str, reason: str, now: datetime
) -> bool:
    """Give an event up, so that its key goes on; its bytes, who decided and why are kept."""
    entry = _log_entry("discard", by, reason, now)
    found = await connection.execute(_DISCARD, {"id": parked_id, "group": group, "entry": entry})
    return found.first() is not None


async def counts(connection: AsyncConnection, group: str) -> dict[str, tuple[int, datetime]]:
    """Count what is set aside and tell since when the oldest is, by state; a state without any is left out."""
    rows = await connection.execute(_COUNT, {"group": group})
    return {row.state: (row.number, row.oldest) for row in rows}


def _log_entry(step: str, by: str, reason: str, now: datetime) -> str:
    return json.dumps([{"step": step, "by": by, "reason": reason, "at": now.isoformat()}])


def _plain(detail: str) -> str:
    """Cut a detail to what PostgreSQL can hold."""
    return detail.encode("utf-8", "replace").decode().replace("\x00", "")[:500]


def _dead_letter(parked: Parked) -> Record:
    original = parked.received
    notes = {
        "redress-original-topic": original.record.topic,
        "redress-original-partition": str(original.partition),
        "redress-original-position": str(original.position),
        "redress-original-written-at": original.written_at.isoformat(),
        "redress-group": parked.group,
        "redress-reason": parked.reason,
        "redress-detail": parked.detail,
        "redress-attempts": str(parked.attempts),
    }
    extra = tuple((name, value.encode()) for name, value in notes.items())
    topic = dead_letter_topic(original.record.topic, parked.group)
    return Record(topic, original.record.key, (*original.record.headers, *extra), original.record.value)


def _parked(row: Any) -> Parked:
    record = Record(row.topic, row.record_key, unpack(row.headers), row.value)
    return Parked(
        id=row.id,
        group=row.consumer_group,
        identity=Identity(row.source, row.event_id, row.key),
        received=Received(record, row.partition, row.position, row.written_at),
        state=row.state,
        attempts=row.attempts,
        reason=row.reason,
        detail=row.detail,
        parked_at=row.parked_at,
        next_attempt_at=row.next_attempt_at,
        log=row.log,
    )
