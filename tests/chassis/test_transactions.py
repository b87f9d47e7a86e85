from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database import open_engine
from common.tracing import Story, TraceContext, traced
from tests.support.tracing import (
    PARENT,
    UNSAMPLED,
    Recorded,
    failed,
    parent_id,
    recording,
    said,
    span_id,
)


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with recording() as recorded:
        yield recorded


@pytest.fixture
async def engine(recorded: Recorded, database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(database_url, name="tests", pool_size=1)
    assert recorded.tracer.recording
    yield engine
    await engine.dispose()


async def transaction(engine: AsyncEngine, sql: str = "SELECT 1") -> None:
    async with engine.begin() as connection:
        await connection.execute(text(sql))


async def test_a_transaction_of_traced_work_is_a_child_of_the_work(
    engine: AsyncEngine, recorded: Recorded
) -> None:
    with traced(recorded.tracer, "work", [Story(context=TraceContext(PARENT))]):
        await transaction(engine)
    child, work = recorded.spans
    assert (work.name, parent_id(child)) == ("work", span_id(work))
    database = str(said(child)["db.namespace"])
    assert (child.name, said(child)["db.system.name"]) == (f"transaction {database}", "postgresql")
    assert not failed(child)


async def test_a_transaction_that_fails_says_so_by_class_alone(
    engine: AsyncEngine, recorded: Recorded
) -> None:
    with pytest.raises(DBAPIError), traced(recorded.tracer, "work", [Story()]):
        await transaction(engine, "SELECT 1 / 0 AS ada")
    child, work = recorded.spans
    assert (failed(child), failed(work)) == (True, True)
    assert said(child)["error.type"] == "DivisionByZeroError"
    assert "ada" not in child.to_json()


@pytest.mark.parametrize("parent", [None, UNSAMPLED])
async def test_what_is_not_traced_leaves_no_transaction(
    engine: AsyncEngine, recorded: Recorded, parent: str | None
) -> None:
    if parent is None:
        await transaction(engine)
    else:
        with traced(recorded.tracer, "work", [Story(context=TraceContext(parent))]):
            await transaction(engine)
    assert recorded.names == []


async def test_each_transaction_of_a_connection_has_its_own_span(
    engine: AsyncEngine, recorded: Recorded
) -> None:
    with traced(recorded.tracer, "work", [Story()]):
        await transaction(engine)
        await transaction(engine)
    assert len(recorded.spans) == 3
