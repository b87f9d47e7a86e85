"""A complaint that nobody acknowledges in time is told of by mail, and one that is acknowledged is not: real processes."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.journeys.test_the_loop import mails_about
from tests.support.running import Pace, RunningSystem, complaint, running_system
from tests.support.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
async def ticking() -> AsyncIterator[RunningSystem]:
    """The whole system with the clocks of a demonstration, which are due within seconds."""
    async with running_system(pace=Pace(clocks="clocks.demo.toml", due="600s")) as system:
        yield system


async def clocks_of(system: RunningSystem, number: str) -> Mapping[str, Mapping[str, Any]]:
    answer = await system.client("intake", "staff").get(f"/v1/complaints/{number}/clocks")
    assert answer.status_code == 200, answer.text
    return {clock["name"]: clock for clock in answer.json()["items"]}


async def test_an_acknowledgement_that_is_late_is_told_and_one_in_time_is_not(ticking: RunningSystem) -> None:
    crm, staff = ticking.client("intake", "crm"), ticking.client("intake", "staff")
    posted = [
        await crm.post("/v1/complaints", json=complaint(f"clock-{nth}", product="kettle")) for nth in (1, 2)
    ]
    late, kept = (answer.json()["number"] for answer in posted)
    acknowledged = await staff.post(
        f"/v1/complaints/{kept}/acknowledge", json={"channel": "email"}, headers={"If-Match": "*"}
    )
    assert acknowledged.status_code == 200, acknowledged.text

    await until(lambda: bool(mails_about(ticking, late)), seconds=60, what="the owner is told")
    (mail, *_) = mails_about(ticking, late)
    assert mail["To"] == "quality.desk@example.org"

    async def noted() -> bool:
        return (await clocks_of(ticking, late))["acknowledge"]["breached_at"] is not None

    await until(noted, seconds=60, what="intake notes the breach")
    shown = await clocks_of(ticking, late)
    assert (shown["acknowledge"]["state"], shown["acknowledge"]["overdue"]) == ("running", True)
    found = await staff.get("/v1/complaints", params={"overdue": "true", "clock": "acknowledge"})
    assert [each["number"] for each in found.json()["items"]] == [late]

    done = await staff.post(
        f"/v1/complaints/{late}/acknowledge", json={"channel": "email"}, headers={"If-Match": "*"}
    )
    assert done.status_code == 200, done.text
    verdict = (await clocks_of(ticking, late))["acknowledge"]
    assert verdict["state"] == "missed"
    assert verdict["by_seconds"] > 0
    about_kept = [mail for mail in mails_about(ticking, kept) if "Acknowledge" in str(mail)]
    assert about_kept == []
