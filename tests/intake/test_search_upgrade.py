"""A database of the release before comes to the search table without a moment in which something is not found."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from chassis.migrations import WAIT_SECONDS, _exclusive, _run, check_migrations, migrate
from intake.db.indexing import PostgresSearchIndex
from intake.usecases.index_complaints import IndexComplaints
from tests.intake.test_indexing import found, index_alone, state, tell
from tests.intake.world import World, open_world

BEFORE, WITH_THE_TABLE = "0004", "0005"
FORMER = "SELECT to_regclass('complaint_by_words') IS NOT NULL AS stands"


async def _back_to(url: str, revision: str) -> None:
    async with _exclusive(url, "intake", WAIT_SECONDS) as connection:
        await _run(connection, "intake", lambda config: command.downgrade(config, revision))


@pytest.fixture
async def former(intake_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A world whose complaints stood in a database of the release before, then migrated; `A` is triaged, `B` waits."""
    async with open_world(intake_url, tmp_path) as world:
        await tell(world, "A", "B", description="The kettle leaks.")
        async with world.engine.begin() as connection:
            await connection.exec_driver_sql(
                "INSERT INTO triage (complaint_id, outcome, reason, explanation, policy_version, decided_at, version)"
                " SELECT id, 'declined', 'r', 'e', '1', received_at, 1 FROM complaint WHERE external_id = 'A'"
            )
        await world.engine.dispose()
        await _back_to(intake_url, BEFORE)
        await migrate(intake_url, "intake")
        yield world


async def _stands(world: World) -> bool:
    return bool((await world.rows(FORMER))[0].stands)


async def test_a_migration_puts_what_is_there_into_the_queue(former: World) -> None:
    assert (await state(former), await _stands(former)) == ((0, 2), True)


async def test_searches_ask_the_former_index_until_the_table_is_filled_and_it_is_dropped(
    former: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_alone(monkeypatch)
    await tell(former, "C", description="The kettle is hot.")
    index = IndexComplaints(PostgresSearchIndex(former.engine))
    assert await found(former, "kettle") == ["A", "B", "C"]
    similar = await former.client("staff").get("/v1/complaints/C-10001/similar")
    assert "shared_words" in similar.text

    await index()
    assert (await found(former, "kettle"), await _stands(former)) == (["A", "B", "C"], True)
    await index()
    assert (await found(former, "kettle"), await _stands(former)) == (["A", "B", "C"], False)


async def test_the_former_index_stays_while_anything_waits(former: World) -> None:
    assert not await PostgresSearchIndex(former.engine).retire_former()
    assert await _stands(former)


async def test_a_former_index_whose_drop_was_broken_off_is_not_asked_and_is_dropped_again(
    former: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = IndexComplaints(PostgresSearchIndex(former.engine))
    await index()
    async with former.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'complaint_by_words'::regclass"
        )
        await connection.exec_driver_sql("DELETE FROM complaint_search WHERE number = 10001")
    index_alone(monkeypatch)

    assert await found(former, "kettle") == ["B"]
    await index()
    assert not await _stands(former)


async def test_what_waited_for_triage_before_is_marked_so(former: World) -> None:
    marks = await former.rows("SELECT awaits_triage FROM complaint ORDER BY number")

    assert [mark.awaits_triage for mark in marks] == [False, True]


async def test_a_process_of_the_release_before_may_leave_a_mark_that_is_late_to_go(former: World) -> None:
    async with former.engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO triage (complaint_id, outcome, reason, explanation, policy_version, decided_at, version)"
            " SELECT id, 'declined', 'r', 'e', '1', received_at, 1 FROM complaint WHERE external_id = 'B'"
        )
    answer = await former.client("staff").get("/v1/complaints", params={"triage": "pending"})
    assert answer.json()["items"] == []

    index = IndexComplaints(PostgresSearchIndex(former.engine))
    for _ in range(2):
        await index()
    assert not await former.rows("SELECT id FROM complaint WHERE awaits_triage")


async def test_a_filled_database_has_the_tables_that_the_code_has(former: World, intake_url: str) -> None:
    index = IndexComplaints(PostgresSearchIndex(former.engine))
    for _ in range(2):
        await index()

    assert not await check_migrations(intake_url, "intake")


async def test_a_migration_that_was_broken_off_is_taken_up_again(former: World, intake_url: str) -> None:
    await _back_to(intake_url, WITH_THE_TABLE)
    async with former.engine.begin() as connection:
        await connection.execute(
            sa.text("UPDATE alembic_version SET version_num = :before"), {"before": BEFORE}
        )
    await migrate(intake_url, "intake")

    index = IndexComplaints(PostgresSearchIndex(former.engine))
    await index()
    assert await state(former) == (2, 0)
