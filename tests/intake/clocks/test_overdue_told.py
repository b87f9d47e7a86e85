"""What a source is told of the clocks of its complaints."""

from tests.intake.clocks.test_clocks_kept import _news
from tests.intake.crm import changes, publish
from tests.intake.lifecycle.desk import Desk


async def test_a_source_is_told_once_that_a_clock_of_its_complaint_is_overdue(desk: Desk) -> None:
    body = await desk.take(await desk.receive(external_id="1"), "acknowledge", "assign")
    crm = desk.world.client("crm")
    await publish(desk.world)
    cursor = (await changes(crm))["next_cursor"]
    for event in (
        _news("warned", body, "respond", 2),
        _news("breached", body, "respond", 1),
        _news("breached", body, "respond", 2),
        _news("breached", body, "respond", 2),
    ):
        await desk.world.hears(event)
    await publish(desk.world)

    (told,) = (await changes(crm, after=cursor))["items"]
    assert (told["type"], told["data"]["action"], told["data"]["changed"]) == (
        "clock.overdue",
        "overdue",
        ["clocks"],
    )
    assert told["data"]["external_id"] == "1"
