"""Lists, searches and exports are served by indexes: the plans that PostgreSQL makes never read all complaints."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.many_complaints import fill
from benchmarks.plans import heard, large_reads, nodes, plans, rows_read
from intake.db.candidates import PostgresCandidates
from intake.db.erasures import PostgresErasures
from intake.db.feed import PostgresFeed
from intake.db.views import PostgresViews
from intake.usecases.views import Filters, Sort
from tests.intake.world import World, open_world
from tests.support.postgres import Databases, fresh_database

COUNT = 30_000
MOST_READ = COUNT // 4
_CAMPAIGN = """
UPDATE complaint SET title = 'campaign' WHERE id IN (SELECT id FROM complaint ORDER BY received_at LIMIT 3000)
"""  # a word that is common, but among the oldest complaints alone
DAY = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
async def full(
    postgres: Databases, intake_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    folder: Path = tmp_path_factory.mktemp("full")
    with fresh_database(postgres, intake_template) as url:
        async with open_world(url, folder) as world:
            await fill(world.engine, COUNT)
            async with world.engine.begin() as connection:
                await connection.exec_driver_sql(_CAMPAIGN)
            async with world.engine.begin() as connection:
                await connection.exec_driver_sql("ANALYZE complaint")
            yield world


def _reads_much(plan: Any) -> list[str]:
    """The parts of a plan that read a whole table, or a quarter of it by an index."""
    return [
        f"{node['Node Type']}: {read:.0f} rows"
        for node in large_reads(plan)
        if (read := rows_read(node)) > MOST_READ or node["Node Type"] == "Seq Scan"
    ]


@pytest.mark.parametrize(
    ("filters", "sort"),
    [
        ({}, "-received_at"),
        ({}, "recorded_at"),
        ({}, "-number"),
        ({"product": ["product-150"]}, "-received_at"),
        ({"product": ["product-150"], "category": ["category-3"]}, "-received_at"),
        ({"lot": ["L-3-7"]}, "-received_at"),
        ({"site": ["plant-8"]}, "-received_at"),
        ({"serial": ["S-100"]}, "-received_at"),
        ({"external_id": ["case-7"], "source_system": ["crm-3"]}, "-received_at"),
        ({"complainant_reference": ["P-7"]}, "-received_at"),
        ({"occurred_from": DAY, "occurred_to": DAY.replace(day=2)}, "-received_at"),
        ({"received_from": DAY, "received_to": DAY.replace(day=2)}, "-received_at"),
        ({"updated_since": DAY.replace(day=30)}, "-received_at"),
        ({"updated_since": DAY.replace(day=30)}, "received_at"),
        ({"triage": ["pending"]}, "-received_at"),
        ({"triage": ["pending"]}, "number"),
        ({"triage": ["linked"]}, "-received_at"),
        ({"triage": ["pending", "declined"]}, "recorded_at"),
        ({"has_nonconformity": True}, "-received_at"),
        ({"has_nonconformity": False, "product": ["product-7"]}, "-received_at"),
        ({"q": "word5"}, "-received_at"),
        ({"q": "word900 word70"}, "-received_at"),
        ({"q": "word29000"}, "received_at"),
        ({"q": '"word3 word1"'}, "-number"),
        ({"q": "word29"}, "-received_at"),
        ({"q": "C-10500"}, "-received_at"),
        ({"q": "S-4000"}, "-received_at"),
        ({"q": "nothing"}, "-received_at"),
        ({"q": "campaign"}, "-received_at"),
        ({"q": "word29000", "source_system": ["crm-1"]}, "-number"),
        ({"q": "word29000", "channel": ["phone"]}, "-received_at"),
        ({"q": "word29000", "has_nonconformity": True}, "-received_at"),
    ],
)
async def test_a_list_or_search_reads_by_indexes(full: World, filters: dict[str, Any], sort: Sort) -> None:
    views = PostgresViews(full.engine)
    async with heard(full.engine) as asked:
        page = await views.page(Filters(**filters), sort=sort, after=None, limit=25)
        if page.next_keys is not None:
            await views.page(Filters(**filters), sort=sort, after=page.next_keys, limit=25)

    assert asked
    assert [much for plan in await plans(full.engine, asked) if (much := _reads_much(plan))] == []


async def test_an_export_reads_by_indexes(full: World) -> None:
    async with heard(full.engine) as asked:
        pages = PostgresViews(full.engine).export(Filters(), sort="-received_at", after=None, most=1_500)
        assert sum([len(page.items) async for page in pages]) == 1_500

    assert [much for plan in await plans(full.engine, asked) if (much := _reads_much(plan))] == []


@pytest.mark.parametrize("number", [10_001, 10_002, 10_003])
@pytest.mark.parametrize("alone", [False, True])
async def test_similar_complaints_are_found_by_indexes(full: World, number: int, *, alone: bool) -> None:
    row = (await full.rows("SELECT source_system AS own FROM complaint WHERE number = :n", n=number))[0]
    within = row.own if alone else None
    async with heard(full.engine) as asked:
        _, others = await PostgresCandidates(full.engine).of(f"C-{number}", within=within, personal=True)

    assert 0 < len(others) <= 1_000
    assert [much for plan in await plans(full.engine, asked) if (much := _reads_much(plan))] == []


async def test_the_complaints_of_a_person_are_found_by_indexes_also_those_of_the_past(full: World) -> None:
    async with heard(full.engine) as asked, full.engine.connect() as connection:
        found = await PostgresErasures(connection).of_person("crm-3", "P-7")

    (plan,) = await plans(full.engine, asked)
    scanned = [node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"]
    assert (_reads_much(plan), scanned, len(found) < 100) == ([], [], True)


async def test_changes_find_their_complaints_by_index_however_many_belong_together(full: World) -> None:
    async with heard(full.engine) as asked, full.engine.connect() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO complaint_link SELECT id, '00000000-0000-0000-0000-000000000001' FROM complaint LIMIT 10000"
        )
        await connection.exec_driver_sql("ANALYZE complaint_link")
        found = await PostgresFeed(connection).take(500)
        ((statement, parameters),) = [each for each in asked if "noticed AS" in each[0]]
        explained = await connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters
        )
        (described,) = explained.scalar_one()

    assert (_reads_much(described["Plan"]), len(found)) == ([], 500)


async def test_a_plan_that_reads_all_would_be_seen(full: World) -> None:
    found = await plans(full.engine, [("SELECT id FROM complaint WHERE remedy_sought = 'x'", ())])

    assert _reads_much(found[0])
