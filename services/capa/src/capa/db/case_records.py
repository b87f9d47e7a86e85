"""Reads of cases for lists and single ones; nothing is locked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from capa.db.listing import Conditions, any_of, named, newest_first, page_of, rows_of
from capa.db.rows import action_of, case_of, entry_of
from capa.db.tables import action, case_nonconformity, corrective_case, history, signed_document
from capa.domain.case.case import Case
from capa.domain.errors import CaseMissing
from capa.domain.severity import Severity
from capa.usecases.case_reading import MOST_SIMILAR, CaseFilter, CaseView, SignedPart, SimilarRecord
from capa.usecases.reading import Keys
from common.history import Entry
from common.page import Page

# Same product and category before same product, before same kind of cause, before same category; then the newest.
_SIMILAR: Final = sa.text("""
WITH found AS (
    SELECT 'nonconformity' AS kind, id, number, state, product, category, severity, description AS title,
           raised_at AS at, false AS same_nature
      FROM nonconformity
     WHERE (product = :product OR category = :category) AND NOT id = ANY(CAST(:own AS uuid[]))
    UNION ALL
    SELECT 'case', id, number, state, product, category, severity, title, requested_at,
           EXISTS (SELECT 1 FROM jsonb_array_elements(body->'causes') AS cause
                    WHERE cause->>'nature' = ANY(CAST(:natures AS text[])) AND cause->'test'->>'passed' = 'true')
      FROM corrective_case
     WHERE id <> CAST(:case_id AS uuid)
), judged AS (
    SELECT *, product = :product AS same_product, category = :category AS same_category FROM found
)
SELECT * FROM judged WHERE same_product OR same_category OR same_nature
 ORDER BY 4 * same_product::int + 2 * same_nature::int + same_category::int DESC, at DESC, id LIMIT :most
""")
_REASONS: Final = ("same_product", "same_category", "same_nature")


class PostgresCaseRecords:
    """Reads with a connection of the engine's for each call."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def cases(self, wanted: CaseFilter, after: Keys, limit: int, *, now: datetime) -> Page[Case]:
        """List cases, the one requested last first; overdue is judged at `now`."""
        query = sa.select(corrective_case).where(*_wanted(wanted, now))
        order = (corrective_case.c.requested_at, corrective_case.c.id)
        async with self._engine.connect() as connection:
            return await newest_first(connection, query, order, (after, limit), case_of)

    async def case(self, reference: UUID | str) -> CaseView:
        """Read one by its id or number; refuses with CaseMissing."""
        async with self._engine.connect() as connection:
            case = await _one(connection, reference)
            rows = await connection.execute(
                sa.select(action).where(action.c.parent_id == case.id).order_by(action.c.id)
            )
            return CaseView(case, tuple(map(action_of, rows)))

    async def case_history(self, reference: UUID | str, after: Keys, limit: int) -> Page[Entry]:
        """List what happened to a case, oldest first; refuses with CaseMissing."""
        position = 0 if after is None else int(after[0])
        async with self._engine.connect() as connection:
            case = await _one(connection, reference)
            query = sa.select(history).where(history.c.thing_id == case.id, history.c.position > position)
            rows = await rows_of(connection, query.order_by(history.c.position), limit)
        return page_of(rows, limit, entry_of, lambda row: (str(row.position),))

    async def similar(self, reference: UUID | str) -> Sequence[SimilarRecord]:
        """Find what is similar elsewhere, most alike and newest first; refuses with CaseMissing."""
        async with self._engine.connect() as connection:
            case = await _one(connection, reference)
            values = {
                "case_id": case.id,
                "product": case.product,
                "category": case.category,
                "own": list(case.nonconformity_ids),
                "natures": [cause.nature.value for cause in case.confirmed()],
                "most": MOST_SIMILAR,
            }
            return [_similar(row) for row in await connection.execute(_SIMILAR, values)]

    async def signatures(self, reference: UUID | str) -> tuple[Case, Sequence[SignedPart]]:
        """Read the signatures of a case with what was signed, oldest first; refuses with CaseMissing."""
        async with self._engine.connect() as connection:
            case = await _one(connection, reference)
            rows = await connection.execute(
                sa.select(signed_document).where(signed_document.c.case_id == case.id)
            )
            documents = {row.signature_id: row.document for row in rows}
        return case, [SignedPart(each, documents[each.id]) for each in case.signatures]


async def _one(connection: AsyncConnection, reference: UUID | str) -> Case:
    row = (
        await connection.execute(sa.select(corrective_case).where(named(corrective_case, reference)))
    ).first()
    if row is None:
        raise CaseMissing(f"There is no case {reference}.")
    return case_of(row)


def _wanted(wanted: CaseFilter, now: datetime) -> Conditions:
    table = corrective_case.c
    conditions = [
        *any_of(table.state, wanted.state),
        *any_of(table.severity, wanted.severity),
        *any_of(table.risk, wanted.risk),
        *any_of(table.product, wanted.product),
        *any_of(table.category, wanted.category),
        *any_of(table.owner, wanted.owner),
        *any_of(table.approver, wanted.approver),
    ]
    if wanted.nonconformity_id is not None:
        links = case_nonconformity.c
        conditions.append(
            table.id.in_(sa.select(links.case_id).where(links.nonconformity_id == wanted.nonconformity_id))
        )
    if wanted.recurrence_of is not None:
        conditions.append(table.recurrence_of == wanted.recurrence_of)
    if wanted.overdue is not None:
        overdue = sa.func.coalesce(table.next_due_at < now, sa.false())
        conditions.append(overdue if wanted.overdue else sa.not_(overdue))
    if wanted.closed_from is not None:
        conditions.append(table.closed_at >= wanted.closed_from)
    if wanted.closed_to is not None:
        conditions.append(table.closed_at < wanted.closed_to)
    return conditions


def _similar(row: Any) -> SimilarRecord:
    return SimilarRecord(
        kind=row.kind,
        id=row.id,
        number=row.number,
        state=row.state,
        product=row.product,
        category=row.category,
        severity=Severity(row.severity),
        title=row.title,
        at=row.at,
        reasons=tuple(reason for reason in _REASONS if getattr(row, reason)),
    )
