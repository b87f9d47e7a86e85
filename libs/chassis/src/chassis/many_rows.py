"""Many rows in one statement: they come as one JSON text.

A driver looks at each of many values by itself, which costs several times as much in this process, and no less in
PostgreSQL.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import sqlalchemy as sa

Row = Mapping[str, Any]


def insert_rows(table: sa.Table, parameter: str, then: str = "") -> sa.TextClause:
    """Make the statement that inserts rows given as one `document` under the name of a parameter.

    A column that a row does not name gets NULL. `then` is what follows: an order, what to do on conflict, what to return.
    """
    columns = ", ".join(column.name for column in table.c)
    return sa.text(
        f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM json_populate_recordset("  # noqa: S608 - our own names
        f"CAST(NULL AS {table.name}), CAST(CAST(:{parameter} AS text) AS json)) {then}"
    )


def in_one(*statements: sa.TextClause) -> sa.TextClause:
    """Make one statement of several, of which either all takes place or nothing; each sees what was there before all."""
    parts = ", ".join(f"part_{nth} AS ({statement.text})" for nth, statement in enumerate(statements))
    return sa.text(f"WITH {parts} SELECT 1")


def document(rows: Iterable[Row]) -> str:
    """Write rows as `insert_rows` reads them."""
    # The driver reads UUIDs as a kind of its own, which the library does not know.
    return orjson.dumps(list(rows), default=str).decode()
