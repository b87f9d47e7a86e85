"""Finds complaints by words, in bounded time however common or rare the words are."""

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.db.ordering import Order
from intake.db.tables import complaint

NEAREST: Final = 250
"""How many complaints at the beginning of the order are looked at before the index of words is asked."""

WORDS: Final[sa.ColumnElement[Any]] = sa.literal_column(
    "complaint_words(complaint.title, complaint.description, complaint.product, complaint.category, complaint.lot,"
    " complaint.serial, complaint.external_id)"
)
"""What the index `complaint_by_words` is over."""

_NUMBER: Final = re.compile(r"(?:C-)?([0-9]{1,18})", re.IGNORECASE)
_CODE: Final = re.compile(r"\S+")
# Plans made for these values alone: how common a word is decides which plan is good. The memory holds a bitmap of every
# page of some millions of complaints; without it PostgreSQL would compute the words of all complaints on a page anew.
FOR_THESE_VALUES: Final = sa.text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('work_mem', '32MB', true)"
)
"""Has the rest of a transaction planned for the values that it asks with."""
# Each word stands for all that begin with it. One or two letters stand for themselves, since too much begins with them.
_QUERY: Final = r"""
CAST(regexp_replace(regexp_replace(
    CAST(websearch_to_tsquery('simple', :q) AS text), '(''(?:[^'']|'''')+'')', '\1\:*', 'g'
), '(''[^'']{1,2}'')\:\*', '\1', 'g') AS tsquery)
"""


def matches(q: str) -> sa.ColumnElement[bool]:
    """Write what `q` asks for: all of its words, or a number, lot or serial number that reads so."""
    asked = sa.text(_QUERY).bindparams(sa.bindparam("q", q, sa.Text))
    parts: list[sa.ColumnElement[bool]] = [
        WORDS.op("@@", return_type=sa.Boolean())(sa.type_coerce(asked, TSQUERY))
    ]
    if number := _NUMBER.fullmatch(q):
        parts.append(complaint.c.number == int(number[1]))
    if _CODE.fullmatch(q):
        parts += [complaint.c.lot == q, complaint.c.serial == q]
    return sa.or_(*parts)


async def search(
    connection: AsyncConnection,
    q: str,
    conditions: Sequence[sa.ColumnElement[bool]],
    order: Order,
    *,
    limit: int,
) -> list[UUID]:
    """Give the ids of the first `limit` complaints in this order that hold the words and keep the conditions.

    Common words are found among the nearest complaints. Others are few enough to read all that the index knows, and to
    sort them. Following the order until enough are found would be one plan for both, and would read everything where the
    words are common only among complaints far away.
    """
    await connection.execute(FOR_THESE_VALUES)
    if limit < NEAREST:
        near = nearest(q, conditions, order, limit=limit)
        found = list((await connection.execute(near)).scalars())
        if len(found) == limit:
            return found
    return list((await connection.execute(everywhere(q, conditions, order, limit=limit))).scalars())


def nearest(
    q: str, conditions: Sequence[sa.ColumnElement[bool]], order: Order, *, limit: int
) -> sa.Select[Any]:
    """Look for the words in the first complaints of the order alone."""
    first = sa.select(complaint.c.id).where(*conditions).order_by(*order.by).limit(NEAREST).cte("nearest")
    chosen = complaint.join(first, first.c.id == complaint.c.id)
    return (
        sa.select(complaint.c.id)
        .select_from(chosen)
        .where(matches(q))
        .order_by(*order.by_no_index)
        .limit(limit)
    )


def everywhere(
    q: str, conditions: Sequence[sa.ColumnElement[bool]], order: Order, *, limit: int
) -> sa.Select[Any]:
    """Look for the words in all complaints, by the index of words."""
    return sa.select(complaint.c.id).where(matches(q), *conditions).order_by(*order.by_no_index).limit(limit)
