"""What is received is found at once, is indexed after the request, and follows what becomes of the complaint."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from events.worker_metrics import WORKER
from intake.__main__ import _parser
from intake.db.complaints import PostgresComplaints
from intake.db.indexing import PostgresSearchIndex
from intake.db.inserting import insert_new
from intake.jobs.index_complaints import IndexGauges, RunIndexing
from intake.usecases.index_complaints import AT_ONCE, Batch, IndexComplaints
from intake.usecases.ports import Draft
from intake.usecases.reindex_complaints import ReindexComplaints
from tests.intake.test_reception import receipt
from tests.intake.world import World, a_complaint
from tests.support.waiting import until

PATH = "/v1/complaints"


@pytest.fixture
def index(world: World) -> IndexComplaints:
    return IndexComplaints(PostgresSearchIndex(world.engine))


async def tell(world: World, *names: str, **changes: Any) -> None:
    for name in names:
        answer = await world.client("crm").post(PATH, json=a_complaint(external_id=name, **changes))
        assert answer.status_code in {200, 201}, answer.text


async def found(world: World, q: str) -> list[str]:
    answer = await world.client("staff").get(PATH, params={"sort": "number", "q": q})
    assert answer.status_code == 200, answer.text
    return [item["external_id"] for item in answer.json()["items"]]


async def state(world: World) -> tuple[int, int]:
    """How many complaints are indexed, and how many wait for it."""
    return await world.count("complaint_search"), await world.count("complaint_unindexed")


def index_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have searches ask nothing but the index."""
    monkeypatch.setattr("intake.db.searching.NEAREST", 0)
    monkeypatch.setattr("intake.db.searching.TAIL", 0)


def counted() -> float:
    return WORKER.registry.get_sample_value("complaints_indexed_total") or 0


async def test_a_request_writes_no_words_and_what_it_told_is_found_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(world, "A", description="The kettle leaks.")
    assert (await state(world), await found(world, "kettle")) == ((0, 1), ["A"])

    monkeypatch.setattr("intake.db.searching.NEAREST", 0)
    assert await found(world, "kettle") == ["A"]


async def test_what_is_indexed_is_found_by_the_index_and_waits_no_longer(
    world: World, index: IndexComplaints, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(world, "A", description="The kettle leaks.")
    index_alone(monkeypatch)
    assert await found(world, "kettle") == []

    assert await index() == Batch(looked_at=1, written=1, held=1)
    assert (await state(world), await found(world, "kettle")) == ((1, 0), ["A"])


@pytest.mark.parametrize(
    "q", ["leak", "kettle -toaster", '"kettle leaks"', "nothing or leaks", "L-2026-07", "C-10001"]
)
@pytest.mark.parametrize(
    "query", [{}, {"sort": "-received_at"}, {"channel": "phone"}, {"source_system": "crm"}]
)
async def test_the_index_finds_what_the_words_themselves_say(
    world: World, index: IndexComplaints, monkeypatch: pytest.MonkeyPatch, q: str, query: dict[str, Any]
) -> None:
    await tell(world, "A", description="The kettle leaks.", lot="L-2026-07")
    await tell(world, "B", description="The toaster smells.")
    await index()
    index_alone(monkeypatch)

    answer = await world.client("staff").get(PATH, params={"q": q, **query})
    assert [item["external_id"] for item in answer.json()["items"]] == ["A"]


async def test_a_transaction_that_commits_late_is_neither_skipped_nor_waited_for(
    world: World, index: IndexComplaints, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = receipt("LATE", description="The kettle leaks.")
    async with world.engine.connect() as connection, connection.begin():
        await insert_new(connection, [Draft(late.complaint, late.trace, late.begun)])
        await tell(world, "B", "C")
        assert await index() == Batch(2, 2, 2)
        assert await index() == Batch(0, 0, 0)

    assert (await state(world), await found(world, "kettle")) == ((2, 1), ["LATE"])
    await index()
    index_alone(monkeypatch)
    assert (await state(world), await found(world, "kettle")) == ((3, 0), ["LATE"])


@pytest.mark.parametrize("indexed_before", [False, True])
async def test_an_amendment_is_indexed_with_itself_and_the_worker_leaves_it_so(
    world: World, index: IndexComplaints, monkeypatch: pytest.MonkeyPatch, *, indexed_before: bool
) -> None:
    await tell(world, "A", description="The kettle leaks.")
    if indexed_before:
        await index()
    index_alone(monkeypatch)

    await tell(world, "A", description="The toaster smells.")
    assert (await found(world, "kettle"), await found(world, "toaster")) == ([], ["A"])
    await index()
    assert (await found(world, "kettle"), await found(world, "toaster")) == ([], ["A"])


async def test_what_is_being_changed_waits_and_holds_nobody_up(
    world: World, index: IndexComplaints, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(world, "A", "B", description="The kettle leaks.")
    async with world.engine.connect() as connection, connection.begin():
        await PostgresComplaints(connection, world.clock).by_identity("crm", "A")
        assert await index() == Batch(looked_at=2, written=1, held=1)
        assert (await state(world), await found(world, "kettle")) == ((1, 1), ["A", "B"])

    await index()
    index_alone(monkeypatch)
    assert (await state(world), await found(world, "kettle")) == ((2, 0), ["A", "B"])


async def test_words_that_are_erased_are_gone_from_the_index_with_the_same_transaction(
    world: World, index: IndexComplaints
) -> None:
    await tell(world, "A", description="Said by Ada Moreau.", title="Ada")
    await index()
    async with world.engine.connect() as connection, connection.begin():
        await connection.exec_driver_sql("UPDATE complaint SET title = NULL, description = ''")
        words = await connection.exec_driver_sql("SELECT words FROM complaint_search")
        assert "ada" not in words.scalar_one()


async def test_a_complaint_that_is_deleted_leaves_neither_words_nor_a_place_in_the_queue(
    world: World, index: IndexComplaints
) -> None:
    await tell(world, "A", "B")
    await index()
    await tell(world, "C", "D")
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM complaint_history")
        await connection.exec_driver_sql("DELETE FROM complaint WHERE external_id IN ('A', 'C')")

    assert await state(world) == (1, 2)
    await index()
    assert await state(world) == (2, 0)


async def test_what_triage_notes_writes_no_words(world: World, index: IndexComplaints) -> None:
    await tell(world, "A")
    await index()
    before = await world.rows("SELECT xmin FROM complaint_search")
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE complaint SET updated_at = received_at, awaits_triage = false"
        )

    assert (await world.rows("SELECT xmin FROM complaint_search"), await state(world)) == (before, (1, 0))


async def test_several_workers_index_each_complaint_once(world: World) -> None:
    async with world.engine.begin() as connection:
        new = [receipt(f"case-{number}") for number in range(3 * AT_ONCE)]
        await insert_new(connection, [Draft(one.complaint, one.trace, one.begun) for one in new])

    workers = [IndexComplaints(PostgresSearchIndex(world.engine)) for _ in range(4)]
    batches = await asyncio.gather(*(worker() for worker in workers for _ in range(3)))

    assert sum(batch.written for batch in batches) == 3 * AT_ONCE
    assert await state(world) == (3 * AT_ONCE, 0)


async def test_a_worker_that_is_killed_in_the_middle_loses_nothing(
    world: World, index: IndexComplaints
) -> None:
    await tell(world, "A", "B")
    async with world.engine.connect() as other, other.begin():
        await other.exec_driver_sql("LOCK TABLE complaint_search IN SHARE ROW EXCLUSIVE MODE")
        killed = asyncio.create_task(index())

        async def waits() -> bool:
            return bool(
                await world.rows(
                    "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'complaint_search'::regclass"
                )
            )

        await until(waits, what="the worker in the middle of its transaction")
        await world.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted AND relation = 'complaint_search'::regclass"
        )
        with pytest.raises(sa.exc.DBAPIError):
            await killed

    assert await state(world) == (0, 2)
    await index()
    assert await state(world) == (2, 0)


async def test_a_search_reads_a_bounded_number_of_what_waits(
    world: World, index: IndexComplaints, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(world, "A", "B", "C", description="The kettle leaks.")
    monkeypatch.setattr("intake.db.searching.NEAREST", 0)
    monkeypatch.setattr("intake.db.searching.TAIL", 2)

    assert await found(world, "kettle") == ["A", "B"]
    await index()
    assert await found(world, "kettle") == ["A", "B", "C"]


async def test_the_longest_description_of_the_strangest_words_is_indexed(
    world: World, index: IndexComplaints, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = " ".join(f"https://x{n}.example/ä-{n:04}-𠀋" for n in range(1000))[:20_000]
    await tell(world, "LONG", description=words)
    await tell(world, "ONE", description="𠀋" * 20_000)
    await index()
    index_alone(monkeypatch)

    assert (await state(world), await found(world, "x42.example")) == ((2, 0), ["LONG"])


async def test_reindexing_writes_what_lacks_and_what_differs_and_nothing_else(
    world: World, index: IndexComplaints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.usecases.reindex_complaints.AT_ONCE", 2)
    await tell(world, *"ABCDE", description="The kettle leaks.")
    await index()
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM complaint_search WHERE number = 10001")
        await connection.exec_driver_sql("UPDATE complaint_search SET words = '' WHERE number = 10004")
    index_alone(monkeypatch)
    assert await found(world, "kettle") == ["B", "C", "E"]

    reindex = ReindexComplaints(PostgresSearchIndex(world.engine), world.clock)
    batches = [batch async for batch in reindex()]

    assert (sum(batch.looked_at for batch in batches), sum(batch.written for batch in batches)) == (5, 2)
    assert await found(world, "kettle") == ["A", "B", "C", "D", "E"]


async def test_reindexing_leaves_what_is_being_changed_to_the_worker(
    world: World, index: IndexComplaints
) -> None:
    await tell(world, "A", "B")
    await index()
    async with world.engine.connect() as connection, connection.begin():
        await PostgresComplaints(connection, world.clock).by_identity("crm", "A")
        reindex = ReindexComplaints(PostgresSearchIndex(world.engine), world.clock)
        assert [batch async for batch in reindex()] == [Batch(looked_at=2, written=0, held=1)]

    assert await state(world) == (2, 1)
    assert await index() == Batch(looked_at=1, written=0, held=1)


def test_reindexing_is_a_command() -> None:
    assert _parser().parse_args(["reindex"]).role == "reindex"


async def test_the_worker_indexes_by_itself_until_it_is_stopped(world: World, index: IndexComplaints) -> None:
    before = counted()
    stop = asyncio.Event()
    running = asyncio.create_task(RunIndexing(index, poll=0.01).run(stop, lambda: None))
    await tell(world, "A", "B")

    async def done() -> bool:
        return await state(world) == (2, 0)

    await until(done, what="both complaints indexed")
    stop.set()
    await running
    assert counted() - before == 2


async def test_the_gauges_show_how_many_wait_and_for_how_long(world: World, index: IndexComplaints) -> None:
    show = IndexGauges(PostgresSearchIndex(world.engine), world.clock)
    names = ("complaints_unindexed", "complaints_unindexed_age_seconds")

    def shown() -> list[float | None]:
        return [WORKER.registry.get_sample_value(name) for name in names]

    await tell(world, "A")
    world.clock.move(seconds=30)
    await tell(world, "B")
    await show()
    waiting = shown()
    await index()
    await show()

    assert (waiting, shown()) == ([2, 30], [0, 0])
