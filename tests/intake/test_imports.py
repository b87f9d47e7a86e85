"""Importing files of complaints."""

import asyncio
import csv
import io
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from events.contracts.intake import ComplaintAmendedV1, ComplaintReceivedV1
from intake.db.imports import PostgresImports
from intake.domain.importing import ImportState, RowOutcome
from intake.jobs.run_imports import RunImports
from intake.usecases.process_import import ProcessImport
from intake.wiring import build_import
from tests.intake.world import World, a_complaint, open_world
from tests.support.waiting import until

PATH = "/v1/imports"
NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv"}
DATA = "REDRESS_COMPLAINTS_CSV"


def _lines(*rows: Mapping[str, Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def _some(count: int, **changes: Any) -> bytes:
    return _lines(*(a_complaint(external_id=f"X-{number}", **changes) for number in range(1, count + 1)))


def _table(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


async def _upload(
    client: httpx.AsyncClient, content: bytes, headers: Mapping[str, str] = NDJSON, **query: Any
) -> dict[str, Any]:
    answer = await client.post(PATH, content=content, headers=headers, params=query)
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def _finish(process: ProcessImport) -> None:
    while await process():
        pass


async def _run(
    world: World, content: bytes, headers: Mapping[str, str] = NDJSON, **query: Any
) -> dict[str, Any]:
    """Upload as staff, process, and give the import with its results."""
    staff = world.client("staff")
    handed = await _upload(staff, content, headers, **query)
    await _finish(build_import(world.intake))
    done: dict[str, Any] = (await staff.get(f"{PATH}/{handed['id']}")).json()
    lines = (await staff.get(f"{PATH}/{handed['id']}/results")).text.splitlines()
    return done | {"results": [json.loads(line) for line in lines]}


def _outcomes(done: Mapping[str, Any]) -> list[str | None]:
    return [result["outcome"] for result in done["results"]]


async def test_a_file_is_kept_at_once_and_processed_later(world: World) -> None:
    answer = await world.client("staff").post(PATH, content=_some(3), headers=NDJSON)

    body = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (202, f"{PATH}/{body['id']}")
    assert (body["state"], body["rows"], body["processed"]) == ("queued", 3, 0)
    assert await world.count("complaint") == 0


async def test_a_key_of_a_source_imports_for_no_other_one_and_the_parameter_is_named(world: World) -> None:
    answer = await world.client("importer").post(
        PATH, content=_some(1), headers=NDJSON, params={"source_system": "shop"}
    )

    assert (answer.status_code, answer.json()["errors"]) == (
        403,
        [
            {
                "parameter": "source_system",
                "code": "foreign_source_system",
                "detail": "is not crm",
                "fix": "leave it out",
            }
        ],
    )


async def test_every_row_becomes_a_complaint_with_history_complainant_and_announcement(world: World) -> None:
    done = await _run(world, _some(3, complainant={"name": "Ada"}, source_system="shop"))

    assert (done["state"], done["created"], done["processed"]) == ("finished", 3, 3)
    assert _outcomes(done) == ["created"] * 3
    assert [result["external_id"] for result in done["results"]] == ["X-1", "X-2", "X-3"]
    assert len({result["complaint_number"] for result in done["results"]}) == 3
    events = await world.told()
    assert [type(event.data) for event in events] == [ComplaintReceivedV1] * 3
    assert {event.actor for event in events} == {"person:anna.berg"}
    assert (await world.count("complaint_history"), await world.count("complainant")) == (3, 3)
    read = (
        await world.client("staff").get(f"/v1/complaints/{done['results'][0]['complaint_number']}")
    ).json()
    assert (read["external_id"], read["complainant"]["name"]) == ("X-1", "Ada")


async def test_a_csv_of_redresss_own_columns_is_imported(world: World) -> None:
    rows = [
        a_complaint(external_id="1", historical="yes", site="plant-1", **{"complainant.country": "DE"}),
        a_complaint(
            external_id="2",
            historical="",
            site="",
            description='Two\r\nlines, "quoted"',
            **{"complainant.country": ""},
        ),
    ]

    done = await _run(world, _table(rows), CSV)

    assert _outcomes(done) == ["created", "created"]
    kept = await world.rows("SELECT historical, site, description FROM complaint ORDER BY external_id")
    assert [tuple(row) for row in kept] == [
        (True, "plant-1", rows[0]["description"]),
        (False, None, rows[1]["description"]),
    ]
    told = {event.data.site for event in await world.told() if isinstance(event.data, ComplaintReceivedV1)}
    assert told == {"plant-1", None}


async def test_a_bad_row_says_what_is_wrong_and_loses_no_good_one(world: World) -> None:
    content = (
        _lines(
            a_complaint(external_id="A"),
            a_complaint(external_id="B", product="no code", channel="pigeon"),
            a_complaint(external_id="C", received_at="2027-01-01T00:00:00Z"),
            a_complaint(external_id="D", description="a\x00b"),
            {"external_id": "E"},
        )
        + b"not json\n"
        + _lines(a_complaint(external_id="F"))
    )

    done = await _run(world, content)

    assert _outcomes(done) == [
        "created",
        "rejected",
        "rejected",
        "rejected",
        "rejected",
        "rejected",
        "created",
    ]
    assert (done["state"], done["created"], done["rejected"]) == ("finished", 2, 5)
    pointers = [sorted(error["pointer"] for error in result["errors"]) for result in done["results"]]
    assert pointers[1] == ["/channel", "/product"]
    assert "/received_at" in pointers[2]
    assert pointers[3] == ["/description"]
    assert pointers[4] == ["/channel", "/description", "/product", "/reported_severity"]
    assert done["results"][1]["errors"][0]["column"] in {"channel", "product"}


async def test_the_same_file_again_makes_nothing_new(world: World) -> None:
    await _run(world, _some(5))

    done = await _run(world, _some(5))

    assert (_outcomes(done), len(await world.told())) == (["unchanged"] * 5, 5)
    assert await world.count("complaint") == 5


async def test_a_later_file_amends_what_it_tells_otherwise(world: World) -> None:
    await _run(world, _some(3))

    done = await _run(
        world, _lines(a_complaint(external_id="X-2", product="loan"), a_complaint(external_id="X-3"))
    )

    assert _outcomes(done) == ["amended", "unchanged"]
    (amended,) = [event for event in await world.told() if isinstance(event.data, ComplaintAmendedV1)]
    assert isinstance(amended.data, ComplaintAmendedV1)
    assert (amended.version, amended.data.product) == (2, "loan")
    history = (await world.client("staff").get(f"/v1/complaints/{amended.subject}/history")).json()
    assert (history["intact"], "row 1" in history["items"][1]["reason"]) == (True, True)


async def test_rows_of_one_identity_are_told_in_the_order_of_the_file(world: World) -> None:
    products = ["a", "b", "b", "a", "c"]

    done = await _run(world, _lines(*(a_complaint(external_id="X", product=product) for product in products)))

    assert _outcomes(done) == ["created", "amended", "unchanged", "amended", "amended"]
    (row,) = await world.rows("SELECT product, version FROM complaint")
    assert tuple(row) == ("c", 4)


async def test_an_older_telling_in_a_file_reverts_nothing(world: World) -> None:
    await world.client("staff").post(
        "/v1/complaints",
        json=a_complaint(external_id="X-1", product="new", source_updated_at="2026-11-20T10:00:00Z"),
    )

    done = await _run(
        world, _lines(a_complaint(external_id="X-1", product="old", source_updated_at="2026-11-20T09:00:00Z"))
    )

    (row,) = await world.rows("SELECT product FROM complaint")
    assert (_outcomes(done), row.product) == (["unchanged"], "new")


async def test_rows_without_an_id_are_each_a_complaint(world: World) -> None:
    done = await _run(world, _lines(a_complaint(), a_complaint()))

    assert (_outcomes(done), await world.count("complaint")) == (["created", "created"], 2)


async def test_a_dry_run_tells_what_would_come_and_writes_nothing(world: World) -> None:
    await _run(world, _lines(a_complaint(external_id="A"), a_complaint(external_id="B")))
    content = _lines(
        a_complaint(external_id="A"),
        a_complaint(external_id="B", product="loan"),
        a_complaint(external_id="C"),
        a_complaint(external_id="C"),
        a_complaint(external_id="C", product="loan"),
        a_complaint(external_id="D", product="no code"),
    )
    rehearsed = await _run(world, content, dry_run=True)
    after_rehearsal = (await world.count("complaint"), len(await world.told()))

    done = await _run(world, content)

    assert _outcomes(rehearsed) == _outcomes(done)
    assert _outcomes(done) == ["unchanged", "amended", "created", "unchanged", "amended", "rejected"]
    assert after_rehearsal == (2, 2)


async def test_a_dry_run_knows_rows_of_earlier_chunks(intake_url: str, tmp_path: Path) -> None:
    async with open_world(intake_url, tmp_path, import_chunk_rows=1) as world:
        done = await _run(world, _lines(*[a_complaint(external_id="X")] * 3), dry_run=True)

        assert _outcomes(done) == ["created", "unchanged", "unchanged"]


async def test_with_abort_the_first_rejected_row_is_the_last_that_is_processed(world: World) -> None:
    content = _lines(a_complaint(external_id="A"), a_complaint(product=""), a_complaint(external_id="C"))

    done = await _run(world, content, on_error="abort")

    assert (done["state"], _outcomes(done)) == ("aborted", ["created", "rejected", None])
    assert "Row 2" in done["detail"]
    assert await world.count("complaint") == 1


async def test_a_historical_import_says_so_of_every_complaint(world: World) -> None:
    await _run(world, _some(2), historical=True)

    events = await world.told()
    assert [event.data.historical for event in events if isinstance(event.data, ComplaintReceivedV1)] == [
        True,
        True,
    ]


async def test_no_content_of_a_row_is_kept_once_the_import_has_ended(world: World) -> None:
    bodies = [{"external_id": "A"}, {"product": ""}, {"external_id": "never processed"}]
    content = _lines(*(a_complaint(description="Flurb!", **changes) for changes in bodies))

    done = await _run(world, content, on_error="abort")

    rows = await world.rows("SELECT import_row::text AS whole FROM import_row")
    assert (done["processed"], len(rows)) == (2, 3)
    assert not [row for row in rows if "Flurb" in row.whole]


async def test_content_that_a_crash_left_behind_is_swept_away(world: World) -> None:
    await _upload(world.client("staff"), _some(3))
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE import_job SET state = 'aborted', finished_at = created_at")
    job = RunImports(
        build_import(world.intake), PostgresImports(world.engine), world.clock, world.intake.wake
    )

    await job.tidy()

    (left,) = await world.rows("SELECT count(*) AS rows, count(raw) AS contents FROM import_row")
    assert (left.rows, left.contents) == (3, 0)


@pytest.mark.parametrize(
    ("content", "headers", "query", "status"),
    [
        (b"a,b\n1,2\n", CSV, {}, 422),
        (b"", CSV, {}, 422),
        (b"{}", {"Content-Type": "application/json"}, {}, 415),
        (b"{}", NDJSON, {"profile": "none"}, 422),
        (b"{}", NDJSON, {"on_error": "shrug"}, 400),
        (b"{}", NDJSON, {"colour": "blue"}, 400),
    ],
)
async def test_what_cannot_be_an_import_is_refused_and_leaves_no_row(
    world: World, content: bytes, headers: dict[str, str], query: dict[str, Any], status: int
) -> None:
    answer = await world.client("staff").post(PATH, content=content, headers=headers, params=query)

    assert (answer.status_code, await world.count("import_row")) == (status, 0)


async def test_a_file_over_the_limit_is_refused_even_when_it_does_not_say_its_length(
    intake_url: str, tmp_path: Path
) -> None:
    async with open_world(intake_url, tmp_path, import_max_bytes=400_000) as world:

        async def pieces() -> Any:
            for _ in range(10):
                yield _some(500)

        answer = await world.client("staff").post(PATH, content=pieces(), headers=NDJSON)

        (job,) = await world.rows("SELECT state FROM import_job")
        assert (answer.status_code, job.state, await world.count("import_row")) == (413, "failed", 0)


async def test_an_import_may_be_larger_than_other_bodies(intake_url: str, tmp_path: Path) -> None:
    async with open_world(intake_url, tmp_path, max_body_bytes=1_000) as world:
        handed = await _upload(world.client("staff"), _some(50))

        assert handed["rows"] == 50


async def test_a_key_of_a_source_imports_for_that_source_alone_and_sees_no_other_import(world: World) -> None:
    importer, staff = world.client("importer"), world.client("staff")
    own = await _upload(importer, _lines(a_complaint(external_id="A"), a_complaint(source_system="shop")))
    other = await _upload(staff, _some(1))
    await _finish(build_import(world.intake))

    refused = await importer.post(PATH, content=_some(1), headers=NDJSON, params={"source_system": "shop"})
    results = (await importer.get(f"{PATH}/{own['id']}/results")).text.splitlines()
    hidden = [await importer.get(f"{PATH}/{other['id']}{part}") for part in ("", "/results")]

    assert refused.status_code == 403
    assert [json.loads(line)["outcome"] for line in results] == ["created", "rejected"]
    assert [answer.status_code for answer in hidden] == [404, 404]
    rows = await world.rows("SELECT DISTINCT source_system FROM complaint ORDER BY 1")
    assert [row.source_system for row in rows] == ["crm", "redress"]


async def test_results_come_as_csv_without_formulas_and_by_outcome(world: World) -> None:
    done = await _run(
        world, _lines(a_complaint(external_id="=1+1"), a_complaint(external_id="B", product=""))
    )
    staff = world.client("staff")

    text = (await staff.get(f"{PATH}/{done['id']}/results", params={"format": "csv"})).text
    rejected = (await staff.get(f"{PATH}/{done['id']}/results", params={"outcome": "rejected"})).text

    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["external_id"] for row in rows] == ["'=1+1", "B"]
    assert json.loads(rows[1]["errors"])[0]["pointer"] == "/product"
    assert [json.loads(line)["row_number"] for line in rejected.splitlines()] == [2]


async def test_a_row_that_the_database_refuses_fails_alone(world: World) -> None:
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE complaint ADD CHECK (product <> 'cursed')")

    done = await _run(world, _lines(*(a_complaint(product=name) for name in ("a", "cursed", "b"))))

    assert _outcomes(done) == ["created", "rejected", "created"]
    assert done["results"][1]["errors"][0]["code"] == "not_stored"
    assert len(await world.told()) == 2


async def test_an_import_whose_process_was_lost_is_continued_by_another_once_its_lease_is_over(
    intake_url: str, tmp_path: Path
) -> None:
    async with open_world(intake_url, tmp_path, import_chunk_rows=2) as world:
        handed = await _upload(world.client("staff"), _some(7))
        lost, other = build_import(world.intake), build_import(world.intake)
        assert await lost()

        assert await other() is False
        world.clock.move(seconds=16)
        await _finish(other)

        done = (await world.client("staff").get(f"{PATH}/{handed['id']}")).json()
        assert (done["state"], done["created"], await world.count("complaint")) == ("finished", 7, 7)
        assert len(await world.told()) == 7


async def test_two_processes_share_the_imports_and_double_nothing(intake_url: str, tmp_path: Path) -> None:
    async with open_world(intake_url, tmp_path, import_chunk_rows=5) as world:
        staff = world.client("staff")
        handed = [await _upload(staff, _some(40)) for _ in range(2)]

        await asyncio.gather(*(_finish(build_import(world.intake)) for _ in range(2)))

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
        handed = await _upload(world.client("staff"), _some(2_000))
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
        await _finish(build_import(world.intake))

        done = (await world.client("staff").get(f"{PATH}/{handed['id']}")).json()
        assert killed_at < 2_000
        assert (done["state"], done["created"], done["processed"]) == ("finished", 2_000, 2_000)
        assert (await world.count("complaint"), len(await world.told())) == (2_000, 2_000)


async def test_an_import_begins_as_soon_as_its_process_has_taken_it_in(world: World) -> None:
    imports, stop = PostgresImports(world.engine), asyncio.Event()
    looked = asyncio.Event()
    job = RunImports(build_import(world.intake), imports, world.clock, world.intake.wake, poll=3_600)
    running = asyncio.create_task(job.run(stop, looked.set))
    await looked.wait()

    handed = await _upload(world.client("staff"), _some(2))

    async def finished() -> bool:
        return (await imports.find(UUID(handed["id"]))).state is ImportState.FINISHED

    await until(finished, what="the import is finished")
    stop.set()
    await running


async def test_an_upload_whose_process_was_lost_is_given_up(world: World) -> None:
    handed = await _upload(world.client("staff"), _some(2))
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE import_job SET state = 'receiving'")
    job = RunImports(
        build_import(world.intake), PostgresImports(world.engine), world.clock, world.intake.wake
    )
    world.clock.move(minutes=11)

    await job.tidy()

    done = (await world.client("staff").get(f"{PATH}/{handed['id']}")).json()
    assert (done["state"], await world.count("import_row")) == ("failed", 0)


async def test_an_import_is_forgotten_thirty_days_after_its_end_and_its_complaints_are_not(
    world: World,
) -> None:
    done = await _run(world, _some(2))
    job = RunImports(
        build_import(world.intake), PostgresImports(world.engine), world.clock, world.intake.wake
    )
    world.clock.move(days=30, seconds=1)

    await job.tidy()

    answer = await world.client("staff").get(f"{PATH}/{done['id']}")
    assert (answer.status_code, await world.count("import_row"), await world.count("complaint")) == (
        404,
        0,
        2,
    )


async def test_every_row_of_the_public_complaint_file_becomes_one_complaint(world: World) -> None:
    file = os.environ.get(DATA)
    if not file:
        pytest.skip(f"set {DATA} to a copy of the CFPB's public complaint file")
    content = await asyncio.to_thread(Path(file).read_bytes)
    ids = [row["Complaint ID"] for row in csv.DictReader(io.StringIO(content.decode(), newline=""))]

    done = await _run(world, content, CSV, profile="cfpb", historical=True)

    refused = [result for result in done["results"] if result["outcome"] == RowOutcome.REJECTED]
    assert not refused
    assert (done["rows"], done["created"]) == (len(ids), len(set(ids)))
    kept = await world.rows("SELECT external_id FROM complaint WHERE source_system = 'cfpb'")
    assert {row.external_id for row in kept} == set(ids)
    grave = await world.rows("SELECT reported_severity AS s, count(*) AS n FROM complaint GROUP BY 1")
    counts = {row.s: row.n for row in grave}
    assert counts["minor"] > counts["major"] > counts["critical"] > 0
