"""How much room complaints take: the size of every table with its indexes, and what a million complaints would take."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg

from benchmarks.tables import Table

MILLION: Final = 1_000_000
# What is deleted again, so that it does not grow with the number of complaints.
PASSING: Final = frozenset({"outbox", "idempotency_key", "import_job", "import_row"})

_TABLES: Final = """
    SELECT c.relname, pg_total_relation_size(c.oid) - pg_indexes_size(c.oid), pg_indexes_size(c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname = 'public' AND pg_total_relation_size(c.oid) > 0
    ORDER BY pg_total_relation_size(c.oid) DESC
"""


@dataclass(frozen=True, slots=True)
class Size:
    """One table: its rows with what is stored out of line, and its indexes, in bytes."""

    database: str
    table: str
    rows: int
    indexes: int

    @property
    def whole(self) -> int:
        """Both together."""
        return self.rows + self.indexes


async def measure(databases: Mapping[str, str]) -> tuple[int, list[Size]]:
    """Give the number of complaints in intake and the size of every table; databases are URLs by service."""
    read = await asyncio.gather(*(_of(name, url) for name, url in databases.items()))
    connection = await asyncpg.connect(databases["intake"])
    try:
        complaints = int(await connection.fetchval("SELECT count(*) FROM complaint"))
    finally:
        await connection.close()
    return complaints, [size for sizes in read for size in sizes]


async def _of(name: str, url: str) -> list[Size]:
    connection = await asyncpg.connect(url)
    try:
        return [Size(name, table, rows, indexes) for table, rows, indexes in await connection.fetch(_TABLES)]
    finally:
        await connection.close()


def table_of(complaints: int, sizes: list[Size], least_share: float = 0.02) -> Table:
    """Show the tables that take most, each database's sum, and both for a million complaints."""
    kept = [size for size in sizes if size.table not in PASSING]
    whole = sum(size.whole for size in kept)
    shown = [size for size in kept if size.whole >= least_share * whole]
    sums = [
        Size(
            name,
            "all that stays",
            sum(size.rows for size in kept if size.database == name),
            sum(size.indexes for size in kept if size.database == name),
        )
        for name in dict.fromkeys(size.database for size in kept)
    ]
    return Table(
        "Room",
        f"Measured with {complaints:,} complaints. Left out: tables that empty themselves ({', '.join(sorted(PASSING))}),"
        f" and from the list those under {least_share:.0%}. A young database looks large: every table and index has"
        " at least a page, and pages are half full after a load in order of time.",
        ("database", "table", "rows MB", "indexes MB", "GB per million complaints"),
        tuple(
            (
                size.database,
                size.table,
                f"{size.rows / 1e6:,.1f}",
                f"{size.indexes / 1e6:,.1f}",
                f"{size.whole / max(1, complaints) * MILLION / 1e9:,.2f}",
            )
            for size in (*shown, *sums)
        ),
    )
