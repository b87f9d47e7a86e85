"""Reads what became of complaints, cases and notices, for indicators; nothing is locked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from capa.db.rows import case_of
from capa.db.sites import of_sites
from capa.db.tables import case_nonconformity, corrective_case, history
from capa.domain.case.case import Case
from capa.domain.case.life import Changes, life_of
from capa.domain.handling import Standing
from capa.usecases.handling_ports import Sent
from capa.usecases.indicators import Products, Sites
from quality.cases import CLOSED, LOOK_BACK, CaseLife
from quality.handling import ENDS, REOPENED_WITHIN, Deadline, Life, Step, Taken
from quality.indicators import Span

_SNAPSHOT: Final = sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_UUIDS: Final = pg.ARRAY(sa.Uuid)

# Those to which something happened since, that fell due in the span, or that are still open. What an older release took up
# is known from here on only, and what is historical tells nothing of how fast anybody was.
_LIVES: Final = sa.text("""
WITH wanted AS (
    SELECT complaint_id FROM complaint_step WHERE at >= :ripening
    UNION SELECT complaint_id FROM complaint_deadline WHERE due_at >= :since AND due_at < :until
    UNION SELECT complaint_id FROM complaint_deadline WHERE original_due_at >= :since AND original_due_at < :until
    UNION SELECT complaint.id FROM complaint LEFT JOIN LATERAL (
        SELECT step FROM complaint_step
         WHERE complaint_id = complaint.id AND step = ANY(:turns) ORDER BY version DESC LIMIT 1
    ) AS last ON true WHERE complaint.received_at < :until AND NOT coalesce(last.step, '') = ANY(:ends)
)
SELECT complaint.id, received_at, coalesce(ended, '') NOT IN ('rejected', 'linked') AS counts, EXISTS (
    SELECT 1 FROM nonconformity_complaint AS link
      JOIN case_nonconformity AS covered ON covered.nonconformity_id = link.nonconformity_id
      JOIN corrective_case ON corrective_case.id = covered.case_id
     WHERE link.complaint_id = complaint.id AND corrective_case.body ->> 'accepted_at' IS NOT NULL
) AS in_case
  FROM complaint JOIN wanted ON wanted.complaint_id = complaint.id
 WHERE followed AND NOT historical AND received_at < :until
   AND (CAST(:products AS text[]) IS NULL OR product = ANY(CAST(:products AS text[])))
   AND (CAST(:sites AS text[]) IS NULL OR site = ANY(CAST(:sites AS text[])))
""")
_STEPS: Final = sa.text(
    "SELECT complaint_id, step, at, investigated FROM complaint_step WHERE complaint_id = ANY(:ids)"
    " ORDER BY complaint_id, version, at"
).bindparams(sa.bindparam("ids", type_=_UUIDS))
_DEADLINES: Final = sa.text("SELECT * FROM complaint_deadline WHERE complaint_id = ANY(:ids)").bindparams(
    sa.bindparam("ids", type_=_UUIDS)
)
_CHANGES: Final = (
    sa.select(
        history.c.thing_id,
        history.c.at,
        *(history.c.changes[name].label(name) for name in ("state", "due", "cycle")),
    )
    .where(history.c.thing_id == sa.any_(sa.bindparam("ids", type_=_UUIDS)))
    .order_by(history.c.thing_id, history.c.position)
)
# The first of each is enough to know that the trouble came back.
_AGAIN: Final = sa.text("""
SELECT given.case_id, least(
    (SELECT min(received_at) FROM complaint
      WHERE product = given.product AND category = given.category
        AND coalesce(ended, '') NOT IN ('rejected', 'linked')
        AND received_at > given.closed_at AND received_at <= given.until),
    (SELECT min(raised_at) FROM nonconformity
      WHERE product = given.product AND category = given.category
        AND raised_at > given.closed_at AND raised_at <= given.until),
    (SELECT min(requested_at) FROM corrective_case
      WHERE recurrence_of = given.case_id AND requested_at > given.closed_at AND requested_at <= given.until)
) AS at
  FROM unnest(:cases, :products, :categories, :closed, :until)
    AS given (case_id, product, category, closed_at, until)
""").bindparams(
    sa.bindparam("cases", type_=_UUIDS),
    *(sa.bindparam(name, type_=pg.ARRAY(sa.Text)) for name in ("products", "categories")),
    *(sa.bindparam(name, type_=pg.ARRAY(sa.DateTime(timezone=True))) for name in ("closed", "until")),
)
# Of each level the first notice. Whoever was told a month before the span had to answer before it.
_SENT: Final = sa.text("""
SELECT notice.step, min(notice.at) AS sent_at, action.completed_at
  FROM action_notice AS notice JOIN action ON action.id = notice.action_id
 WHERE notice.kind = 'sent' AND action.cancelled_at IS NULL
   AND (CAST(:products AS text[]) IS NULL OR product = ANY(CAST(:products AS text[])))
   AND (CAST(:sites AS text[]) IS NULL OR EXISTS (
       SELECT 1 FROM nonconformity_complaint AS link JOIN complaint ON complaint.id = link.complaint_id
        WHERE complaint.site = ANY(CAST(:sites AS text[])) AND (
            link.nonconformity_id = action.parent_id OR EXISTS (
                SELECT 1 FROM case_nonconformity AS covered
                 WHERE covered.case_id = action.parent_id AND covered.nonconformity_id = link.nonconformity_id))))
 GROUP BY action.id, notice.step
HAVING min(notice.at) < :until
   AND (coalesce(action.completed_at, :until) >= :since OR min(notice.at) >= CAST(:since AS timestamptz) - interval '30 days')
""")
_TURNS: Final = [each.value for each in ENDS | {Step.REOPENED}]


class PostgresHandlingRecords:
    """Reads with a connection of the engine's for each call, which sees the records of one moment."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def lives(self, span: Span, products: Products, sites: Sites = None) -> Sequence[Life]:
        """Read complaints that could matter to a span, each with all that happened to it."""
        given = {
            **_given(span, products, sites),
            "ripening": span.begins_at - REOPENED_WITHIN,
            "turns": _TURNS,
            "ends": [each.value for each in ENDS],
        }
        async with self._engine.connect() as connection:
            await connection.execute(_SNAPSHOT)
            rows = (await connection.execute(_LIVES, given)).all()
            ids = [row.id for row in rows]
            taken, deadlines = await _steps(connection, ids), await _deadlines(connection, ids)
        return [
            Life(
                row.received_at,
                taken.get(row.id, ()),
                deadlines.get(row.id, ()),
                in_case=row.in_case,
                counts=row.counts,
            )
            for row in rows
        ]

    async def cases(self, span: Span, products: Products, sites: Sites = None) -> Sequence[CaseLife]:
        """Read the cases requested before the end of a span, each with all that happened to it."""
        query = sa.select(corrective_case.c.body).where(corrective_case.c.requested_at < span.ends_at)
        if products is not None:
            query = query.where(corrective_case.c.product.in_(sorted(products)))
        if sites is not None:
            covering = sa.select(case_nonconformity.c.case_id).where(
                case_nonconformity.c.nonconformity_id.in_(of_sites(sites))
            )
            query = query.where(corrective_case.c.id.in_(covering))
        async with self._engine.connect() as connection:
            await connection.execute(_SNAPSHOT)
            cases = [case_of(row) for row in await connection.execute(query)]
            changes: dict[UUID, list[tuple[Any, Changes]]] = defaultdict(list)
            for row in await connection.execute(_CHANGES, {"ids": [case.id for case in cases]}):
                changes[row.thing_id].append((row.at, _said(row)))
            lives = {case.id: life_of(case, changes[case.id]) for case in cases}
            again = await _again(connection, cases, lives, span)
        return [replace(life, again_at=tuple(again.get(identity, ()))) for identity, life in lives.items()]

    async def sent(self, span: Span, products: Products, sites: Sites = None) -> Sequence[Sent]:
        """Read when somebody was first told at each level of actions that could matter to a span."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(_SENT, _given(span, products, sites))).all()
        return [Sent(row.step, row.sent_at, row.completed_at) for row in rows]


def _given(span: Span, products: Products, sites: Sites) -> dict[str, Any]:
    chosen = {
        "products": None if products is None else sorted(products),
        "sites": None if sites is None else sorted(sites),
    }
    return {"since": span.begins_at, "until": span.ends_at, **chosen}


async def _steps(connection: AsyncConnection, ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Taken]]:
    found: dict[UUID, list[Taken]] = defaultdict(list)
    for row in await connection.execute(_STEPS, {"ids": ids}):
        found[row.complaint_id].append(Taken(Step(row.step), row.at, row.investigated))
    return found


async def _deadlines(connection: AsyncConnection, ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Deadline]]:
    found: dict[UUID, list[Deadline]] = defaultdict(list)
    for row in await connection.execute(_DEADLINES, {"ids": ids}):
        found[row.complaint_id].append(
            Deadline(
                clock=row.clock,
                ordinal=row.ordinal,
                kind=row.kind,
                started_at=row.started_at,
                original_due_at=row.original_due_at,
                due_at=row.due_at,
                on_hold=row.standing == Standing.ON_HOLD,
                met=row.standing == Standing.MET,
                ended_at=row.ended_at,
            )
        )
    return found


def _said(row: Any) -> Changes:
    return {name: value for name in ("state", "due", "cycle") if (value := getattr(row, name)) is not None}


async def _again(
    connection: AsyncConnection, cases: Sequence[Case], lives: Mapping[UUID, CaseLife], span: Span
) -> Mapping[UUID, Sequence[Any]]:
    ripe = [
        (case, move.at)
        for case in cases
        for move in lives[case.id].moves
        if move.stage == CLOSED and span.holds(move.at + LOOK_BACK)
    ]
    found: dict[UUID, list[Any]] = defaultdict(list)
    if ripe:
        given = {
            "cases": [case.id for case, _ in ripe],
            "products": [case.product for case, _ in ripe],
            "categories": [case.category for case, _ in ripe],
            "closed": [at for _, at in ripe],
            "until": [at + LOOK_BACK for _, at in ripe],
        }
        for row in await connection.execute(_AGAIN, given):
            if row.at is not None:
                found[row.case_id].append(row.at)
    return found
