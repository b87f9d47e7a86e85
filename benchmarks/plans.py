"""What PostgreSQL reads to answer: the plans of everything that is asked of complaints, as it was asked."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from intake.db.searching import FOR_THESE_VALUES

LARGE: Final = frozenset({"complaint", "complaint_search", "triage"})
"""The tables that have a row for each complaint."""

Asked = Sequence[tuple[str, Any]]


@asynccontextmanager
async def heard(engine: AsyncEngine) -> AsyncIterator[list[tuple[str, Any]]]:
    """Give everything that is asked of the tables of complaints meanwhile."""
    asked: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "complaint" in statement:
            asked.append((statement, parameters))

    sa.event.listen(engine.sync_engine, "before_cursor_execute", hear)
    try:
        yield asked
    finally:
        sa.event.remove(engine.sync_engine, "before_cursor_execute", hear)


async def plans(engine: AsyncEngine, asked: Asked) -> list[Any]:
    """Run it again, planned as searches are, and give the plans with what each part read."""
    found = []
    async with engine.connect() as connection:
        await connection.execute(FOR_THESE_VALUES)
        for statement, parameters in asked:
            rows = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
            plan = rows.scalar_one()
            found.append((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    return found


def nodes(plan: Any) -> Iterator[Any]:
    """Give a plan with all its parts."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def rows_read(node: Any) -> float:
    """Count the rows of its table that a part looked at, over all its turns."""
    return float(node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)))


def large_reads(plan: Any) -> Iterator[Any]:
    """Give the parts that read a table with a row for each complaint."""
    return (node for node in nodes(plan) if node.get("Relation Name") in LARGE)


def summary(found: Sequence[Any]) -> tuple[float, tuple[str, ...], tuple[str, ...]]:
    """Give how many rows of the large tables were read, by which indexes, and which of them were scanned whole."""
    read = sum(rows_read(node) for plan in found for node in large_reads(plan))
    every = [node for plan in found for node in nodes(plan) if node["Actual Loops"]]
    named = [node["Index Name"] for node in every if "Index Name" in node]
    indexes = dict.fromkeys(name for name in named if not name.startswith("pg_"))
    scanned = dict.fromkeys(
        node["Relation Name"]
        for plan in found
        for node in large_reads(plan)
        if node["Node Type"] == "Seq Scan" and node["Actual Loops"]
    )
    return read, tuple(indexes), tuple(scanned)
