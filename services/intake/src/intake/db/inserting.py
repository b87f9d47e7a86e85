"""Writes new complaints in one statement, whether one or thousands."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.db.rows import COMPLAINANT, complaint_values, number_text
from intake.domain.complaint import NewComplaint, plain
from intake.domain.trail import Trace
from intake.usecases.ports import RequestKey

_COMPLAINT: Final = {
    "id": "uuid",
    "source_system": "text",
    "external_id": "text",
    "source_updated_at": "timestamptz",
    "source_digest": "bytea",
    "channel": "text",
    "reported_severity": "text",
    "product": "text",
    "category": "text",
    "lot": "text",
    "serial": "text",
    "title": "text",
    "description": "text",
    "remedy_sought": "text",
    "attachments": "jsonb",
    "occurred_at": "timestamptz",
    "aware_at": "timestamptz",
    "received_at": "timestamptz",
    "recorded_at": "timestamptz",
    "updated_at": "timestamptz",
    "historical": "boolean",
    "state": "text",
    "version": "integer",
    "correlation_id": "uuid",
}
_PERSON: Final = dict.fromkeys(COMPLAINANT, "text")
_TRACE: Final = {
    "position": "integer",
    "at": "timestamptz",
    "actor": "text",
    "action": "text",
    "changes": "jsonb",
    "reason": "text",
    "previous": "text",
    "hash": "text",
}
_KEY: Final = {
    "actor": "text",
    "method": "text",
    "route": "text",
    "key": "text",
    "fingerprint": "bytea",
    "status": "smallint",
}
_PERSON_PREFIX: Final = "person_"
_TRACE_PREFIX: Final = "trace_"
_KEY_PREFIX: Final = "key_"
_PERSON_NAMES: Final = tuple((name, _PERSON_PREFIX + name) for name in _PERSON)
_TRACE_NAMES: Final = tuple((name, _TRACE_PREFIX + name) for name in _TRACE)


def _typed(types: Mapping[str, str], prefix: str = "") -> str:
    return ", ".join(f"{prefix}{name} {kind}" for name, kind in types.items())


def _names(types: Mapping[str, str], prefix: str = "") -> str:
    return ", ".join(f"{prefix}{name}" for name in types)


def _statement(claim: str, free: str) -> str:
    # All rows come as one JSON text: the driver would look at each of some fifty values a row by itself, which costs
    # several times as much in this process, and no less in PostgreSQL.
    # The look for a known one spares a number where the source repeats itself; the conflict clause is what holds under
    # concurrency. It is a scalar subquery because PostgreSQL would read the whole table for an EXISTS, by a plan that
    # it made and kept when there were no complaints yet. Rows go in by identity, so that two batches never wait for one
    # another in a circle.
    return f"""
WITH given AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(CAST($1 AS text) AS json)) AS given (
        {_typed(_COMPLAINT)}, {_typed(_PERSON, _PERSON_PREFIX)}, {_typed(_TRACE, _TRACE_PREFIX)},
        {_typed(_KEY, _KEY_PREFIX)}, named boolean
    )
), {claim} free AS (
    SELECT * FROM given WHERE {free}
), told AS (
    INSERT INTO complaint ({_names(_COMPLAINT)})
    SELECT {_names(_COMPLAINT)} FROM free
     WHERE external_id IS NULL OR (
         SELECT known.id FROM complaint known
          WHERE known.source_system = free.source_system AND known.external_id = free.external_id
     ) IS NULL
     ORDER BY source_system, external_id, id
    ON CONFLICT (source_system, external_id) DO NOTHING
    RETURNING id, number
), person AS (
    INSERT INTO complainant (complaint_id, {_names(_PERSON)})
    SELECT id, {_names(_PERSON, _PERSON_PREFIX)} FROM free JOIN told USING (id) WHERE named
), trail AS (
    INSERT INTO complaint_history (complaint_id, {_names(_TRACE)})
    SELECT id, {_names(_TRACE, _TRACE_PREFIX)} FROM free JOIN told USING (id)
)
SELECT id, number FROM free LEFT JOIN told USING (id)
"""  # noqa: S608 - column names and types of our own


_INSERT: Final = _statement("", "TRUE")

CLAIM_AND_INSERT: Final = _statement(
    """
bound AS MATERIALIZED (
    SELECT set_config('lock_timeout', '250ms', true) AS set_to
), claimed AS (
    INSERT INTO idempotency_key (actor, method, route, key, fingerprint, resource_id, status, created_at)
    SELECT key_actor, key_method, key_route, key_key, key_fingerprint, CAST(id AS text), key_status, recorded_at
      FROM bound, given
     WHERE set_to IS NOT NULL AND key_key IS NOT NULL
     ORDER BY key_actor, key_method, key_route, key_key
    ON CONFLICT (actor, method, route, key) DO NOTHING
    RETURNING resource_id
),""",
    "key_key IS NULL OR CAST(id AS text) IN (SELECT resource_id FROM claimed)",
)
"""Claims the keys of a batch, then writes the complaints whose key was free; `$1` is what `document` gives.

Answers with a row for each complaint that was free: its id, and its number, or NULL where its source has told it
before. Keys go in by name, so that two batches never wait for one another in a circle. A batch waits only briefly for
a key that another process holds, and then fails.
"""


def document(
    drafts: Iterable[tuple[NewComplaint, Trace]], keys: Iterable[tuple[RequestKey, int] | None] = repeat(None)
) -> str:
    """Write complaints, each with the key that asked for it and the status to be remembered, as the statements read them."""
    return orjson.dumps(
        [_row(one, trace, key) for (one, trace), key in zip(drafts, keys, strict=False)]
    ).decode()


def _row(complaint: NewComplaint, trace: Trace, key: tuple[RequestKey, int] | None) -> dict[str, Any]:
    row = complaint_values(complaint, updated_at=complaint.recorded_at)
    row["source_digest"] = _bytea(complaint.source_digest)
    row["attachments"] = plain(complaint.account.attachments)
    who = complaint.account.complainant
    row["named"] = who is not None
    if who is not None:
        row.update([(column, getattr(who, name)) for name, column in _PERSON_NAMES])
    row.update([(column, getattr(trace.entry, name)) for name, column in _TRACE_NAMES])
    if key is not None:
        use, status = key
        row["key_actor"] = use.actor
        row["key_method"] = use.method
        row["key_route"] = use.route
        row["key_key"] = use.key
        row["key_fingerprint"] = _bytea(use.fingerprint)
        row["key_status"] = status
    return row


def _bytea(value: bytes) -> str:
    return f"\\x{value.hex()}"


async def insert_new(
    connection: AsyncConnection, drafts: Sequence[tuple[NewComplaint, Trace]]
) -> dict[UUID, str]:
    """Write complaints with their complainants and histories; give the numbers of those that were not known yet."""
    rows = await connection.exec_driver_sql(_INSERT, (document(drafts),))
    return {row.id: number_text(row.number) for row in rows if row.number is not None}
