"""Parts that one statement is put together from, built once when the process starts."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.selectable import CTE, LateralFromClause

from capa.db.tables import history

Row = Mapping[str, Any]


def insert_after(step: CTE, table: sa.Table, prefix: str) -> CTE:
    """Make the part that inserts one row for each row that an earlier part returned; see `under` for its values."""
    names = [column.name for column in table.c]
    values = [sa.bindparam(f"{prefix}_{column.name}", type_=column.type) for column in table.c]
    given = sa.select(*values).select_from(step)
    inserted = sa.insert(table).from_select(names, given, include_defaults=False)
    return inserted.returning(sa.literal(1)).cte(prefix)


def under(prefix: str, row: Row) -> dict[str, Any]:
    """Give a row's values the names that the parts use."""
    return {f"{prefix}_{name}": value for name, value in row.items()}


def last_entry(thing: sa.ColumnElement[Any]) -> LateralFromClause:
    """Make the lateral join to the last entry of a thing's history."""
    newest = (
        sa.select(history).where(history.c.thing_id == thing).order_by(history.c.position.desc()).limit(1)
    )
    return newest.lateral("last")
