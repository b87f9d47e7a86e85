"""Lists complaints by what capa made of them, which stands in other tables than what the list is sorted by."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.db.conditions import followed
from intake.db.ordering import Order
from intake.db.tables import complaint
from intake.usecases.views import Filters

WINDOWS: Final = (8, 80)
"""How many complaints at the beginning of the order are looked at one by one, for each that a page asks for."""


async def first_followed(
    connection: AsyncConnection,
    filters: Filters,
    conditions: Sequence[sa.ColumnElement[bool]],
    order: Order,
    *,
    limit: int,
) -> list[UUID]:
    """Give the ids of the first `limit` complaints in this order that keep the conditions and what `followed` has of filters.

    They are looked for among the first complaints of the order, where they mostly are; only if those do not fill the page,
    all are read that the other tables name.
    """
    wanted = followed(filters, singly=True)
    if not wanted:
        chosen = sa.select(complaint.c.id).where(*conditions).order_by(*order.by).limit(limit)
        return list((await connection.execute(chosen)).scalars())
    for window in WINDOWS:
        first = nearest(conditions, wanted, order, window=window * limit, limit=limit)
        found = list((await connection.execute(first)).scalars())
        if len(found) == limit:
            return found
    everywhere = (
        sa.select(complaint.c.id)
        .where(*conditions, *followed(filters))
        .order_by(*order.by_no_index)
        .limit(limit)
    )
    return list((await connection.execute(everywhere)).scalars())


def nearest(
    conditions: Sequence[sa.ColumnElement[bool]],
    wanted: Sequence[sa.ColumnElement[bool]],
    order: Order,
    *,
    window: int,
    limit: int,
) -> sa.Select[Any]:
    """Look at the first complaints of the order alone."""
    first = sa.select(complaint.c.id).where(*conditions).order_by(*order.by).limit(window).cte("nearest")
    chosen = complaint.join(first, first.c.id == complaint.c.id)
    return (
        sa.select(complaint.c.id).select_from(chosen).where(*wanted).order_by(*order.by_no_index).limit(limit)
    )
