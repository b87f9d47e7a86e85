"""Steps of actions on a real database, and what is told about them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from capa.domain.action import Action, Step
from capa.domain.errors import ActionMissing, StepNotPossible
from capa.usecases.assign_action import AssignAction
from capa.usecases.cancel_action import CancelAction
from capa.usecases.change_due import ChangeDue
from capa.usecases.complete_action import CompleteAction
from capa.usecases.reassign_action import ReassignAction
from capa.usecases.step import Target
from common import history
from common.ids import new_id
from common.refusals import Stale
from tests.capa.world import ANNA, World
from worktime.durations import parse_duration

Take = Callable[[World, Target], Awaitable[Action]]


async def assign(world: World, target: Target) -> Action:
    return await AssignAction(world.take_step)(target, owner="bert", team=None, reason="", cause=ANNA)


async def reassign(world: World, target: Target) -> Action:
    return await ReassignAction(world.take_step)(
        target, owner="bert", team="cards", reason="on leave", cause=ANNA
    )


async def change_due(world: World, target: Target) -> Action:
    step = ChangeDue(world.take_step, world.policy)
    return await step(target, due=parse_duration("3wd"), reason="supplier", cause=ANNA)


async def complete(world: World, target: Target) -> Action:
    return await CompleteAction(world.take_step)(
        target, evidence="done, see QM-1", completed_at=None, cause=ANNA
    )


async def cancel(world: World, target: Target) -> Action:
    return await CancelAction(world.take_step)(target, reason="raised in error", cause=ANNA)


TOLD = {
    Step.REASSIGN: (reassign, ["action.reassigned.v1", "deadline.set.v1"]),
    Step.CHANGE_DUE: (change_due, ["action.due_changed.v1", "deadline.set.v1"]),
    Step.COMPLETE: (complete, ["action.completed.v1", "deadline.met.v1"]),
    Step.CANCEL: (cancel, ["action.cancelled.v1", "deadline.voided.v1"]),
}


@pytest.mark.parametrize("step", list(TOLD))
async def test_a_step_is_told_and_then_what_it_means_for_the_deadline(world: World, step: Step) -> None:
    take, types = TOLD[step]
    action = await world.an_action()
    moved = await take(world, Target(action.number, 1))
    told = await world.announced()
    assert [each.type.removeprefix("redress.") for each in told] == types
    assert {(each.key, each.subject, each.version) for each in told} == {
        (str(action.parent_id), str(action.id), moved.version)
    }
    assert {(each.actor, each.correlation_id) for each in told} == {("person:anna", action.correlation_id)}
    assert told[1].data.generation == moved.generation


@pytest.mark.parametrize(("team", "kept"), [(None, "credit"), ("cards", "cards")])
async def test_a_reassignment_moves_the_team_only_where_one_is_named(
    world: World, team: str | None, kept: str
) -> None:
    action = await world.an_action()
    moved = await ReassignAction(world.take_step)(
        Target(action.id, None), owner="bert", team=team, reason="on leave", cause=ANNA
    )
    told, deadline = (each.data for each in await world.announced())
    stored = (await world.records.action(action.id)).action
    assert (moved.owner, moved.team, stored.team) == ("bert", kept, kept)
    assert (told.team, deadline.team) == (kept, kept)


async def test_a_new_owner_gets_a_deadline_of_a_higher_generation_with_the_same_due_instant(
    world: World,
) -> None:
    action = await world.an_action()
    await reassign(world, Target(action.id, None))
    told, deadline = (each.data for each in await world.announced())
    assert (told.previous_owner, told.owner, told.team) == ("credit.team", "bert", "cards")
    assert (deadline.owner, deadline.generation, deadline.due_at) == ("bert", 2, action.due.at)


async def test_a_duration_is_counted_from_the_change_in_the_calendar(world: World) -> None:
    action = await world.an_action()
    world.clock.forward(days=1)
    moved = await change_due(world, Target(action.id, None))
    told, deadline = (each.data for each in await world.announced())
    # Three working days after Tuesday is Friday, 17:00 in Berlin.
    assert moved.due.at.isoformat() == "2026-03-06T16:00:00+00:00"
    assert (told.previous_due_at, told.original_due_at, told.due_at) == (
        action.due.at,
        action.due.at,
        moved.due.at,
    )
    assert (deadline.generation, deadline.explanation["due"]["utc"]) == (2, "2026-03-06T16:00:00Z")


async def test_an_instant_chosen_by_a_person_is_explained_as_such(world: World) -> None:
    action = await world.an_action()
    at = action.due.at + timedelta(hours=5)
    await ChangeDue(world.take_step, world.policy)(
        Target(action.id, None), due=at, reason="agreed", cause=ANNA
    )
    deadline = (await world.announced())[1].data
    assert (deadline.due_at, deadline.explanation["rule"]) == (at, "set by hand to this instant")


@pytest.mark.parametrize(("hours", "verdict"), [(1, "early"), (1_000, "late")])
async def test_completion_is_early_or_late_by_its_own_time(world: World, hours: int, verdict: str) -> None:
    action = await world.an_action()
    at = world.clock.forward(hours=hours)
    await complete(world, Target(action.id, None))
    done, met = (each.data for each in await world.announced())
    assert [done.punctuality, met.punctuality, met.met_at, met.due_at] == [
        verdict,
        verdict,
        at,
        action.due.at,
    ]


async def test_an_action_of_a_team_is_assigned_once_and_reassigned_after(world: World) -> None:
    action = await world.an_action()
    await world.run("UPDATE action SET owner = NULL")
    assigned = await assign(world, Target(action.id, None))
    assert [each.type for each in await world.announced()] == [
        "redress.action.assigned.v1",
        "redress.deadline.set.v1",
    ]
    assert (assigned.owner, assigned.team, assigned.generation) == ("bert", "credit", 2)
    with pytest.raises(StepNotPossible):
        await assign(world, Target(action.id, None))


@pytest.mark.parametrize("take", [complete, cancel])
async def test_a_refused_step_changes_and_tells_nothing(world: World, take: Take) -> None:
    action = await world.an_action()
    await complete(world, Target(action.id, None))
    before = (await world.records.action(action.id), len(await world.announced()))
    with pytest.raises(StepNotPossible):
        await take(world, Target(action.id, None))
    assert (await world.records.action(action.id), len(await world.announced())) == before


async def test_who_read_an_older_version_is_told_the_current_one(world: World) -> None:
    action = await world.an_action()
    await reassign(world, Target(action.id, 1))
    with pytest.raises(Stale) as refusal:
        await complete(world, Target(action.id, 1))
    assert refusal.value.current == 2


async def test_of_two_steps_at_once_on_the_same_version_one_is_taken(world: World) -> None:
    action = await world.an_action()
    outcomes = await asyncio.gather(
        complete(world, Target(action.id, 1)), cancel(world, Target(action.id, 1)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Action", "Stale"]


async def test_history_keeps_each_step_with_its_actor_and_reason_and_the_chain_holds(world: World) -> None:
    action = await world.an_action()
    for take in (reassign, change_due, complete):
        await take(world, Target(action.id, None))
    entries = (await world.records.action_history(action.number, None, 10)).items
    assert [(entry.action, entry.actor, entry.reason) for entry in entries] == [
        ("given", "service:capa", "by the triage policy"),
        ("reassigned", "person:anna", "on leave"),
        ("due_changed", "person:anna", "supplier"),
        ("completed", "person:anna", ""),
    ]
    assert entries[1].changes == {
        "owner": {"from": "credit.team", "to": "bert"},
        "team": {"from": "credit", "to": "cards"},
    }
    assert entries[3].changes["evidence"] == "done, see QM-1"
    assert history.first_break(entries) is None


async def test_a_tampered_line_of_history_is_found(world: World) -> None:
    action = await world.an_action()
    await complete(world, Target(action.id, None))
    await world.run("UPDATE history SET actor = 'person:mallory' WHERE position = 2")
    entries = (await world.records.action_history(action.id, None, 10)).items
    assert history.first_break(entries) == 2


async def test_an_action_that_does_not_exist_is_refused(world: World) -> None:
    for reference in (new_id(), "A-77"):
        with pytest.raises(ActionMissing):
            await complete(world, Target(reference, None))
