"""`python -m notifier verify-history`: the histories of people."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from chassis import verify_history
from common.history import Following
from notifier.db import histories
from tests.notifier.world import World


async def verify(
    world: World, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, list[dict[str, Any]]]:
    parser = argparse.ArgumentParser()
    verify_history.add_options(parser, "one")
    capsys.readouterr()
    all_of_them = verify_history.Histories("notifier", Following, histories.PostgresHistories(world.engine))
    code = await verify_history.command(all_of_them, parser.parse_args(arguments), world.clock)
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


async def test_histories_of_people_are_verified_and_what_is_cut_off_is_found_by_anchors(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "AT_ONCE", 2)
    monkeypatch.setattr(histories, "_STEPS", histories._STEPS.limit(2))
    await world.people()
    file = str(tmp_path / "anchors.ndjson")

    code, said = await verify(world, capsys, "--write-anchors", file)
    assert (code, said[-1]["intact"]) == (0, True)
    assert said[-1]["histories"] == said[-1]["entries"] > 2
    assert (await verify(world, capsys, "--anchors", file))[1][-1]["anchors"] == said[-1]["histories"]
    async with world.engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM person_history WHERE person_id = 'ben'"))

    code, said = await verify(world, capsys, "--anchors", file)
    assert (code, {line["broken"] for line in said[:-1]}) == (1, {"ben"})
