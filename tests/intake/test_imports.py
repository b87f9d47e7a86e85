"""Importing files of complaints."""

import asyncio
import csv
import io
import json
import os
from pathlib import Path

import pytest

from events.contracts.intake import ComplaintAmendedV1, ComplaintReceivedV1
from intake.db.imports import PostgresImports
from intake.domain.importing import RowOutcome
from intake.jobs.run_imports import RunImports
from intake.wiring import build_import
from tests.intake.importing import CSV, NDJSON, PATH, lines, outcomes, run, some, table
from tests.intake.world import World, a_complaint, open_world

DATA = "REDRESS_COMPLAINTS_CSV"


async def test_a_file_is_kept_at_once_and_processed_later(world: World) -> None:
    answer = await world.client("staff").post(PATH, content=some(3), headers=NDJSON)

    body = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (202, f"{PATH}/{body['id']}")
    assert (body["state"], body["rows"], body["processed"]) == ("queued", 3, 0)
    assert await world.count("complaint") == 0


async def test_every_row_becomes_a_complaint_with_history_complainant_and_announcement(world: World) -> None:
    done = await run(world, some(3, complainant={"name": "Ada"}, source_system="shop"))

    assert (done["state"], done["created"], done["processed"]) == ("finished", 3, 3)
    assert outcomes(done) == ["created"] * 3
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

    done = await run(world, table(rows), CSV)

    assert outcomes(done) == ["created", "created"]
    kept = await world.rows("SELECT historical, site, description FROM complaint ORDER BY external_id")
    assert [tuple(row) for row in kept] == [
        (True, "plant-1", rows[0]["description"]),
        (False, None, rows[1]["description"]),
    ]
    told = {event.data.site for event in await world.told() if isinstance(event.data, ComplaintReceivedV1)}
    assert told == {"plant-1", None}


async def test_a_bad_row_says_what_is_wrong_and_loses_no_good_one(world: World) -> None:
    content = (
        lines(
            a_complaint(external_id="A"),
            a_complaint(external_id="B", product="no code", channel="pigeon"),
            a_complaint(external_id="C", received_at="2027-01-01T00:00:00Z"),
            a_complaint(external_id="D", description="a\x00b"),
            {"external_id": "E"},
        )
        + b"not json\n"
        + lines(a_complaint(external_id="F"))
    )

    done = await run(world, content)

    assert outcomes(done) == [
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
    await run(world, some(5))

    done = await run(world, some(5))

    assert (outcomes(done), len(await world.told())) == (["unchanged"] * 5, 5)
    assert await world.count("complaint") == 5


async def test_a_later_file_amends_what_it_tells_otherwise(world: World) -> None:
    await run(world, some(3))

    done = await run(
        world, lines(a_complaint(external_id="X-2", product="loan"), a_complaint(external_id="X-3"))
    )

    assert outcomes(done) == ["amended", "unchanged"]
    (amended,) = [event for event in await world.told() if isinstance(event.data, ComplaintAmendedV1)]
    assert isinstance(amended.data, ComplaintAmendedV1)
    assert (amended.version, amended.data.product) == (2, "loan")
    history = (await world.client("staff").get(f"/v1/complaints/{amended.subject}/history")).json()
    assert (history["intact"], "row 1" in history["items"][1]["reason"]) == (True, True)


async def test_rows_of_one_identity_are_told_in_the_order_of_the_file(world: World) -> None:
    products = ["a", "b", "b", "a", "c"]

    done = await run(world, lines(*(a_complaint(external_id="X", product=product) for product in products)))

    assert outcomes(done) == ["created", "amended", "unchanged", "amended", "amended"]
    (row,) = await world.rows("SELECT product, version FROM complaint")
    assert tuple(row) == ("c", 4)


async def test_an_older_telling_in_a_file_reverts_nothing(world: World) -> None:
    await world.client("staff").post(
        "/v1/complaints",
        json=a_complaint(external_id="X-1", product="new", source_updated_at="2026-11-20T10:00:00Z"),
    )

    done = await run(
        world, lines(a_complaint(external_id="X-1", product="old", source_updated_at="2026-11-20T09:00:00Z"))
    )

    (row,) = await world.rows("SELECT product FROM complaint")
    assert (outcomes(done), row.product) == (["unchanged"], "new")


async def test_rows_without_an_id_are_each_a_complaint(world: World) -> None:
    done = await run(world, lines(a_complaint(), a_complaint()))

    assert (outcomes(done), await world.count("complaint")) == (["created", "created"], 2)


async def test_a_dry_run_tells_what_would_come_and_writes_nothing(world: World) -> None:
    await run(world, lines(a_complaint(external_id="A"), a_complaint(external_id="B")))
    content = lines(
        a_complaint(external_id="A"),
        a_complaint(external_id="B", product="loan"),
        a_complaint(external_id="C"),
        a_complaint(external_id="C"),
        a_complaint(external_id="C", product="loan"),
        a_complaint(external_id="D", product="no code"),
    )
    rehearsed = await run(world, content, dry_run=True)
    after_rehearsal = (await world.count("complaint"), len(await world.told()))

    done = await run(world, content)

    assert outcomes(rehearsed) == outcomes(done)
    assert outcomes(done) == ["unchanged", "amended", "created", "unchanged", "amended", "rejected"]
    assert after_rehearsal == (2, 2)


async def test_a_dry_run_knows_rows_of_earlier_chunks(intake_url: str, tmp_path: Path) -> None:
    async with open_world(intake_url, tmp_path, import_chunk_rows=1) as world:
        done = await run(world, lines(*[a_complaint(external_id="X")] * 3), dry_run=True)

        assert outcomes(done) == ["created", "unchanged", "unchanged"]


async def test_with_abort_the_first_rejected_row_is_the_last_that_is_processed(world: World) -> None:
    content = lines(a_complaint(external_id="A"), a_complaint(product=""), a_complaint(external_id="C"))

    done = await run(world, content, on_error="abort")

    assert (done["state"], outcomes(done)) == ("aborted", ["created", "rejected", None])
    assert "Row 2" in done["detail"]
    assert await world.count("complaint") == 1


async def test_a_historical_import_says_so_of_every_complaint(world: World) -> None:
    await run(world, some(2), historical=True)

    events = await world.told()
    assert [event.data.historical for event in events if isinstance(event.data, ComplaintReceivedV1)] == [
        True,
        True,
    ]


async def test_no_content_of_a_row_is_kept_once_the_import_has_ended(world: World) -> None:
    bodies = [{"external_id": "A"}, {"product": ""}, {"external_id": "never processed"}]
    content = lines(*(a_complaint(description="Flurb!", **changes) for changes in bodies))

    done = await run(world, content, on_error="abort")

    rows = await world.rows("SELECT import_row::text AS whole FROM import_row")
    assert (done["processed"], len(rows)) == (2, 3)
    assert not [row for row in rows if "Flurb" in row.whole]


async def test_results_come_as_csv_without_formulas_and_by_outcome(world: World) -> None:
    done = await run(world, lines(a_complaint(external_id="=1+1"), a_complaint(external_id="B", product="")))
    staff = world.client("staff")

    text = (await staff.get(f"{PATH}/{done['id']}/results", params={"format": "csv"})).text
    rejected = (await staff.get(f"{PATH}/{done['id']}/results", params={"outcome": "rejected"})).text

    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["external_id"] for row in rows] == ["'=1+1", "B"]
    assert json.loads(rows[1]["errors"])[0]["pointer"] == "/product"
    assert [json.loads(line)["row_number"] for line in rejected.splitlines()] == [2]


async def test_an_import_is_forgotten_thirty_days_after_its_end_and_its_complaints_are_not(
    world: World,
) -> None:
    done = await run(world, some(2))
    job = RunImports(
        build_import(world.intake), PostgresImports(world.engine), world.clock, world.intake.wake.imports
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

    done = await run(world, content, CSV, profile="cfpb", historical=True)

    refused = [result for result in done["results"] if result["outcome"] == RowOutcome.REJECTED]
    assert not refused
    assert (done["rows"], done["created"]) == (len(ids), len(set(ids)))
    kept = await world.rows("SELECT external_id FROM complaint WHERE source_system = 'cfpb'")
    assert {row.external_id for row in kept} == set(ids)
    grave = await world.rows("SELECT reported_severity AS s, count(*) AS n FROM complaint GROUP BY 1")
    counts = {row.s: row.n for row in grave}
    assert counts["minor"] > counts["major"] > counts["critical"] > 0
