"""Writes new complaints in one statement, whether one or thousands."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from events.postgres import outbox
from intake.db.clock_patterns import ClockPatterns, written_clocks
from intake.db.rows import COMPLAINANT, complaint_values, number_text
from intake.domain.complaint import plain
from intake.usecases.ports import Draft, RequestKey

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
    "site": "text",
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
    "withheld": "jsonb",
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
TOLD: Final = 1
"""It is new."""
KNOWN: Final = 2
"""Its source has told it before."""
REPEATED: Final = 3
"""Its key was used before."""

_PERSON_PREFIX: Final = "person_"
_TRACE_PREFIX: Final = "trace_"
_KEY_PREFIX: Final = "key_"
_PERSON_NAMES: Final = tuple((name, _PERSON_PREFIX + name) for name in _PERSON)
_WITHHELD: Final = "withheld"
_ENTRY_NAMES: Final = tuple((name, _TRACE_PREFIX + name) for name in _TRACE if name != _WITHHELD)


def _typed(types: Mapping[str, str], prefix: str = "") -> str:
    return ", ".join(f"{prefix}{name} {kind}" for name, kind in types.items())


def _names(types: Mapping[str, str], prefix: str = "") -> str:
    return ", ".join(f"{prefix}{name}" for name in types)


_GIVEN: Final = f"""
given AS MATERIALIZED (
    SELECT * FROM json_to_recordset(CAST(CAST($1 AS text) AS json)) AS given (
        number bigint, {_typed(_COMPLAINT)}, {_typed(_PERSON, _PERSON_PREFIX)},
        {_typed(_TRACE, _TRACE_PREFIX)}, {_typed(_KEY, _KEY_PREFIX)}, named boolean, clocks integer
    )
), fresh AS MATERIALIZED (
    SELECT * FROM given
     WHERE CASE WHEN external_id IS NULL THEN TRUE ELSE (
         SELECT known.id FROM complaint known
          WHERE known.source_system = given.source_system AND known.external_id = given.external_id
     ) IS NULL END
)"""  # noqa: S608 - column names and types of our own
# All rows come as one JSON text: the driver would look at each of some fifty values a row by itself, which costs several
# times as much in this process, and no less in PostgreSQL.
# The look for a known one spares a number where the source repeats itself; the conflict clause is what holds under
# concurrency. It is a scalar subquery because PostgreSQL would read the whole table for an EXISTS, by a plan that it made
# and kept when there were no complaints yet. It stands in a CASE since PostgreSQL then expects many rows to be fresh, and
# joins them by hash; of a bare IS NULL it expects one, and would compare each row of a large batch with each.


def _written(rows: str, columns: str, *, clocks: int) -> str:
    # Rows go in by identity, so that two batches never wait for one another in a circle.
    return f"""
told AS (
    INSERT INTO complaint ({columns})
    SELECT {columns} FROM {rows} ORDER BY source_system, external_id, id
    ON CONFLICT (source_system, external_id) DO NOTHING
    RETURNING id, number
), person AS (
    INSERT INTO complainant (complaint_id, {_names(_PERSON)})
    SELECT id, {_names(_PERSON, _PERSON_PREFIX)} FROM {rows} JOIN told USING (id) WHERE named
), trail AS (
    INSERT INTO complaint_history (complaint_id, {_names(_TRACE)})
    SELECT id, {_names(_TRACE, _TRACE_PREFIX)} FROM {rows} JOIN told USING (id)
), timed AS (
{written_clocks(rows, clocks)}
)"""  # noqa: S608 - column names of our own


_INSERT: Final = f"""
WITH {_GIVEN}, {_written("fresh", _names(_COMPLAINT), clocks=2)}
SELECT id, number FROM told
"""  # noqa: S608 - column names of our own

RECEIVE: Final = f"""
WITH {_GIVEN}, bound AS MATERIALIZED (
    SELECT set_config('lock_timeout', '250ms', true) AS set_to
), claimed AS (
    INSERT INTO idempotency_key (actor, method, route, key, fingerprint, resource_id, status, created_at)
    SELECT key_actor, key_method, key_route, key_key, key_fingerprint, CAST(id AS text), key_status, recorded_at
      FROM bound, fresh
     WHERE set_to IS NOT NULL AND key_key IS NOT NULL
     ORDER BY key_actor, key_method, key_route, key_key
    ON CONFLICT (actor, method, route, key) DO NOTHING
    RETURNING resource_id
), free AS MATERIALIZED (
    SELECT * FROM fresh WHERE key_key IS NULL OR CAST(id AS text) IN (SELECT resource_id FROM claimed)
), {_written("free", f"number, {_names(_COMPLAINT)}", clocks=11)}, announced AS (
    SELECT event.key, event.shard, CAST($7 AS text) AS topic, event.headers, event.value,
           CAST($8 AS timestamptz) AS recorded_at, event.sequence, event.nth
      FROM unnest(
               CAST($2 AS uuid[]), CAST($3 AS text[]), CAST($4 AS smallint[]), CAST($5 AS bytea[]),
               CAST($6 AS bytea[]), CAST($10 AS bigint[])
           ) WITH ORDINALITY AS event (id, key, shard, headers, value, sequence, nth)
      JOIN told USING (id)
), {outbox.APPEND_FIRST}
SELECT given.id, CASE WHEN told.id IS NOT NULL THEN {TOLD}
                      WHEN fresh.id IS NULL OR free.id IS NOT NULL AND given.key_key IS NULL THEN {KNOWN}
                      WHEN free.id IS NULL THEN {REPEATED}
                      ELSE 1 / (given.version - given.version) END AS outcome,
       CAST(NULL AS bigint) AS number
  FROM given LEFT JOIN fresh USING (id) LEFT JOIN free USING (id) LEFT JOIN told USING (id)
UNION ALL
SELECT NULL, NULL, nextval('complaint_number_seq') FROM generate_series(1, CAST($9 AS integer))
"""  # noqa: S608 - column names and numbers of our own
"""Receives a batch of complaints: claims their keys, writes those whose key was free, and tells of them, in one statement.

`$1` is what `document` gives, `$2` for each event the id of its complaint, `$10` its place among that one's events, and
`$3` to `$8` what `outbox.values` gives of the events, and `$11` what `ClockPatterns.document` gives. The answer has a row (id, outcome) for each complaint, and `$9` rows
with a number for the next ones.

Keys go in by name, so that two batches never wait for one another in a circle. A batch waits only briefly for a key that
another process holds, and then fails. It fails by a division by zero where another transaction tells of the same
complaint at the same moment, since the key that was claimed for it must not stay.
"""

NUMBERS: Final = "SELECT nextval('complaint_number_seq') FROM generate_series(1, CAST($1 AS integer))"
"""Draws `$1` numbers of complaints."""


def document(rows: Iterable[Mapping[str, Any]]) -> str:
    """Write rows as the statements read them."""
    return orjson.dumps(list(rows)).decode()


def draft_row(new: Draft, patterns: ClockPatterns) -> dict[str, Any]:
    """Write a new complaint with its complainant, the beginning of its history and the pattern of its clocks as a row."""
    complaint, trace = new.complaint, new.trace
    row = complaint_values(complaint, updated_at=complaint.recorded_at)
    row["source_digest"] = _bytea(complaint.source_digest)
    row["attachments"] = plain(complaint.account.attachments)
    who = complaint.account.complainant
    row["named"] = who is not None
    if who is not None:
        row.update([(column, getattr(who, name)) for name, column in _PERSON_NAMES])
    row.update([(column, getattr(trace.entry, name)) for name, column in _ENTRY_NAMES])
    row[_TRACE_PREFIX + _WITHHELD] = trace.withheld
    row["clocks"] = patterns.number(new.begun)
    return row


def claim(key: RequestKey, status: int) -> dict[str, Any]:
    """Write the key that asked for a complaint, and the status to be remembered with it, as a part of its row."""
    return {
        "key_actor": key.actor,
        "key_method": key.method,
        "key_route": key.route,
        "key_key": key.key,
        "key_fingerprint": _bytea(key.fingerprint),
        "key_status": status,
    }


def _bytea(value: bytes) -> str:
    return f"\\x{value.hex()}"


async def insert_new(connection: AsyncConnection, drafts: Sequence[Draft]) -> dict[UUID, str]:
    """Write complaints with all that belongs to them; give the numbers of those that were not known yet."""
    patterns = ClockPatterns()
    written = document(draft_row(draft, patterns) for draft in drafts)
    rows = await connection.exec_driver_sql(_INSERT, (written, patterns.document()))
    return {row.id: number_text(row.number) for row in rows}
