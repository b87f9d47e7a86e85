"""`python -m intake verify-history`: what it finds, and what it must not take for a break."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from chassis import verify_history
from common import history
from intake.db import histories
from intake.wiring import build_histories
from tests.intake.world import NOON, World, a_complaint

PATH = "/v1/complaints"


async def verify(
    world: World, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, list[dict[str, Any]]]:
    parser = argparse.ArgumentParser()
    verify_history.add_options(parser, "one")
    capsys.readouterr()
    code = await verify_history.command(
        build_histories(world.intake), parser.parse_args(arguments), world.clock
    )
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


async def run(world: World, statement: str, **values: Any) -> None:
    async with world.engine.begin() as connection:
        await connection.execute(sa.text(statement), values)


@pytest.fixture(autouse=True)
async def complaints(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three complaints, the second with three entries; pages are so small that histories are cut by them."""
    monkeypatch.setattr(histories, "AT_ONCE", 2)
    monkeypatch.setattr(histories, "_STEPS", histories._STEPS.limit(2))
    crm, staff = world.client("crm"), world.client("staff")
    for number in range(3):
        await crm.post(PATH, json=a_complaint(external_id=f"E-{number}"))
    for version, text in ((1, "Twice, and then again."), (2, "Three times.")):
        answer = await staff.patch(
            f"{PATH}/C-10002",
            json={"reason": "heard more", "description": text},
            headers={"If-Match": f'"v{version}"'},
        )
        assert answer.status_code == 200


async def test_untouched_histories_hold_and_it_is_told_how_many_were_checked(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = {"service": "intake", "histories": 3, "entries": 5, "anchors": 0, "broken": 0, "intact": True}
    assert await verify(world, capsys) == (0, [whole])
    assert await verify(world, capsys, "--only", "c-10002") == (0, [whole | {"histories": 1, "entries": 3}])


async def test_what_there_is_not_is_no_intact_history(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = await verify(world, capsys, "--only", "C-99999")
    assert (code, "C-99999" in said[0]["error"]) == (2, True)
    code, said = await verify(world, capsys, "--only", "nonsense")
    assert (code, "no complaint" in said[0]["error"]) == (2, True)


@pytest.mark.parametrize(
    ("tampering", "position"),
    [
        ("UPDATE complaint_history SET reason = 'other' WHERE position = 2", 2),
        ("UPDATE complaint_history SET actor = 'person:nobody' WHERE position = 3", 3),
        ("DELETE FROM complaint_history WHERE position = 2", 2),
        (
            """UPDATE complaint_history SET withheld = withheld || '{"title": ["a", "b"]}' WHERE position = 3""",
            3,
        ),
        ("UPDATE complaint_history SET withheld = NULL WHERE position = 2", 2),
        # What is left says otherwise than the complaint has it: the last amendment of a text was cut off.
        ("DELETE FROM complaint_history WHERE position = 3", 2),
        # The description was amended twice, and the title was never told.
        ("UPDATE complaint SET description = 'Nothing.' WHERE number = 10002", 3),
        ("UPDATE complaint SET title = 'Nothing' WHERE number = 10002", 1),
        (
            """UPDATE complaint_history SET withheld = withheld - 'told_sha256'
                WHERE position = 1 AND complaint_id = (SELECT id FROM complaint WHERE number = 10002)""",
            1,
        ),
        (
            "DELETE FROM complaint_history WHERE complaint_id = (SELECT id FROM complaint WHERE number = 10002)",
            1,
        ),
    ],
)
async def test_tampering_is_found_with_the_complaint_and_the_position(
    world: World, capsys: pytest.CaptureFixture[str], tampering: str, position: int
) -> None:
    await run(world, tampering)
    code, said = await verify(world, capsys)
    assert code == 1
    assert [(line["broken"], line["position"]) for line in said[:-1]] == [("C-10002", position)]
    assert said[-1]["broken"] == 1


async def test_what_was_told_once_is_found_to_be_another_unless_the_entry_is_from_before_it_was_bound(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {
        "complainant": {"name": "Erika Musterfrau"},
        "attachments": [{"name": "a", "url": "https://a", "media_type": "b/c"}],
    }
    answer = await world.client("crm").post(PATH, json=a_complaint(external_id="E-9", title="Twice", **told))
    assert answer.status_code == 201, answer.text
    assert (await verify(world, capsys))[0] == 0

    await run(world, "UPDATE complainant SET name = 'Max Mustermann'")
    assert [line.get("position") for line in (await verify(world, capsys))[1]][:-1] == [1]
    assert (await world.client("staff").get(f"{PATH}/C-10004/history")).json()["broken_at"] == 1

    first = history.append(None, at=NOON, actor="system:crm-1", action="received", changes={})
    await run(
        world,
        "UPDATE complaint_history SET at = :at, changes = '{}', hash = :hash, withheld = NULL"
        " WHERE complaint_id = (SELECT id FROM complaint WHERE number = 10004)",
        at=first.at,
        hash=first.hash,
    )
    assert (await verify(world, capsys))[0] == 0


async def test_what_was_cut_off_at_the_end_is_found_by_anchors_alone(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = str(tmp_path / "anchors.ndjson")
    corrected = await world.client("staff").patch(
        f"{PATH}/C-10002", json={"reason": "misheard", "lot": "L-7"}, headers={"If-Match": "*"}
    )
    assert corrected.status_code == 200
    assert (await verify(world, capsys, "--write-anchors", file))[0] == 0
    assert (await verify(world, capsys, "--anchors", file))[1][-1]["anchors"] == 3

    await run(world, "DELETE FROM complaint_history WHERE position = 4")

    assert (await verify(world, capsys))[0] == 0
    code, said = await verify(world, capsys, "--anchors", file)
    assert (code, said[0]["broken"], said[0]["position"]) == (1, "C-10002", 4)


async def test_a_history_that_was_written_anew_or_is_gone_with_its_complaint_is_found_by_anchors(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = str(tmp_path / "anchors.ndjson")
    await verify(world, capsys, "--write-anchors", file)
    other = history.append(None, at=NOON, actor="system:crm-1", action="received", changes={"lot": "L-9"})
    await run(
        world,
        "UPDATE complaint_history SET at = :at, changes = CAST(:changes AS jsonb), hash = :hash, withheld = NULL"
        " WHERE complaint_id = (SELECT id FROM complaint WHERE number = 10001)",
        at=other.at,
        changes='{"lot": "L-9"}',
        hash=other.hash,
    )
    third = "(SELECT id FROM complaint WHERE number = 10003)"
    await run(world, f"DELETE FROM complaint_history WHERE complaint_id = {third}")  # noqa: S608
    await run(world, "DELETE FROM complaint WHERE number = 10003")

    assert (await verify(world, capsys))[0] == 0
    code, said = await verify(world, capsys, "--anchors", file)
    assert code == 1
    assert [(line["broken"], line["what"]) for line in said[:-1]] == [
        ("C-10001", "has another hash than the anchor"),
        ("C-10003", "is anchored, and is gone"),
    ]


async def test_what_was_added_since_the_anchors_is_no_break(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = str(tmp_path / "anchors.ndjson")
    await verify(world, capsys, "--write-anchors", file)
    await world.client("crm").post(PATH, json=a_complaint(external_id="E-0", product="loan"))
    await world.client("crm").post(PATH, json=a_complaint(external_id="E-9"))

    code, said = await verify(world, capsys, "--anchors", file)

    assert (code, said[-1]["histories"], said[-1]["anchors"]) == (0, 4, 3)


@pytest.mark.parametrize("damage", ["cut", "changed", "foreign", "empty"])
async def test_a_file_of_anchors_that_was_tampered_with_is_refused(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path, damage: str
) -> None:
    file = tmp_path / "anchors.ndjson"
    await verify(world, capsys, "--write-anchors", str(file))
    lines = file.read_text().splitlines(keepends=True)
    match damage:
        case "cut":
            lines.pop(1)
        case "changed":
            lines[1] = lines[1].replace('"position": 1', '"position": 2')
        case "empty":
            lines = []
        case _:
            lines = ["nothing\n"]
    file.write_text("".join(lines))

    code, said = await verify(world, capsys, "--anchors", str(file))

    assert (code, "anchors.ndjson" in said[0]["error"]) == (2, True)
