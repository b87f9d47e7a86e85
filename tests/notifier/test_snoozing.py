"""A snooze is bounded, and neither answer postpones what is with others or critical."""

from datetime import timedelta

from events.contracts.words import Severity
from tests.notifier.answers import (
    LATEST,
    MANAGER,
    TUESDAY,
    acknowledge,
    an_overdue_deadline,
    at,
    code,
    read,
    snooze,
)
from tests.notifier.world import NOON, World, a_deadline


async def test_a_snooze_moves_the_next_step_to_the_instant_and_says_who_asked_and_why(world: World) -> None:
    event = await an_overdue_deadline(world)
    until = MANAGER + timedelta(hours=20)
    answer = (await snooze(world, event, until)).json()
    assert (answer["snooze"]["by"], answer["snooze"]["reason"]) == (
        "person:anna",
        "the supplier delivers tomorrow",
    )
    assert (answer["snoozes_left"], answer["next_step"]["at"]) == (1, at(until))
    world.clock.now = until - timedelta(seconds=10)
    await world.settles()
    assert world.mailed() == ["anna@example.org"]
    world.clock.now = until
    await world.settles()
    assert world.mailed() == ["anna@example.org", "mo@example.org"]
    (told,) = [each for each in await world.told() if "snoozed" in each.type]
    said = told.data.model_dump()
    assert (said["until"], said["next_step"], said["next_at"]) == (until, "overdue-manager", until)


async def test_a_snooze_without_a_reason_is_refused(world: World) -> None:
    event = await an_overdue_deadline(world)
    answers = [await snooze(world, event, LATEST, reason=reason) for reason in (None, "  ")]
    assert [(each.status_code, each.json()["errors"][0]["pointer"]) for each in answers] == [
        (422, "/reason")
    ] * 2


async def test_a_snooze_lies_between_the_next_step_and_the_bound_after_the_due_instant(
    world: World,
) -> None:
    event = await an_overdue_deadline(world)
    too_early = await snooze(world, event, MANAGER)
    too_late = await snooze(world, event, LATEST + timedelta(seconds=1))
    for answer, said in ((too_early, "too_early"), (too_late, "too_late")):
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"], error["code"]) == (422, "/until", said)
        assert MANAGER.isoformat() in error["fix"]
        assert LATEST.isoformat() in error["fix"]
    assert (await read(world, event))["snoozes_left"] == 2
    assert (await snooze(world, event, LATEST)).status_code == 200
    further = await snooze(world, event, LATEST + timedelta(minutes=1))
    assert (further.status_code, code(further)) == (409, "nothing-to-snooze")


async def test_snoozes_are_used_up(world: World) -> None:
    event = await an_overdue_deadline(world)
    answers = [await snooze(world, event, MANAGER + timedelta(hours=hours)) for hours in (1, 2, 3)]
    assert [each.status_code for each in answers] == [200, 200, 409]
    assert code(answers[-1]) == "snoozes-used-up"
    assert (await read(world, event))["next_step"]["at"] == at(MANAGER + timedelta(hours=2))


async def test_a_snooze_and_an_acknowledgement_together_move_no_step_past_the_bound(world: World) -> None:
    event = await an_overdue_deadline(world)
    await snooze(world, event, LATEST - timedelta(hours=1))
    world.clock.now = LATEST - timedelta(hours=2)
    answer = (await acknowledge(world, event)).json()
    assert answer["acknowledgement"]["postponed_to"] == at(LATEST)
    world.clock.now = LATEST
    await world.settles()
    assert world.mailed()[-1] == "mo@example.org"


async def test_once_the_manager_was_told_nothing_is_postponed_any_more(world: World) -> None:
    event = await an_overdue_deadline(world, ladder="reminding")
    world.clock.now = MANAGER
    await world.settles()
    top = NOON.replace(day=19, hour=16)
    refused = await snooze(world, event, top + timedelta(minutes=1))
    assert (refused.status_code, code(refused)) == (409, "already-escalated")
    world.clock.now = top - timedelta(hours=1)
    answer = (await acknowledge(world, event)).json()
    assert (answer["acknowledgement"]["step"], answer["acknowledgement"]["postponed_step"]) == (
        "overdue-manager",
        None,
    )
    world.clock.now = top
    await world.settles()
    assert world.mailed() == ["anna@example.org", "mo@example.org", "top@example.org"]


async def test_where_the_owner_could_not_be_reached_and_another_was_told_nothing_is_postponed(
    world: World,
) -> None:
    await world.people()
    world.mailbox.rcpt_answers["anna@example.org"] = "550 no such user"
    event = a_deadline()
    await world.hears(event)
    world.clock.move(hours=1)
    await world.settles()
    world.clock.now = TUESDAY
    assert code(await snooze(world, event, LATEST)) == "already-escalated"
    answer = (await acknowledge(world, event)).json()
    assert answer["acknowledgement"]["postponed_step"] is None


async def test_what_nobody_owns_is_acknowledged_for_nobody_and_not_postponed(world: World) -> None:
    event = await an_overdue_deadline(world, owner=None)
    assert code(await acknowledge(world, event)) == "not-the-owner"
    answer = (await acknowledge(world, event, "quinn", reason="I look for an owner")).json()
    assert (answer["acknowledgement"]["for_owner"], answer["next_step"]["at"]) == (None, at(MANAGER))
    assert code(await snooze(world, event, LATEST, "quinn")) == "already-escalated"


async def test_what_is_critical_is_acknowledged_and_postponed_by_nothing(world: World) -> None:
    event = await an_overdue_deadline(world, severity=Severity.CRITICAL)
    assert code(await snooze(world, event, LATEST)) == "critical-not-snoozed"
    answer = (await acknowledge(world, event)).json()
    assert (answer["acknowledgement"]["postponed_step"], answer["next_step"]["at"]) == (None, at(MANAGER))
    world.clock.now = MANAGER
    await world.settles()
    assert world.mailed()[-1] == "mo@example.org"


async def test_a_ladder_without_a_next_step_has_nothing_to_postpone(world: World) -> None:
    event = await an_overdue_deadline(world, ladder="owner-only")
    assert code(await snooze(world, event, LATEST)) == "snoozes-used-up"
    answer = (await acknowledge(world, event)).json()
    assert (answer["acknowledgement"]["in_force"], answer["next_step"]) == (True, None)
