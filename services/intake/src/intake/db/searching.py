"""Finds complaints by words, in bounded time however common or rare the words are."""

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import visitors

from intake.db.indexing import FORMER
from intake.db.ordering import Order
from intake.db.tables import complaint, complaint_search, complaint_unindexed

NEAREST: Final = 250
"""How many complaints at the beginning of the order are looked at before the index of words is asked."""

TAIL: Final = 1_000
"""How many complaints that are not indexed yet are read as they are, those that have waited longest."""

WORDS: Final[sa.ColumnElement[Any]] = sa.literal_column(
    "complaint_words(complaint.title, complaint.description, complaint.product, complaint.category, complaint.lot,"
    " complaint.serial, complaint.external_id)",
    TSVECTOR,
)
"""The words of a complaint as it stands; also what the former index is over, until it is dropped."""

_NUMBER: Final = re.compile(r"(?:C-)?([0-9]{1,18})", re.IGNORECASE)
_CODE: Final = re.compile(r"\S+")
# Plans made for these values alone: how common a word is decides which plan is good. The memory holds a bitmap of every
# page of some millions of complaints; without it PostgreSQL would look at the words of all complaints on a page anew.
FOR_THESE_VALUES: Final = sa.text(f"""
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('work_mem', '32MB', true),
       EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('{FORMER}') AND indisvalid) AS former
""")  # noqa: S608 - a name of our own
"""Has the rest of a transaction planned for the values that it asks with, and tells whether `former` is to be asked."""
# Each word stands for all that begin with it. One or two letters stand for themselves, since too much begins with them.
QUERY: Final = r"""
CAST(regexp_replace(regexp_replace(
    CAST(websearch_to_tsquery('simple', :q) AS text), '(''(?:[^'']|'''')+'')', '\1\:*', 'g'
), '(''[^'']{1,2}'')\:\*', '\1', 'g') AS tsquery)
"""

_KEPT: Final[dict[sa.Column[Any], sa.Column[Any]]] = {
    complaint.c.id: complaint_search.c.complaint_id,
    **{complaint.c[column.name]: column for column in complaint_search.c if column.name in complaint.c},
}


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
    former = await prepare(connection)
    found = await search_near(connection, q, conditions, order, limit=limit)
    return found or await search_all(connection, q, conditions, order, limit=limit, former=former)


async def prepare(connection: AsyncConnection) -> bool:
    """Have the rest of the transaction planned for its values; tells whether the former index is to be asked."""
    return bool((await connection.execute(FOR_THESE_VALUES)).one().former)


async def search_near(
    connection: AsyncConnection,
    q: str,
    conditions: Sequence[sa.ColumnElement[bool]],
    order: Order,
    *,
    limit: int,
) -> list[UUID] | None:
    """Give the ids of `limit` complaints if the nearest ones have so many, else None."""
    if limit >= NEAREST:
        return None
    found = list((await connection.execute(nearest(q, conditions, order, limit=limit))).scalars())
    return found if len(found) == limit else None


async def search_all(
    connection: AsyncConnection,
    q: str,
    conditions: Sequence[sa.ColumnElement[bool]],
    order: Order,
    *,
    limit: int,
    former: bool,
) -> list[UUID]:
    """Give the ids of the first `limit` of all complaints."""
    ask = by_former if former else everywhere
    return list((await connection.execute(ask(q, conditions, order, limit=limit))).scalars())


def nearest(
    q: str, conditions: Sequence[sa.ColumnElement[bool]], order: Order, *, limit: int
) -> sa.Select[Any]:
    """Look for the words in the first complaints of the order alone, whether they are indexed or not."""
    first = sa.select(complaint.c.id).where(*conditions).order_by(*order.by).limit(NEAREST).cte("nearest")
    chosen = complaint.join(first, first.c.id == complaint.c.id)
    # Read for one after another: of a join PostgreSQL may make a scan of all words.
    kept = sa.select(complaint_search.c.words).where(complaint_search.c.complaint_id == complaint.c.id)
    words = sa.func.coalesce(kept.correlate(complaint).scalar_subquery(), WORDS)
    return (
        sa.select(complaint.c.id)
        .select_from(chosen)
        .where(sa.or_(hold(words, q), *_codes(q)))
        .order_by(*order.by_no_index)
        .limit(limit)
    )


def everywhere(
    q: str, conditions: Sequence[sa.ColumnElement[bool]], order: Order, *, limit: int
) -> sa.Select[Any]:
    """Look for the words in all complaints: by their index, by the codes, and in what is not indexed yet.

    Each part is cut to the first ones of the order by itself, so that no more than a few pages are put together.
    """
    parts = [indexed(hold(complaint_search.c.words, q), conditions, order), *others(q, conditions, order)]
    cut = [first_of(part, order, limit) for part in parts]
    found = sa.union(*[sa.select(part.subquery()) for part in cut]).subquery("found")
    return (
        sa.select(found.c.id).order_by(order.directed(found.c.place), order.directed(found.c.id)).limit(limit)
    )


def others(q: str, conditions: Sequence[sa.ColumnElement[bool]], order: Order) -> Sequence[sa.Select[Any]]:
    """Look by the codes, and in what is not indexed yet; each gives the id and the place in the order."""
    queue = sa.select(complaint_unindexed.c.complaint_id).limit(TAIL).scalar_subquery()
    fresh = complaint.c.id == sa.any_(sa.func.array(queue))
    return [
        sa.select(complaint.c.id, order.place.label("place")).where(wanted, *conditions)
        for wanted in (sa.and_(fresh, hold(WORDS, q)), *_codes(q))
    ]


def first_of(part: sa.Select[Any], order: Order, limit: int) -> sa.Select[Any]:
    """Cut what gives an id and a place to the first ones of the order."""
    by = (order.directed(sa.literal_column("place")), order.directed(sa.literal_column("id")))
    return part.order_by(*by).limit(limit)


def by_former(
    q: str, conditions: Sequence[sa.ColumnElement[bool]], order: Order, *, limit: int
) -> sa.Select[Any]:
    """Look for the words in all complaints by the index over complaints themselves, which knows what is not indexed too."""
    holds = sa.or_(hold(WORDS, q), *_codes(q))
    return sa.select(complaint.c.id).where(holds, *conditions).order_by(*order.by_no_index).limit(limit)


def indexed(
    wanted: sa.ColumnElement[bool], conditions: Sequence[sa.ColumnElement[bool]], order: Order
) -> sa.Select[Any]:
    """Look by the index of words for what is wanted of them; gives the id and the place in the order."""
    own = _within_search(conditions)
    if own is not None:
        place = order.over(complaint_search.c[order.column.name]).place
        return sa.select(complaint_search.c.complaint_id.label("id"), place.label("place")).where(
            wanted, *own
        )
    both = complaint.join(complaint_search, complaint_search.c.complaint_id == complaint.c.id)
    return sa.select(complaint.c.id, order.place.label("place")).select_from(both).where(wanted, *conditions)


def _within_search(conditions: Sequence[sa.ColumnElement[bool]]) -> list[sa.ColumnElement[bool]] | None:
    """Write conditions over `complaint` over what `complaint_search` has of it; None where it has not all of it."""
    columns = {
        part
        for condition in conditions
        for part in visitors.iterate(condition)
        if isinstance(part, sa.Column)
    }
    if not columns <= _KEPT.keys():
        return None

    def kept(element: Any, **_: Any) -> Any:
        return _KEPT.get(element) if isinstance(element, sa.Column) else None

    return [visitors.replacement_traverse(condition, {}, kept) for condition in conditions]


def hold(words: sa.ColumnElement[Any], q: str) -> sa.ColumnElement[bool]:
    """Ask whether words hold what a person asks for."""
    return _match(words, sa.text(QUERY).bindparams(sa.bindparam("q", q, sa.Text)))


def matching(words: sa.ColumnElement[Any], question: str) -> sa.ColumnElement[bool]:
    """Ask whether words hold what a question in PostgreSQL's own writing asks for."""
    return _match(
        words, sa.text("CAST(:question AS tsquery)").bindparams(sa.bindparam("question", question, sa.Text))
    )


def _match(words: sa.ColumnElement[Any], asked: sa.TextClause) -> sa.ColumnElement[bool]:
    return words.op("@@", return_type=sa.Boolean())(sa.type_coerce(asked, TSQUERY))


def _codes(q: str) -> list[sa.ColumnElement[bool]]:
    """Write what is found as it reads beside all words of `q`: a number, lot or serial number."""
    parts: list[sa.ColumnElement[bool]] = []
    if number := _NUMBER.fullmatch(q):
        parts.append(complaint.c.number == int(number[1]))
    if _CODE.fullmatch(q):
        parts += [complaint.c.lot == q, complaint.c.serial == q]
    return parts
