"""Imports go on whatever becomes of the processes that take them further."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from uuid import UUID

from intake.db.imports import PostgresImports
from intake.domain.importing import ImportState
from intake.jobs.run_imports import RunImports
from intake.wiring import build_import
from tests.intake.importing import PATH, finish, lines, outcomes, run, some, upload
from tests.intake.world import World, a_complaint, open_world
from tests.support.waiting import until


async def test_content_that_a_crash_left_behind_is_swept_away(world: World) -> None:
    await upload(world.client("staff"), some(3))
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE import_job SET state = 'aborted', finished_at = created_at")
    job = RunImports(
        build_import(world.intake), PostgresImports(world.engine), world.clock, world.intake.wake.imports
    )

    await job.tidy()

    (left,) = await world.rows("SELECT count(*) AS rows, count(raw) AS contents FROM import_row")
    assert (left.rows, left.contents) == (3, 0)


async def test_a_row_that_the_database_refuses_fails_alone(world: World) -> None:
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE complaint ADD CHECK (product <> 'cursed')")

    done = await run(world, lines(*(a_complaint(product=name) for name in ("a", "cursed", "b"))))

    assert outcomes(done) == ["created", "rejected", "created"]
    assert done["results"][1]["errors"][0]["code"] == "not_stored"
    assert len(await world.told()) == 2


async def test_an_import_whose_process_was_lost_is_continued_by_another_once_its_lease_is_over(
    intake_url: str, tmp_path: Path
) -> None:
    async with open_world(intake_url, tmp_path, import_chunk_rows=2) as world:
        handed = await upload(world.client("staff"), some(7))
        lost, other = build_import(world.intake), build_import(world.intake)
        assert await lost()

        assert await other() is False
        world.clock.move(seconds=16)
        await finish(other)

        done = (await world.client("staff").get(f"{PATH}/{handed['id']}")).json()
        assert (done["state"], done["created"], await world.count("complaint")) == ("finished", 7, 7)
        assert len(await world.told()) == 7


async def test_two_processes_share_the_imports_and_double_nothing(intake_url: str, tmp_path: Path) -> None:
    async with open_world(intake_url, tmp_path, import_chunk_rows=5) as world:
        staff = world.client("staff")
        handed = [await upload(staff, some(40)) for _ in range(2)]

        await asyncio.gather(*(finish(build_import(world.intake)) for _ in range(2)))

        done = [(await staff.get(f"{PATH}/{one['id']}")).json() for one in handed]
        assert [one["state"] for one in done] == ["finished", "finished"]
        assert (done[0]["created"] + done[1]["created"], done[0]["unchanged"] + done[1]["unchanged"]) == (
            40,
            40,
        )
        assert (await world.count("complaint"), len(await world.told())) == (40, 40)


_WORKER = """
import asyncio, sys
from pathlib import Path
from tests.intake.world import open_world
from intake.wiring import build_import

async def main():
    async with open_world(sys.argv[1], Path(sys.argv[2]), import_chunk_rows=5) as world:
        process = build_import(world.intake)
        while await process():
            pass

asyncio.run(main())
"""


async def test_after_kill_9_of_the_process_another_finishes_and_every_row_is_one_complaint(
    intake_url: str, tmp_path: Path
) -> None:
    async with open_world(intake_url, tmp_path, import_chunk_rows=50) as world:
        handed = await upload(world.client("staff"), some(2_000))
        folder = tmp_path / "other"
        folder.mkdir()
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _WORKER, intake_url, str(folder), cwd=Path(__file__).parents[2]
        )

        async def some_done() -> bool:
            return await world.count("complaint") > 0

        await until(some_done, seconds=60)
        os.kill(worker.pid, signal.SIGKILL)
        await worker.wait()
        killed_at = await world.count("complaint")
        world.clock.move(minutes=1)
        await finish(build_import(world.intake))

        done = (await world.client("staff").get(f"{PATH}/{handed['id']}")).json()
        assert killed_at < 2_000
        assert (done["state"], done["created"], done["processed"]) == ("finished", 2_000, 2_000)
        assert (await world.count("complaint"), len(await world.told())) == (2_000, 2_000)


async def test_an_import_begins_as_soon_as_its_process_has_taken_it_in(world: World) -> None:
    imports, stop = PostgresImports(world.engine), asyncio.Event()
    looked = asyncio.Event()
    job = RunImports(build_import(world.intake), imports, world.clock, world.intake.wake.imports, poll=3_600)
    running = asyncio.create_task(job.run(stop, looked.set))
    await looked.wait()

    handed = await upload(world.client("staff"), some(2))

    async def finished() -> bool:
        return (await imports.find(UUID(handed["id"]))).state is ImportState.FINISHED

    await until(finished, what="the import is finished")
    stop.set()
    await running


async def test_an_upload_whose_process_was_lost_is_given_up(world: World) -> None:
    handed = await upload(world.client("staff"), some(2))
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE import_job SET state = 'receiving'")
    job = RunImports(
        build_import(world.intake), PostgresImports(world.engine), world.clock, world.intake.wake.imports
    )
    world.clock.move(minutes=11)

    await job.tidy()

    done = (await world.client("staff").get(f"{PATH}/{handed['id']}")).json()
    assert (done["state"], await world.count("import_row")) == ("failed", 0)
