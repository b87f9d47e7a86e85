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
    assert (told["data"]["external_id"], told["data"]["clock"]) == ("1", "respond")


async def test_a_source_is_told_of_each_clock_that_ended_with_its_verdict(desk: Desk) -> None:
    number = await desk.receive(external_id="1")
    crm = desk.world.client("crm")
    await publish(desk.world)
    cursor = (await changes(crm))["next_cursor"]
    await desk.take(number, "acknowledge")
    desk.world.clock.move(days=60)
    await desk.take(number, "assess", "assign", "start-investigation", "respond")
    await publish(desk.world)

    items = (await changes(crm, after=cursor))["items"]
    told = [item["data"] for item in items if item["type"] == "clock.ended"]
    assert sorted((each["clock"], each["action"], *each["changed"]) for each in told) == [
        ("acknowledge", "met", "clocks"),
        ("assess", "missed", "clocks"),
        ("respond", "missed", "clocks"),
        ("update", "missed", "clocks"),
    ]
    ended = {each["name"]: each["ended_at"] for each in (await desk.read(number))["clocks"]}
    stamps = {item["data"]["clock"]: item["timestamp"] for item in items if item["type"] == "clock.ended"}
    assert all(stamps[name][:19] == ended[name][:19] for name in ended)
