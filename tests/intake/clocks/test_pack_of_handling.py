"""An inspection pack tells what was found, answered and how it ended, and what every clock came to and why."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.intake.clocks.timing import berlin
from tests.intake.lifecycle.desk import ANSWERED, Desk
from tests.intake.test_inspection_pack import checked, fetch
from tests.intake.world import World

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
async def number(desk: Desk) -> str:
    """A complaint that was handled twice, the first time too late."""
    number = await desk.receive()
    clock = desk.world.clock
    clock.now = berlin(24, 10)
    await desk.take(number, "acknowledge")
    await desk.take(
        number,
        "assess",
        reportability="yes",
        report_to=["authority"],
        immediate_action=True,
        immediate_action_taken="The line was stopped.",
        note=f"Looked at twice {SCRIPT}.",
    )
    await desk.take(number, "wait-for-customer")
    clock.now = berlin(25, 10)
    await desk.take(number, *ANSWERED[1:], "record-contact-attempt", "file-report", "customer-accepts")
    await desk.triaged(number)
    await desk.take(number, "close", who="quality", note="Both sides agree.")
    clock.now = berlin(26, 10)
    await desk.take(number, "reopen")
    return number


async def test_the_document_has_the_handling_and_every_clock_of_every_run_with_verdict_and_explanation(
    timed_world: World, number: str, tmp_path: Path
) -> None:
    answer = await fetch(timed_world, number, "json")

    pack = answer.json()
    assert pack["complaint"]["handling"]["assessment"]["immediate_action_taken"] == "The line was stopped."
    assert pack["complaint"]["handling"]["reopened"] == 1
    verdicts = {(clock["name"], clock["run"]): clock["state"] for clock in pack["clocks"]}
    assert verdicts["acknowledge", 1] == "missed"
    assert verdicts["respond", 1] == "met"
    assert verdicts["respond", 2] == "running"
    assert all(clock["explanation"]["steps"] for clock in pack["clocks"])
    assert {entry["kind"] for entry in pack["timeline"]} == {"step", "case", "clock", "message"}
    (tmp_path / "pack.json").write_text(json.dumps(pack))
    assert checked(tmp_path / "pack.json")[0] == 0


async def test_the_page_tells_handling_and_clocks_in_words(
    timed_world: World, desk: Desk, number: str
) -> None:
    page = (await fetch(timed_world, number, "html")).text
    assert (SCRIPT in page, "&lt;script&gt;alert(1)" in page) == (False, True)
    for said in ("taken up again: 1", "as assessed: major", "The line was stopped.", "yes to authority"):
        assert said in page, said
    for said in ("17 h 0 min after it was due", "before it was due", "R-1", "ISO 10002", "paused 1 d 0 h"):
        assert said in page, said
    assert "counted day, to 17:00, number 1" in page

    await desk.take(number, *ANSWERED[2:] if (await state(desk, number)) == "assessed" else ANSWERED[3:])
    await desk.take(number, "customer-accepts")
    await desk.take(number, "close", who="quality", note="Both sides agree.")

    page = (await fetch(timed_world, number, "html")).text
    for said in ("We return it.", "It ran twice.", "It has one.", "Both sides agree.", "person:quinn.hale"):
        assert said in page, said
    assert "resolved" in page


async def test_the_page_of_what_was_not_handled_says_so(timed_world: World, desk: Desk) -> None:
    fresh, rejected = await desk.receive(), await desk.receive()
    await desk.take(rejected, "reject")
    duplicate = await desk.receive()
    await desk.take(duplicate, "link", master=fresh)

    assert "It was not assessed." in (await fetch(timed_world, fresh, "html")).text
    assert "A question." in (await fetch(timed_world, rejected, "html")).text
    assert "Duplicate of" in (await fetch(timed_world, duplicate, "html")).text
    historical = await desk.receive(historical=True)
    assert "only put on record" in (await fetch(timed_world, historical, "html")).text


async def test_texts_of_an_erased_handling_are_marked_as_erased(timed_world: World, number: str) -> None:
    erased = await timed_world.client("privacy").post(
        f"/v1/complaints/{number}/erasure", json={"reason": "asked for"}, headers={"If-Match": "*"}
    )
    assert erased.status_code == 200, erased.text

    page = (await fetch(timed_world, number, "html")).text

    assert "The line was stopped." not in page
    assert "Erased." in page


async def state(desk: Desk, number: str) -> Any:
    return (await desk.read(number))["state"]
