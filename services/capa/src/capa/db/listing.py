"""What lists share: conditions, sort keys and pages."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.page import Page

T = TypeVar("T")
Conditions = list[sa.ColumnElement[bool]]


def any_of(column: sa.Column[Any], values: frozenset[Any] | None) -> Conditions:
    """Ask for any of these values; None asks for nothing."""
    return [] if values is None else [column.in_(sorted(str(value) for value in values))]


def named(table: sa.Table, reference: UUID | str) -> sa.ColumnElement[bool]:
    """Ask for one thing by its id or number."""
    name: sa.Column[Any] = table.c.id if isinstance(reference, UUID) else table.c.number
    return name == reference


def moment_and_id(keys: Sequence[str]) -> sa.Tuple:
    """Read the sort keys of a page that is sorted by a moment and an id."""
    moment, identity = keys
    return sa.tuple_(
        sa.literal(datetime.fromisoformat(moment), sa.DateTime(timezone=True)),
        sa.literal(UUID(identity), sa.Uuid),
    )


async def rows_of(connection: AsyncConnection, query: sa.Select[Any], limit: int) -> Sequence[Any]:
    """Read one row more than is shown, to know whether there is a next page."""
    rows: Sequence[Any] = (await connection.execute(query.limit(limit + 1))).all()
    return rows


async def newest_first(
    connection: AsyncConnection,
    query: sa.Select[Any],
    order: tuple[sa.Column[Any], sa.Column[Any]],
    page: tuple[Sequence[str] | None, int],
    item: Callable[[Any], T],
) -> Page[T]:
    """List by a moment and an id, the newest first: what comes behind the sort keys of a page, and how many of it."""
    after, limit = page
    moment, _ = order
    if after is not None:
        query = query.where(sa.tuple_(*order) < moment_and_id(after))
    rows = await rows_of(connection, query.order_by(*(column.desc() for column in order)), limit)
    return page_of(rows, limit, item, lambda row: (getattr(row, moment.key).isoformat(), str(row.id)))


def page_of(
    rows: Sequence[Any], limit: int, item: Callable[[Any], T], keys: Callable[[Any], tuple[str, ...]]
) -> Page[T]:
    """Make a page of what is shown, and the sort keys of its last row where more follow."""
    shown = rows[:limit]
    return Page(tuple(map(item, shown)), keys(shown[-1]) if len(rows) > limit else None)
