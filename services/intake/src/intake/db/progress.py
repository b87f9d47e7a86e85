"""What capa announced, as rows; each event is applied once and in any order."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.many_rows import document, insert_rows
from intake.db.tables import timeline_note
from intake.domain.progress import ActionSeen, Membership, NonconformityMoved, NonconformitySeen, TriageSeen
from intake.domain.timeline import Note

# What says nothing new writes nothing, so that a fact that is told again makes no complaint look updated.
# One that is known already is left alone, so that the many complaints of one nonconformity do not wait for each other.
# A nonconformity that triage alone has named stands at version 0, so that whatever it announces itself counts more.
# What is told of one complaint comes under several keys and is handled at once. Whoever writes locks in one order:
# complaint, triage or action, nonconformity, link. PostgreSQL runs the parts of a WITH in an order of its own, so that
# the complaint is locked by what all the others read from; the count is there where the complaint is not, too.
_TRIAGE: Final = sa.text("""
WITH held AS (
    SELECT id FROM complaint WHERE id = CAST(:complaint_id AS uuid) FOR NO KEY UPDATE
), noted AS (
    INSERT INTO triage (complaint_id, outcome, reason, explanation, policy_version, decided_at, nonconformity_id, version)
    SELECT CAST(:complaint_id AS uuid), :outcome, :reason, :explanation, :policy_version,
           CAST(:decided_at AS timestamptz), CAST(:nonconformity_id AS uuid), CAST(:version AS integer)
      FROM (SELECT count(*) FROM held) AS first
    ON CONFLICT (complaint_id) DO UPDATE
       SET outcome = excluded.outcome, reason = excluded.reason, explanation = excluded.explanation,
           policy_version = excluded.policy_version, decided_at = excluded.decided_at,
           nonconformity_id = excluded.nonconformity_id, version = excluded.version
     WHERE triage.version <= excluded.version
       AND (triage.outcome, triage.reason, triage.explanation, triage.policy_version, triage.decided_at,
            triage.nonconformity_id, triage.version)
           IS DISTINCT FROM
           (excluded.outcome, excluded.reason, excluded.explanation, excluded.policy_version, excluded.decided_at,
            excluded.nonconformity_id, excluded.version)
    RETURNING complaint_id, nonconformity_id
), named AS (
    INSERT INTO nonconformity (id, number, state, version, updated_at)
    SELECT nonconformity_id, :nonconformity_number, 'open', 0, CAST(:seen_at AS timestamptz)
      FROM noted WHERE nonconformity_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM nonconformity AS known WHERE known.id = noted.nonconformity_id AND known.number IS NOT NULL)
    ON CONFLICT (id) DO UPDATE SET number = coalesce(nonconformity.number, excluded.number)
), linked AS (
    INSERT INTO complaint_link (complaint_id, nonconformity_id)
    SELECT complaint_id, nonconformity_id FROM noted WHERE nonconformity_id IS NOT NULL
    ON CONFLICT DO NOTHING
)
UPDATE complaint SET updated_at = CAST(:seen_at AS timestamptz), awaits_triage = false
  FROM noted WHERE id = noted.complaint_id
""")
_NONCONFORMITY: Final = sa.text("""
WITH held AS (
    SELECT id FROM complaint WHERE id = CAST(:complaint_id AS uuid) FOR NO KEY UPDATE
), noted AS (
    INSERT INTO nonconformity (id, number, state, version, updated_at)
    SELECT CAST(:nonconformity_id AS uuid), :number, 'open', CAST(:version AS integer), CAST(:seen_at AS timestamptz)
      FROM (SELECT count(*) FROM held) AS first
    ON CONFLICT (id) DO UPDATE SET number = excluded.number, version = excluded.version
     WHERE nonconformity.version <= excluded.version
       AND (nonconformity.number, nonconformity.version) IS DISTINCT FROM (excluded.number, excluded.version)
    RETURNING id
), linked AS (
    INSERT INTO complaint_link (complaint_id, nonconformity_id)
    SELECT CAST(:complaint_id AS uuid), CAST(:nonconformity_id AS uuid)
      FROM (SELECT count(*) FROM held) AS first
     WHERE CAST(:complaint_id AS uuid) IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING complaint_id
)
UPDATE complaint SET updated_at = CAST(:seen_at AS timestamptz)
 WHERE id = CAST(:complaint_id AS uuid) AND (EXISTS (SELECT 1 FROM noted) OR EXISTS (SELECT 1 FROM linked))
""")
# Closed is the end, whatever comes under the same version.
_MOVED: Final = sa.text("""
INSERT INTO nonconformity (id, number, state, version, updated_at)
VALUES (CAST(:nonconformity_id AS uuid), :number, :state, CAST(:version AS integer), CAST(:seen_at AS timestamptz))
ON CONFLICT (id) DO UPDATE
   SET number = excluded.number, state = excluded.state, version = excluded.version, updated_at = excluded.updated_at
 WHERE nonconformity.version <= excluded.version AND nonconformity.state <> 'closed'
   AND (nonconformity.number, nonconformity.state, nonconformity.version)
       IS DISTINCT FROM (excluded.number, excluded.state, excluded.version)
""")
# What is not said stays; a team is said wherever an owner is.
_ACTION: Final = sa.text("""
WITH noted AS (
    INSERT INTO action (id, number, nonconformity_id, kind, owner, team, due_at, state, version)
    VALUES (CAST(:action_id AS uuid), :number, CAST(:nonconformity_id AS uuid), CAST(:kind AS text),
            CAST(:owner AS text), CAST(:team AS text), CAST(:due_at AS timestamptz),
            coalesce(CAST(:state AS text), 'open'), CAST(:version AS integer))
    ON CONFLICT (id) DO UPDATE
       SET kind = coalesce(excluded.kind, action.kind),
           owner = coalesce(excluded.owner, action.owner),
           team = CASE WHEN excluded.owner IS NULL THEN action.team ELSE excluded.team END,
           due_at = coalesce(excluded.due_at, action.due_at),
           state = coalesce(CAST(:state AS text), action.state),
           version = excluded.version
     WHERE action.version <= excluded.version
       AND (action.kind, action.owner, action.team, action.due_at, action.state, action.version)
           IS DISTINCT FROM
           (coalesce(excluded.kind, action.kind), coalesce(excluded.owner, action.owner),
            CASE WHEN excluded.owner IS NULL THEN action.team ELSE excluded.team END,
            coalesce(excluded.due_at, action.due_at), coalesce(CAST(:state AS text), action.state), excluded.version)
    RETURNING nonconformity_id
)
INSERT INTO nonconformity (id, number, state, version, updated_at)
SELECT nonconformity_id, NULL, 'open', 0, CAST(:seen_at AS timestamptz) FROM noted
ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at
""")

_HOLD: Final = sa.text("""
SELECT FROM complaint WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
""")
_KNOW: Final = sa.text("""
INSERT INTO nonconformity (id, number, state, version, updated_at)
SELECT id, number, 'open', 0, seen_at
  FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS text[]), CAST(:seen AS timestamptz[])) AS given (id, number, seen_at)
 WHERE NOT EXISTS (SELECT FROM nonconformity AS known WHERE known.id = given.id)
 ORDER BY id
ON CONFLICT (id) DO NOTHING
""")
_TAKE_NOTES: Final = insert_rows(
    timeline_note, "notes", "ORDER BY subject_id, name ON CONFLICT (subject_id, name) DO NOTHING"
)
_NOTED: Final = tuple(str(column.name) for column in timeline_note.c)


Fact = TriageSeen | NonconformitySeen | NonconformityMoved | ActionSeen


class PostgresProgress:
    """What capa announced, inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def hold(self, complaint_ids: Collection[UUID], memberships: Sequence[Membership]) -> None:
        """Lock complaints, and know nonconformities, in the order of their ids."""
        if complaint_ids:
            await self._connection.execute(_HOLD, {"ids": sorted(complaint_ids)})
        if memberships:
            first = {each.nonconformity_id: each for each in reversed(memberships)}.values()
            known = {
                "ids": [each.nonconformity_id for each in first],
                "numbers": [each.number for each in first],
                "seen": [each.seen_at for each in first],
            }
            await self._connection.execute(_KNOW, known)

    async def triage(self, *seen: TriageSeen) -> None:
        """Note what triage decided about complaints."""
        await self._each(_TRIAGE, seen)

    async def nonconformity(self, *seen: NonconformitySeen) -> None:
        """Note that complaints belong to nonconformities."""
        await self._each(_NONCONFORMITY, seen)

    async def moved(self, *moved: NonconformityMoved) -> None:
        """Note where nonconformities stand."""
        await self._each(_MOVED, moved)

    async def action(self, *seen: ActionSeen) -> None:
        """Note what became of actions."""
        await self._each(_ACTION, seen)

    async def _each(self, statement: sa.TextClause, facts: Sequence[Fact]) -> None:
        # One after another, but sent together.
        if facts:
            await self._connection.execute(statement, [_values(each) for each in facts])

    async def take_notes(self, notes: Sequence[Note]) -> None:
        """Keep facts for timelines, each once by its name."""
        if notes:
            rows = [{name: getattr(note, name) for name in _NOTED} for note in notes]
            await self._connection.execute(_TAKE_NOTES, {"notes": document(rows)})


def _values(seen: Fact) -> dict[str, object]:
    return {name: getattr(seen, name) for name in seen.__dataclass_fields__}
