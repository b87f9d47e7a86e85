"""Writes new complaints in one statement, whether one or thousands."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.db.rows import (
    COMPLAINANT,
    columns,
    complainant_values,
    complaint_values,
    number_text,
    trace_values,
)
from intake.domain.complaint import NewComplaint
from intake.domain.trail import Trace

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
    "attachments": "text",
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
    "changes": "text",
    "reason": "text",
    "previous": "text",
    "hash": "text",
}
_PERSON_PREFIX: Final = "person_"
_TRACE_PREFIX: Final = "trace_"


def _arrays(types: Mapping[str, str], prefix: str = "") -> str:
    return ", ".join(f"CAST(:{prefix}{name} AS {kind}[])" for name, kind in types.items())


def _names(types: Mapping[str, str], prefix: str = "") -> str:
    return ", ".join(f"{prefix}{name}" for name in types)


_JSON: Final = {"attachments", "changes"}


def _picked(types: Mapping[str, str], prefix: str = "") -> str:
    return ", ".join(
        f"CAST({prefix}{name} AS jsonb)" if name in _JSON else f"{prefix}{name}" for name in types
    )


# The NOT EXISTS spares a number where the source repeats itself; the conflict clause is what holds under concurrency.
# Rows go in by identity, so that two batches never wait for one another in a circle.
_INSERT: Final = sa.text(f"""
WITH given AS (
    SELECT * FROM unnest({_arrays(_COMPLAINT)}, {_arrays(_PERSON, _PERSON_PREFIX)}, {_arrays(_TRACE, _TRACE_PREFIX)},
                         CAST(:named AS boolean[]))
        AS given ({_names(_COMPLAINT)}, {_names(_PERSON, _PERSON_PREFIX)}, {_names(_TRACE, _TRACE_PREFIX)}, named)
), told AS (
    INSERT INTO complaint ({_names(_COMPLAINT)})
    SELECT {_picked(_COMPLAINT)} FROM given
     WHERE external_id IS NULL OR NOT EXISTS (
         SELECT 1 FROM complaint known
          WHERE known.source_system = given.source_system AND known.external_id = given.external_id
     )
     ORDER BY source_system, external_id, id
    ON CONFLICT (source_system, external_id) DO NOTHING
    RETURNING id, number
), person AS (
    INSERT INTO complainant (complaint_id, {_names(_PERSON)})
    SELECT id, {_names(_PERSON, _PERSON_PREFIX)} FROM given JOIN told USING (id) WHERE named
), trail AS (
    INSERT INTO complaint_history (complaint_id, {_names(_TRACE)})
    SELECT id, {_picked(_TRACE, _TRACE_PREFIX)} FROM given JOIN told USING (id)
)
SELECT id, number FROM told
""")  # noqa: S608 - column names and types of our own


async def insert_new(
    connection: AsyncConnection, drafts: Sequence[tuple[NewComplaint, Trace]]
) -> dict[UUID, str]:
    """Write complaints with their complainants and histories; give the numbers of those that were not known yet."""
    complaints = [complaint for complaint, _ in drafts]
    values: dict[str, Any] = {
        **columns([complaint_values(one, updated_at=one.recorded_at) for one in complaints], _COMPLAINT),
        **columns([complainant_values(one) for one in complaints], _PERSON, _PERSON_PREFIX),
        **columns([trace_values(trace) for _, trace in drafts], _TRACE, _TRACE_PREFIX),
        "named": [one.account.complainant is not None for one in complaints],
    }
    inserted = await connection.execute(_INSERT, values)
    return {row.id: number_text(row.number) for row in inserted}
