"""Capa tells again what stands in its records, so that those who know it are changed by nothing of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from capa.domain.action import Action
from capa.domain.policy import Assignment
from capa.usecases.announce_again import SECTIONS, AnnounceAgain
from capa.usecases.assign_action import AssignAction
from capa.usecases.cancel_action import CancelAction
from capa.usecases.change_due import ChangeDue
from capa.usecases.complete_action import CompleteAction
from capa.usecases.reassign_action import ReassignAction
from capa.usecases.step import Target
from events.again import Part, Place, UnknownPlace
from events.contracts.capa import ActionAssignedV1, ActionDueChangedV1, NonconformityLinkedV1, TriageDecidedV1
from events.contracts.deadline import DeadlineSetV1
from events.envelope import Event
from tests.capa.world import ANNA, World, a_complaint
from worktime.durations import parse_duration


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
    return await CompleteAction(world.take_step)(target, evidence="QM-1", completed_at=None, cause=ANNA)


async def cancel(world: World, target: Target) -> Action:
    return await CancelAction(world.take_step)(target, reason="raised in error", cause=ANNA)


async def told_again(world: World, section: str, **changes: Any) -> Sequence[Event[Any]]:
    announce = AnnounceAgain(world.start_work, world.clock, world.announcer, world.core.case_announcer)
    part = Part(place=Place(section), since=None, records=100, dry_run=True)
    return (await announce(replace(part, **changes))).events


OWNED: list[tuple[Sequence[Callable[..., Any]], list[tuple[str, int]]]] = [
    ((), [("action.assigned.v1", 1), ("deadline.set.v1", 1)]),
    ((reassign, change_due), [("action.assigned.v1", 3), ("deadline.set.v1", 3)]),
    ((complete,), [("action.assigned.v1", 1), ("action.completed.v1", 2), ("deadline.met.v1", 2)]),
    ((reassign, cancel), [("action.assigned.v1", 2), ("action.cancelled.v1", 3), ("deadline.voided.v1", 3)]),
]
OF_A_TEAM: list[tuple[Sequence[Callable[..., Any]], list[tuple[str, int]]]] = [
    ((), [("deadline.set.v1", 1)]),
    ((assign,), [("action.assigned.v1", 2), ("deadline.set.v1", 2)]),
    ((change_due,), [("action.due_changed.v1", 2), ("deadline.set.v1", 2)]),
    ((cancel,), [("action.cancelled.v1", 2), ("deadline.voided.v1", 2)]),
    (
        (change_due, cancel),
        [("action.due_changed.v1", 2), ("action.cancelled.v1", 3), ("deadline.voided.v1", 3)],
    ),
]


async def check(
    world: World, steps: Sequence[Callable[..., Any]], expected: Sequence[tuple[str, int]]
) -> None:
    action = await world.an_action()
    for step in steps:
        world.clock.forward(minutes=5)
        action = await step(world, Target(action.id, None))
    told = {event.type: event.data for event in await world.announced()}
    again = await told_again(world, "actions")
    assert [(event.type.removeprefix("redress."), event.version) for event in again] == list(expected)
    for event in again:
        if event.type in told and event.type != ActionAssignedV1.type:
            assert event.data == told[event.type]
    assert {event.key for event in again} == {str(action.parent_id)}
    assert {event.correlation_id for event in again} == {action.correlation_id}


@pytest.mark.parametrize(("steps", "expected"), OWNED)
async def test_an_action_is_told_as_it_stands_and_what_was_before_its_end_as_older(
    world: World, steps: Sequence[Callable[..., Any]], expected: list[tuple[str, int]]
) -> None:
    await check(world, steps, expected)


@pytest.mark.parametrize(("steps", "expected"), OF_A_TEAM)
async def test_an_action_of_a_team_alone_is_told_without_an_owner(
    world: World, steps: Sequence[Callable[..., Any]], expected: list[tuple[str, int]]
) -> None:
    world.policy = replace(world.policy, assignments=(Assignment(owner=None, team="cards"),))
    await check(world, steps, expected)


async def test_a_moved_due_time_is_told_with_where_it_was(world: World) -> None:
    world.policy = replace(world.policy, assignments=(Assignment(owner=None, team="cards"),))
    given = await world.an_action()
    for due in ("3wd", "4wd"):
        step = ChangeDue(world.take_step, world.policy)
        await step(Target(given.id, None), due=parse_duration(due), reason="supplier", cause=ANNA)
    moved, deadline = await told_again(world, "actions")
    assert isinstance(moved.data, ActionDueChangedV1)
    assert isinstance(deadline.data, DeadlineSetV1)
    assert moved.data.original_due_at == given.due.at
    assert given.due.at < moved.data.previous_due_at < moved.data.due_at == deadline.data.due_at
    assert (moved.data.reason, deadline.data.generation) == ("supplier", 3)


async def test_decisions_and_links_are_told_with_the_nonconformity_that_they_led_to(world: World) -> None:
    first, second = a_complaint(), a_complaint(number="C-10024")
    await world.triage(first)
    await world.triage(second)
    told = [event.data for event in await world.announced()]
    decisions = [event.data for event in await told_again(world, "decisions")]
    assert decisions == [data for data in told if isinstance(data, TriageDecidedV1)]
    (link,) = await told_again(world, "links")
    assert [link.data] == [data for data in told if isinstance(data, NonconformityLinkedV1)]
    assert link.version == 2
    (raised,) = await told_again(world, "nonconformities")
    assert (raised.version, raised.data.complaint_id) == (2, first.id)


@pytest.mark.parametrize("section", [each for each in SECTIONS if each not in {"cases", "signals"}])
async def test_only_what_changed_since_is_told_where_that_is_asked(world: World, section: str) -> None:
    for number in range(2):
        await world.triage(a_complaint(number=f"C-{number}", product="old"))
    since = world.clock.forward(days=1)
    for number in range(2):
        await world.triage(a_complaint(number=f"C-2{number}", product="new"))
    whole, late = await told_again(world, section), await told_again(world, section, since=since)
    assert (len(whole), len(late)) == (len(whole), len(whole) // 2)
    assert {event.id for event in late}.isdisjoint(event.id for event in whole)
    assert {event.key for event in late} < {event.key for event in whole}


@pytest.mark.parametrize("place", ["nowhere", "actions:7", "links:01a205d4-ab34-775d-874b-7cf4fe00a4c7"])
async def test_a_place_that_does_not_exist_is_refused(world: World, place: str) -> None:
    with pytest.raises(UnknownPlace):
        await told_again(world, "actions", place=Place.parse(place))
