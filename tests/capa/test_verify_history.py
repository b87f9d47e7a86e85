"""`python -m capa verify-history`."""

import json
from pathlib import Path

from tests.capa.test_cases_api import Desk, a_nonconformity, desk
from tests.capa.test_main import run
from tests.capa.world import World

__all__ = ["desk"]  # a fixture, found here by its name


async def test_the_histories_of_cases_are_verified_too(desk: Desk) -> None:
    await desk.request(nonconformity_ids=[await a_nonconformity(desk)])
    await desk.take("accept", "quinn", recurrence="repeated")
    database = {"REDRESS_DATABASE_URL": desk.world.url}
    code, said = await run("verify-history", "--only", "CA-1001", **database)
    assert (code, json.loads(said)["entries"]) == (0, 2), said
    await desk.world.run("UPDATE history SET reason = 'another' WHERE action = 'accept'")
    code, said = await run("verify-history", **database)
    assert (code, json.loads(said.splitlines()[0])["broken"]) == (1, "CA-1001"), said
    await desk.world.run("DELETE FROM history USING corrective_case WHERE thing_id = corrective_case.id")
    code, said = await run("verify-history", "--only", "CA-1001", **database)
    assert (code, json.loads(said.splitlines()[0])["what"]) == (1, "has no history"), said


async def test_the_command_finds_what_was_altered_and_with_anchors_what_was_cut_off(
    world: World, tmp_path: Path
) -> None:
    action = await world.an_action()
    database = {"REDRESS_DATABASE_URL": world.url}
    anchors = str(tmp_path / "anchors.ndjson")

    code, said = await run("verify-history", "--write-anchors", anchors, **database)
    assert (code, json.loads(said)) == (
        0,
        {"service": "capa", "histories": 2, "entries": 2, "anchors": 0, "broken": 0, "intact": True},
    ), said
    code, said = await run("verify-history", "--only", action.number, **database)
    assert (code, json.loads(said)["histories"]) == (0, 1), said

    await world.run("DELETE FROM history WHERE thing_id = :id", id=action.id)
    code, said = await run("verify-history", "--anchors", anchors, **database)
    told = [json.loads(line) for line in said.splitlines()]
    assert code == 1
    assert {line["broken"] for line in told[:-1]} == {action.number}
    assert {line["what"] for line in told[:-1]} >= {"has no history"}
    assert len(told) == 3, "the anchor tells too"

    await world.run("UPDATE history SET reason = 'another'")
    code, said = await run("verify-history", **database)
    assert (code, json.loads(said.splitlines()[0])["position"]) == (1, 1), said
