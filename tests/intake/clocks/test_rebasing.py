"""Counting running clocks anew: by command alone, shown before it is done, and kept in the history."""

from pathlib import Path

import pytest

from common.actor import Actor
from intake.__main__ import main, rebase_lines
from intake.usecases.rebase_clocks import Order
from intake.wiring import build_rebase_clocks
from tests.intake.clocks.test_clocks_kept import clock_of, deadlines
from tests.intake.clocks.timing import CONFIG, berlin, policy_file
from tests.intake.lifecycle.desk import Desk
from tests.intake.world import World, open_world

ANNA = Order(Actor("person", "anna.berg"), "the new promise holds for all")


def change_policy(world: World, folder: Path) -> None:
    """Have the profile promise an answer in 10 working days, and no assessment any more."""
    text = (CONFIG / "clocks" / "generic.toml").read_text()
    head, *clocks = (
        text.replace('version = "1"', 'version = "2"').replace('"20wd"', '"10wd"').split("[[clocks]]")
    )
    kept = "[[clocks]]".join([head, *(clock for clock in clocks if 'kind = "assess"' not in clock)])
    (folder / "config" / "clocks").mkdir(parents=True)
    (folder / "config" / "clocks" / "generic.toml").write_text(kept)
    for each in CONFIG.iterdir():
        if each.name != "clocks":
            (folder / "config" / each.name).symlink_to(each)
    changed = world.intake.settings.model_copy(
        update={"config_dir": folder / "config", "clock_policy": policy_file(folder, "generic")}
    )
    object.__setattr__(world.intake, "settings", changed)


async def lines(world: World, order: Order | None) -> list[str]:
    return [line async for line in rebase_lines(build_rebase_clocks(world.intake), order)]


async def test_a_dry_run_says_what_would_change_and_why_and_changes_nothing(
    timed_world: World, desk: Desk, tmp_path: Path
) -> None:
    number = await desk.receive()
    before = await timed_world.rows("SELECT * FROM complaint_clock ORDER BY clock")
    change_policy(timed_world, tmp_path)
    *changed, last = await lines(timed_world, None)
    assert sorted(line.split(":")[0] for line in changed) == [
        f"{number} {name}" for name in ("acknowledge", "assess", "respond")
    ]
    assert any(
        "2026-12-18T16:00:00Z -> 2026-12-04T16:00:00Z" in line and "another limit" in line for line in changed
    )
    assert (
        last == "1 complaints with open clocks; 3 clocks of 1 complaints would change; --apply changes them."
    )
    assert await timed_world.rows("SELECT * FROM complaint_clock ORDER BY clock") == before
    assert len(await timed_world.told()) == 2


async def test_rebasing_raises_generations_tells_the_deadlines_and_stands_in_the_history(
    timed_world: World, desk: Desk, tmp_path: Path
) -> None:
    number = await desk.receive()
    change_policy(timed_world, tmp_path)
    timed_world.clock.now = berlin(23, 9)
    await lines(timed_world, ANNA)
    shown = await desk.read(number)
    assert clock_of(shown, "respond")["due_at"] == "2026-12-04T16:00:00Z"
    assert clock_of(shown, "respond")["generation"] == 2
    assert clock_of(shown, "respond")["original_due_at"] == "2026-12-18T16:00:00Z"
    assert clock_of(shown, "respond")["policy_version"] == "generic:2"
    assert clock_of(shown, "assess")["state"] == "voided"
    assert deadlines(await timed_world.told())[3:] == [
        ("set", "acknowledge", 2),
        ("voided", "assess", 1),
        ("set", "respond", 2),
    ]
    history = (await desk.world.client("quality").get(f"/v1/complaints/{number}/history")).json()
    entry = history["items"][-1]
    assert (entry["action"], entry["actor"], entry["reason"]) == (
        "clocks_rebased",
        "person:anna.berg",
        "the new promise holds for all",
    )
    (respond,) = [each for each in entry["changes"]["clocks"] if each["clock"] == "respond"]
    assert respond["due_at"] == ["2026-12-18T16:00:00.000000Z", "2026-12-04T16:00:00.000000Z"]
    assert history["intact"]


async def test_what_is_rebased_already_and_what_has_ended_is_left_alone(
    timed_world: World, desk: Desk, tmp_path: Path
) -> None:
    number = await desk.receive()
    body = await desk.take(number, "acknowledge")
    change_policy(timed_world, tmp_path)
    await lines(timed_world, ANNA)
    told = len(await timed_world.told())
    assert (await lines(timed_world, ANNA))[0].startswith("1 complaints with open clocks; 0 clocks of 0")
    assert len(await timed_world.told()) == told
    assert clock_of(await desk.read(number), "acknowledge") == clock_of(body, "acknowledge")


def test_applying_needs_somebody_and_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rebase-clocks", "--apply"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "REDRESS_INTAKE" in said or "--apply needs --by" in said


async def test_a_policy_that_changed_alone_changes_no_clock(
    intake_url: str, tmp_path: Path, timed_world: World, desk: Desk
) -> None:
    number = await desk.receive()
    change_policy(timed_world, tmp_path)
    (tmp_path / "again").mkdir()
    again = {"config_dir": tmp_path / "config", "clock_policy": tmp_path / "clocks.toml"}
    async with open_world(intake_url, tmp_path / "again", **again) as world:
        later = Desk(world)
        body = await later.take(number, "acknowledge")
        assert clock_of(body, "respond")["due_at"] == "2026-12-18T16:00:00Z"
        fresh = await later.read(await later.receive())
        assert clock_of(fresh, "respond")["due_at"] == "2026-12-04T16:00:00Z"
