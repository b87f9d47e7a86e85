"""Finds phrases in bounded time, however common their words are: so many complaints that hold the words at a time.

Where words stand is in no index, so that whether they stand in order is looked up in each complaint that holds them. A page
that looked at `CHECKED` of them ends there, with the place to go on from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.db.ordering import NUMBER, Order
from intake.db.searching import (
    QUERY,
    first_of,
    hold,
    indexed,
    matching,
    others,
    prepare,
    search_all,
    search_near,
)
from intake.db.tables import complaint_search

CHECKED: Final = 5_000
"""In how many complaints that hold the words of a phrase one page looks whether they stand in order."""

# What the index alone can answer of a question, with the words in any order; NULL where there is no phrase in it.
_WEAKER: Final = sa.text(f"""
SELECT CASE WHEN CAST(asked AS text) ~ ' <(-|[0-9]+)> ' AND querytree(asked) NOT IN ('', 'T')
            THEN regexp_replace(querytree(asked), ' <(-|[0-9]+)> ', ' & ', 'g') END
  FROM (SELECT {QUERY} AS asked) AS question
""")  # noqa: S608 - of our own


@dataclass(frozen=True, slots=True)
class Found:
    """Ids in the order that was asked for; where not all was looked at, the keys to go on from."""

    ids: Sequence[UUID]
    beyond: tuple[str, str] | None = None


async def weaker(connection: AsyncConnection, q: str) -> str | None:
    """Write a question without the order of words, which finds all of it and more; None where it asks for no order."""
    found: str | None = (await connection.execute(_WEAKER, {"q": q})).scalar_one()
    return found


async def search_phrase(
    connection: AsyncConnection,
    q: str,
    weak: str,
    conditions: Sequence[sa.ColumnElement[bool]],
    order: Order,
    *,
    limit: int,
) -> Found:
    """Find the first `limit` complaints among the first `CHECKED` of the order that hold the words of `weak`."""
    rows = (await connection.execute(_query(q, weak, conditions, order, limit=limit))).all()
    ids = [row.id for row in rows if not row.edge]
    edge = next((row for row in rows if row.edge), None)
    if edge is None or len(ids) == limit:
        return Found(ids)
    place = str(edge.place) if order.column.name == NUMBER else edge.place.isoformat()
    return Found(ids, (place, str(edge.id)))


def _query(
    q: str, weak: str, conditions: Sequence[sa.ColumnElement[bool]], order: Order, *, limit: int
) -> sa.Select[Any]:
    candidates = first_of(
        indexed(matching(complaint_search.c.words, weak), conditions, order), order, CHECKED
    ).cte("candidates")
    # Read for one after another: of a join PostgreSQL may make a scan of all that holds the words.
    words = (
        sa.select(complaint_search.c.words)
        .where(complaint_search.c.complaint_id == candidates.c.id)
        .correlate(candidates)
        .scalar_subquery()
    )
    phrased = sa.select(candidates.c.id, candidates.c.place).where(hold(words, q))
    last = (order.directed(candidates.c.place), order.directed(candidates.c.id))
    edge = (
        sa.select(candidates.c.id, candidates.c.place)
        .order_by(*last)
        .offset(CHECKED - 1)
        .limit(1)
        .cte("edge")
    )
    parts = [first_of(part, order, limit) for part in (phrased, *others(q, conditions, order))]
    found = sa.union(*[sa.select(part.subquery()) for part in parts]).subquery("found")
    here, there = sa.tuple_(found.c.place, found.c.id), sa.tuple_(edge.c.place, edge.c.id)
    # What else was found beyond the edge waits for its turn, so that pages stay in order.
    until = sa.or_(edge.c.id.is_(None), here >= there if order.descending else here <= there)
    page = (
        sa.select(found.c.id, found.c.place, sa.false().label("edge"))
        .select_from(found.outerjoin(edge, sa.true()))
        .where(until)
        .order_by(order.directed(found.c.place), order.directed(found.c.id))
        .limit(limit)
    )
    both = sa.union_all(
        sa.select(page.subquery()), sa.select(edge.c.id, edge.c.place, sa.true().label("edge"))
    ).subquery("both")
    return sa.select(both).order_by(both.c.edge, order.directed(both.c.place), order.directed(both.c.id))


async def search_page(
    connection: AsyncConnection,
    q: str,
    conditions: Sequence[sa.ColumnElement[bool]],
    order: Order,
    *,
    limit: int,
) -> Found:
    """Find as `search` does, but for a phrase whose words are common look at so many complaints at a time."""
    former = await prepare(connection)
    near = await search_near(connection, q, conditions, order, limit=limit)
    if near is not None:
        return Found(near)
    weak = None if former else await weaker(connection, q)
    if weak is None:
        return Found(await search_all(connection, q, conditions, order, limit=limit, former=former))
    return await search_phrase(connection, q, weak, conditions, order, limit=limit)
