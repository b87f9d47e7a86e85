"""Notices are acknowledged, by whom, and what of it is shown: the next step waits and always comes."""

from datetime import timedelta
from typing import Any

import pytest

from notifier.domain.audit import Finding
from notifier.domain.ladder import ladder_of
from notifier.domain.person import Details
from notifier.settings import read_calendar
from notifier.usecases.set_deadline import SetDeadline
from tests.notifier.answers import (
    ACKNOWLEDGED_UNTIL,
    LATEST,
    MANAGER,
    TUESDAY,
    acknowledge,
    an_overdue_deadline,
    at,
    code,
    hears,
    path,
    read,
    snooze,
)
from tests.notifier.receiver import Receiver
from tests.notifier.smtp import text_of
from tests.notifier.test_audit import findings
from tests.notifier.world import NOON, World, a_deadline, met, paused, resumed, voided


async def test_who_acknowledges_is_not_told_what_had_not_set_out_and_the_fact_is_announced(
    world: World,
) -> None:
    await world.people()
    event = a_deadline()
    await world.hears(event)
    world.clock.move(hours=1)
    await world.fires()
    without_body = await world.client("anna").post(f"{path(event)}/acknowledge", headers={"If-Match": "*"})
    assert (without_body.status_code, without_body.json()["next_notification_at"]) == (200, at(MANAGER))
    world.clock.move(seconds=6)
    await world.sends()
    assert world.mailed() == []
    (notice,) = await world.rows("SELECT state, reason FROM notice")
    assert (notice.state, notice.reason) == ("suppressed", "deadline_acknowledged")
    told = await world.told()
    assert [each.type for each in told] == [
        "redress.deadline.breached.v1",
        "redress.notice.acknowledged.v1",
    ]
    assert (told[1].actor, told[1].version, told[1].occurred_at) == (
        "person:anna",
        told[0].version + 1,
        NOON + timedelta(hours=1),
    )
    said = told[1].data.model_dump()
    assert (said["step"], said["until"]) == ("overdue", NOON.replace(day=17, hour=9))
    assert (said["next_step"], said["next_at"]) == ("overdue-manager", MANAGER)


async def test_an_acknowledgement_postpones_the_manager_until_it_ends_and_then_the_manager_is_told(
    world: World,
) -> None:
    event = await an_overdue_deadline(world)
    answer = (await acknowledge(world, event)).json()
    assert answer["acknowledgement"] == {
        "step": "overdue",
        "by": "person:anna",
        "for_owner": None,
        "reason": None,
        "at": at(TUESDAY),
        "until": at(ACKNOWLEDGED_UNTIL),
        "in_force": True,
        "postponed_step": "overdue-manager",
        "postponed_from": at(MANAGER),
        "postponed_to": at(ACKNOWLEDGED_UNTIL),
    }
    assert answer["next_step"] == {
        "name": "overdue-manager",
        "to": "manager",
        "at": at(ACKNOWLEDGED_UNTIL),
    }
    assert answer["next_notification_at"] == at(ACKNOWLEDGED_UNTIL)
    world.clock.now = ACKNOWLEDGED_UNTIL - timedelta(seconds=10)
    await world.settles()
    assert world.mailed() == ["anna@example.org"]
    world.clock.now = ACKNOWLEDGED_UNTIL
    await world.settles()
    assert world.mailed() == ["anna@example.org", "mo@example.org"]
    shown = await read(world, event)
    assert (shown["acknowledgement"]["in_force"], shown["next_step"]) == (False, None)


async def test_an_acknowledgement_that_ends_before_the_next_step_moves_nothing(world: World) -> None:
    event = await an_overdue_deadline(world)
    world.clock.now = NOON.replace(hour=14)
    answer = (await acknowledge(world, event)).json()
    assert answer["acknowledgement"]["postponed_step"] is None
    assert answer["next_step"]["at"] == at(MANAGER)


async def test_the_owner_is_told_of_a_further_step_though_the_one_before_was_acknowledged(
    world: World,
) -> None:
    steps = [
        {"name": "overdue", "kind": "breach", "offset": "0s", "to": "owner"},
        {"name": "again", "kind": "escalation", "offset": "1d", "to": "owner"},
        {"name": "lead", "kind": "escalation", "offset": "2d", "to": "manager"},
    ]
    await world.people()
    event = a_deadline()
    ladders = {"default": ladder_of("default", "1", steps)}
    await hears(event, SetDeadline(world.start_work, world.clock, ladders, read_calendar(world.settings)))
    world.clock.move(hours=1)
    await world.settles()
    await acknowledge(world, event)
    world.clock.move(days=1)
    await world.settles()
    assert world.mailed() == ["anna@example.org", "anna@example.org"]


async def test_a_second_acknowledgement_changes_nothing_while_the_first_counts_and_is_refused_afterwards(
    world: World,
) -> None:
    event = await an_overdue_deadline(world)
    first = await acknowledge(world, event)
    world.clock.move(minutes=30)
    second = await acknowledge(world, event)
    assert (second.status_code, second.headers["etag"]) == (200, first.headers["etag"])
    assert second.json() == first.json()
    by_another = await acknowledge(world, event, "quinn", reason="she called")
    assert by_another.json()["acknowledgement"]["by"] == "person:anna"
    assert (await world.told_types()).count("notice.acknowledged") == 1
    world.clock.now = ACKNOWLEDGED_UNTIL
    late = await acknowledge(world, event)
    assert (late.status_code, code(late)) == (409, "acknowledged-before")
    await world.settles()
    assert world.mailed()[-1] == "mo@example.org"


async def test_only_the_owner_answers_or_quality_staff_for_them_with_a_reason(world: World) -> None:
    event = await an_overdue_deadline(world)
    other = await acknowledge(world, event, "ben", reason="I can")
    machine = await acknowledge(world, event, "robot", reason="a script")
    without_scope = await acknowledge(world, event, "admin", reason="I run it")
    assert [(each.status_code, code(each)) for each in (other, machine, without_scope)] == [
        (403, "not-the-owner"),
        (403, "not-the-owner"),
        (403, "forbidden"),
    ]
    for refused in (
        await acknowledge(world, event, "quinn"),
        await acknowledge(world, event, "quinn", reason="  "),
    ):
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/reason")
    assert "notice.acknowledged" not in await world.told_types()
    answer = await acknowledge(world, event, "quinn", reason="she called: it goes out today")
    shown = answer.json()["acknowledgement"]
    assert (shown["by"], shown["for_owner"]) == ("person:quinn", "anna")
    assert shown["reason"] == "she called: it goes out today"
    (told,) = [each for each in await world.told() if "acknowledged" in each.type]
    assert (told.actor, told.data.model_dump()["why"]) == ("person:quinn", "she called: it goes out today")


async def test_before_anybody_was_told_that_it_is_overdue_there_is_nothing_to_answer(world: World) -> None:
    await world.people()
    event = a_deadline(ladder="reminding", due=NOON.replace(day=18))
    await world.hears(event)
    world.clock.now = NOON.replace(day=17)
    await world.settles()
    assert await world.told_types() == ["deadline.warned", "notice.sent"]
    for answer in (await acknowledge(world, event), await snooze(world, event, NOON.replace(day=20))):
        assert (answer.status_code, code(answer)) == (409, "nothing-to-answer")


@pytest.mark.parametrize("ending", [lambda event: met(event, TUESDAY), voided, paused])
async def test_what_is_met_voided_or_paused_is_answered_no_more_and_tells_nobody(
    world: World, ending: Any
) -> None:
    event = await an_overdue_deadline(world)
    await acknowledge(world, event)
    await world.hears(ending(event))
    assert (await read(world, event))["acknowledgement"]["in_force"] is False
    refused = await snooze(world, event, LATEST)
    assert (refused.status_code, code(refused)) == (409, "nothing-to-answer")
    world.clock.move(days=9)
    await world.settles()
    assert world.mailed() == ["anna@example.org"]


async def test_an_answer_is_for_the_version_that_was_read(world: World) -> None:
    event = await an_overdue_deadline(world)
    read_then = (await world.client("anna").get(path(event))).headers["etag"]
    first = await snooze(world, event, MANAGER + timedelta(hours=1), version=read_then)
    again = await snooze(world, event, MANAGER + timedelta(hours=2), version=read_then)
    without = await world.client("anna").post(f"{path(event)}/acknowledge", json={})
    assert [each.status_code for each in (first, again, without)] == [200, 412, 428]
    assert again.headers["etag"] == first.headers["etag"] == f'"v{first.json()["version"]}"'


async def test_a_deadline_that_there_is_not_is_neither_read_nor_answered(world: World) -> None:
    event = a_deadline()
    missing = [
        await world.client("anna").get(path(event)),
        await acknowledge(world, event),
        await snooze(world, event, LATEST),
    ]
    assert {(each.status_code, code(each)) for each in missing} == {(404, "deadline-unknown")}


async def test_an_acknowledgement_drops_what_the_owner_would_hear_and_not_what_the_manager_would(
    world: World,
) -> None:
    await world.people()
    event = a_deadline(ladder="reminding")
    await world.hears(event)
    world.clock.now = MANAGER
    await world.fires()
    await acknowledge(world, event)
    world.clock.move(seconds=6)
    await world.sends()
    assert world.mailed() == ["mo@example.org"]


async def test_a_new_generation_ends_both_and_starts_the_ladder_anew(world: World) -> None:
    event = await an_overdue_deadline(world)
    await acknowledge(world, event)
    await snooze(world, event, LATEST)
    given_away = a_deadline(subject=event.data.subject_id, owner="ben", due=event.data.due_at, generation=2)
    await world.hears(given_away)
    shown = await read(world, event)
    assert (shown["acknowledgement"], shown["snooze"], shown["snoozes_left"]) == (None, None, 2)
    await world.settles()
    assert world.mailed() == ["anna@example.org", "ben@example.org"]
    assert code(await acknowledge(world, event, "anna")) == "not-the-owner"
    own = (await acknowledge(world, event, "ben")).json()
    assert (own["acknowledgement"]["by"], own["acknowledgement"]["at"]) == ("person:ben", at(world.clock()))
    # The ladder counts from when the new owner was told, whatever the former one answered.
    assert (await read(world, event))["next_step"]["at"] == "2026-11-18T16:00:00Z"


async def test_a_deadline_that_is_resumed_has_no_answer_any_more(world: World) -> None:
    event = await an_overdue_deadline(world)
    await acknowledge(world, event)
    await world.hears(paused(event))
    await world.hears(resumed(event, due=world.clock() + timedelta(hours=1), generation=2))
    assert (await read(world, event))["acknowledgement"] is None
    world.clock.move(hours=1)
    await world.settles()
    assert world.mailed() == ["anna@example.org", "anna@example.org"]


async def test_a_generation_that_is_announced_again_leaves_the_answer(world: World) -> None:
    event = await an_overdue_deadline(world)
    await acknowledge(world, event)
    await world.hears(event)
    shown = await read(world, event)
    assert (shown["acknowledgement"]["in_force"], shown["next_step"]["at"]) == (True, at(ACKNOWLEDGED_UNTIL))


async def test_a_delivery_that_was_answered_is_not_sent_again(world: World) -> None:
    event = await an_overdue_deadline(world)
    await acknowledge(world, event)
    (delivery,) = await world.rows("SELECT id FROM delivery")
    answer = await world.client().post(f"/v1/deliveries/{delivery.id}/redeliver")
    assert (answer.status_code, code(answer)) == (409, "nothing-to-redeliver")


async def test_a_deadline_that_was_set_before_there_were_answers_has_the_usual_bounds(world: World) -> None:
    event = await an_overdue_deadline(world)
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE deadline SET ladder = ladder - 'answers'")
    answer = (await acknowledge(world, event)).json()
    assert (answer["acknowledgement"]["until"], answer["snoozes_left"]) == (at(ACKNOWLEDGED_UNTIL), 2)


async def test_the_auditor_finds_nothing_wrong_with_a_step_that_waits_longer(world: World) -> None:
    event = await an_overdue_deadline(world)
    await snooze(world, event, LATEST)
    world.clock.now = LATEST - timedelta(minutes=1)
    assert await findings(world) == dict.fromkeys(Finding, 0)


async def test_the_list_of_deadlines_shows_answers_too(world: World) -> None:
    event = await an_overdue_deadline(world)
    await acknowledge(world, event)
    (listed,) = (await world.client("anna").get("/v1/deadlines")).json()["items"]
    assert listed == await read(world, event)


async def test_mail_and_webhook_tell_the_owner_where_to_acknowledge_and_everybody_where_to_read(
    world: World, receiver: Receiver
) -> None:
    await world.people()
    for each in (
        Details(id="anna", name="Anna", email="anna@example.org", manager="mo", webhook_url=receiver.url),
        Details(id="mo", name="Mo", email="mo@example.org", webhook_url=receiver.url),
    ):
        await world.people(each)
    event = a_deadline()
    await world.hears(event)
    world.clock.move(hours=1)
    await world.settles()
    world.clock.now = MANAGER
    await world.settles()
    own, managers = (text_of(mail).splitlines() for mail in world.mailbox.mails)
    assert f"  What comes next: {path(event)}" in own
    assert f"  To say that you are on it: POST {path(event)}/acknowledge (If-Match: *)" in own
    assert f"  What comes next: {path(event)}" in managers
    assert not [line for line in managers if "POST" in line]
    told = [notice for post in receiver.posts for notice in post.notices]
    assert [(each["deadline"], each["acknowledge"]) for each in told] == [
        (path(event), f"{path(event)}/acknowledge"),
        (path(event), None),
    ]
    html = world.mailbox.mails[0].get_body(("html",))
    assert html is not None
    assert f"POST {path(event)}/acknowledge" in html.get_content()
