"""Complaints that have something in common with one: a few from each index, the nearest in time first."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from intake.db.complaints import reference_of
from intake.db.indexing import FORMER
from intake.db.rows import number_text
from intake.db.searching import FOR_THESE_VALUES, TAIL
from intake.db.tables import complainant, complaint, complaint_search
from intake.domain.errors import NoSuchComplaint
from intake.domain.similarity import Traits, words_of
from intake.usecases.similar import Candidate

EACH: Final = 60
"""How many candidates one index gives at most, on each side in time."""
LONGEST: Final = 2_000
"""How many characters of a description are compared."""
RAREST: Final = 8
"""How many of a complaint's words are looked for."""

TOO_COMMON: Final = 3_000
"""In how many complaints a word that is looked for may stand."""

# PostgreSQL keeps count of the thousand or so most common words of what an index is over. Those that it does not name are
# rarer than all of them, and of these a longer one is likely to be rarer than a shorter one.
RAREST_WORDS: Final = sa.text("""
SELECT word
  FROM complaint
  JOIN pg_class counted ON counted.oid = CAST('complaint' AS regclass)
 CROSS JOIN unnest(tsvector_to_array(
           complaint_words(title, left(description, :longest), NULL, NULL, NULL, NULL, NULL))) AS word
  LEFT JOIN (
      SELECT common, share
        FROM pg_stats, unnest(CAST(CAST(most_common_elems AS text) AS text[]), most_common_elem_freqs)
             AS named (common, share)
       WHERE schemaname = current_schema() AND tablename = :counted AND common IS NOT NULL
  ) known ON known.common = word
 WHERE complaint.id = :id AND length(word) > 2
   AND coalesce(share, 0) * greatest(reltuples, 0) < :too_common
 ORDER BY coalesce(share, 0), length(word) DESC, word
 LIMIT :rarest
""")

_NEAREST: Final = """
(SELECT id FROM complaint WHERE {holds} AND received_at <= :received_at AND id <> :id {own}
  ORDER BY received_at DESC LIMIT :each)
UNION ALL
(SELECT id FROM complaint WHERE {holds} AND received_at > :received_at AND id <> :id {own}
  ORDER BY received_at LIMIT :each)
"""
_OWN: Final = "AND source_system = :within"
_BY_WORDS: Final = """
(SELECT complaint_id AS id FROM complaint_search
  WHERE words @@ CAST(:asked AS tsquery) AND complaint_id <> :id {own}
  ORDER BY abs(extract(epoch FROM received_at - :received_at))
  LIMIT 4 * :each)
UNION ALL
(SELECT id FROM complaint
  WHERE id = ANY(ARRAY(SELECT complaint_id FROM complaint_unindexed LIMIT :tail))
    AND complaint_words(title, description, product, category, lot, serial, external_id) @@ CAST(:asked AS tsquery)
    AND id <> :id {own}
  LIMIT :each)
"""
_BY_FORMER: Final = """
SELECT id FROM complaint
 WHERE complaint_words(title, description, product, category, lot, serial, external_id) @@ CAST(:asked AS tsquery)
   AND id <> :id {own}
 ORDER BY abs(extract(epoch FROM received_at - :received_at))
 LIMIT 4 * :each
"""
_BY_PERSON: Final = """
SELECT id FROM complainant JOIN complaint ON id = complaint_id
 WHERE reference = :complainant AND source_system = :source_system AND id <> :id {own}
 LIMIT :each
"""
_READ: Final = sa.select(
    complaint.c.id,
    complaint.c.number,
    complaint.c.source_system,
    complaint.c.external_id,
    complaint.c.state,
    complaint.c.product,
    complaint.c.category,
    complaint.c.lot,
    complaint.c.site,
    complaint.c.serial,
    complaint.c.title,
    complaint.c.received_at,
    sa.func.left(complaint.c.description, LONGEST).label("description"),
    complainant.c.reference.label("complainant"),
).select_from(complaint.outerjoin(complainant, complainant.c.complaint_id == complaint.c.id))


class PostgresCandidates:
    """The `Candidates` on one engine; each search takes a connection of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(
        self, reference: str, *, within: str | None, personal: bool
    ) -> tuple[Candidate, Sequence[Candidate]]:
        """Give the complaint, and some hundreds of others at most, by indexes; raises NoSuchComplaint."""
        name, value = reference_of(reference)
        asked = _READ.where(complaint.c[name] == value)
        if within is not None:
            asked = asked.where(complaint.c.source_system == within)
        async with self._engine.connect() as connection:
            former = (await connection.execute(FOR_THESE_VALUES)).one().former
            row = (await connection.execute(asked)).one_or_none()
            if row is None:
                raise NoSuchComplaint
            ids: set[UUID] = set()
            given = await _given(connection, row, within, former=former)
            for statement in statements(given, personal=personal):
                ids.update((await connection.execute(statement, named(statement, given))).scalars())
            rows = (await connection.execute(_READ.where(complaint.c.id.in_(ids)))).all() if ids else ()
        return _candidate(row), [_candidate(other) for other in rows]


def statements(given: Mapping[str, Any], *, personal: bool) -> list[sa.TextClause]:
    """Write what is asked for a complaint: one statement for each thing that it has."""
    holds = ["product = :product AND category = :category"]
    if given["lot"] is not None:
        holds.append("lot = :lot AND product = :product")
    if given["serial"] is not None:
        holds.append("serial = :serial")
    asked = [_NEAREST.replace("{holds}", condition) for condition in holds]
    if given["asked"]:
        asked.append(_BY_FORMER if given["former"] else _BY_WORDS)
    if personal and given["complainant"] is not None:
        asked.append(_BY_PERSON)
    own = "" if given["within"] is None else _OWN
    return [sa.text(statement.replace("{own}", own)) for statement in asked]


def named(statement: sa.TextClause, given: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the values that a statement names."""
    return {name: given[name] for name in statement.compile().params}


async def _given(
    connection: AsyncConnection, row: Any, within: str | None, *, former: bool
) -> dict[str, Any]:
    counted = FORMER if former else complaint_search.name
    asked = {
        "id": row.id,
        "counted": counted,
        "longest": LONGEST,
        "too_common": TOO_COMMON,
        "rarest": RAREST,
    }
    words = (await connection.execute(RAREST_WORDS, asked)).scalars()
    return {
        **{name: getattr(row, name) for name in ("id", "source_system", "product", "category", "lot")},
        **{name: getattr(row, name) for name in ("serial", "complainant", "received_at")},
        "asked": " | ".join(_quoted(word) for word in words),
        "within": within,
        "each": EACH,
        "tail": TAIL,
        "former": former,
    }


def _quoted(word: str) -> str:
    plain = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{plain}'"


def _candidate(row: Any) -> Candidate:
    return Candidate(
        id=row.id,
        number=number_text(row.number),
        external_id=row.external_id,
        state=row.state,
        title=row.title,
        site=row.site,
        traits=Traits(
            source_system=row.source_system,
            product=row.product,
            category=row.category,
            lot=row.lot,
            serial=row.serial,
            complainant=row.complainant,
            received_at=row.received_at,
            words=words_of(row.title, row.description),
        ),
    )
