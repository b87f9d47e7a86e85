"""What can be an import, how large it may be, and whose it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from intake.wiring import build_import
from tests.intake.importing import CSV, NDJSON, PATH, finish, lines, some, upload
from tests.intake.world import World, a_complaint, open_world


async def test_a_key_of_a_source_imports_for_no_other_one_and_the_parameter_is_named(world: World) -> None:
    answer = await world.client("importer").post(
        PATH, content=some(1), headers=NDJSON, params={"source_system": "shop"}
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
                yield some(500)

        answer = await world.client("staff").post(PATH, content=pieces(), headers=NDJSON)

        (job,) = await world.rows("SELECT state FROM import_job")
        assert (answer.status_code, job.state, await world.count("import_row")) == (413, "failed", 0)


async def test_an_import_may_be_larger_than_other_bodies(intake_url: str, tmp_path: Path) -> None:
    async with open_world(intake_url, tmp_path, max_body_bytes=1_000) as world:
        handed = await upload(world.client("staff"), some(50))

        assert handed["rows"] == 50


async def test_a_key_of_a_source_imports_for_that_source_alone_and_sees_no_other_import(world: World) -> None:
    importer, staff = world.client("importer"), world.client("staff")
    own = await upload(importer, lines(a_complaint(external_id="A"), a_complaint(source_system="shop")))
    other = await upload(staff, some(1))
    await finish(build_import(world.intake))

    refused = await importer.post(PATH, content=some(1), headers=NDJSON, params={"source_system": "shop"})
    results = (await importer.get(f"{PATH}/{own['id']}/results")).text.splitlines()
    hidden = [await importer.get(f"{PATH}/{other['id']}{part}") for part in ("", "/results")]

    assert refused.status_code == 403
    assert [json.loads(line)["outcome"] for line in results] == ["created", "rejected"]
    assert [answer.status_code for answer in hidden] == [404, 404]
    rows = await world.rows("SELECT DISTINCT source_system FROM complaint ORDER BY 1")
    assert [row.source_system for row in rows] == ["crm", "redress"]
