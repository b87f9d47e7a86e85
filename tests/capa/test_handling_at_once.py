"""Deadlines that one event tells: each counts as it would if it were told alone."""

from collections.abc import Sequence
from typing import Any

import httpx

from events.contracts.deadline import DeadlineSetV1, DeadlinesSetV1, EachDeadline
from events.envelope import Event
from tests.capa.test_handling import ACKNOWLEDGE, Told, a_handled_complaint, day, figures, hear, of
from tests.capa.world import World, an_event


def a_new_complaint() -> Told:
    """To be acknowledged within two days and answered within twenty, and nobody does."""
    return Told().clock("set", 0, 2, **ACKNOWLEDGE, original_due_at=day(2)).clock("set", 0, 20)


def at_once(told: Told) -> list[Event[Any]]:
    """The events of a complaint, with the deadlines that were set first in one."""
    sets = [
        event for event in told.events if isinstance(event.data, DeadlineSetV1) and event.data.generation == 1
    ]
    first = sets[0].data
    data = DeadlinesSetV1(
        subject_kind=first.subject_kind,
        subject_id=first.subject_id,
        severity=first.severity,
        link=first.link,
        deadlines=tuple(
            EachDeadline(**{name: getattr(event.data, name) for name in EachDeadline.model_fields})
            for event in sets
        ),
    )
    place = told.events.index(sets[0])
    rest = [event for event in told.events if event not in sets]
    return [*rest[:place], an_event(data, key=told.id, version=1, at=day(told.received)), *rest[place:]]


async def kept(world: World) -> Sequence[Any]:
    """Each deadline on record, whatever complaint it is of."""
    rows = await world.run(
        "SELECT to_jsonb(complaint_deadline) - 'complaint_id' AS deadline FROM complaint_deadline"
        " ORDER BY clock, ordinal, complaint_id"
    )
    return [row.deadline for row in rows]


async def test_deadlines_told_at_once_are_kept_and_counted_as_those_told_alone(
    world: World, client: httpx.AsyncClient
) -> None:
    await hear(world, a_new_complaint().events)
    alone = await kept(world)
    assert [each["clock"] for each in alone] == ["acknowledge", "final-response"]
    await hear(world, at_once(a_new_complaint()))
    assert await kept(world) == [each for each in alone for _ in range(2)]
    await hear(world, at_once(a_handled_complaint()))
    world.clock.now = day(35)
    handling = (await figures(client))["handling"]
    assert of(handling["acknowledged_on_time"]) == (1, 3)
    assert (of(handling["responded_on_time"]), of(handling["overdue"])) == ((1, 3), (2, 2))


async def test_the_deadlines_of_an_event_are_claimed_once_and_those_that_count_are_kept(world: World) -> None:
    received, several = at_once(a_new_complaint().clock("set", 0, 5, clock="update", kind="update"))
    await hear(world, [received, several])
    await hear(world, [several])
    assert [each["clock"] for each in await kept(world)] == ["acknowledge", "final-response"]
    assert await world.number_of("inbox") == 2, "the receipt and all of the deadlines, each once"


async def test_a_later_generation_that_was_told_before_stands(world: World) -> None:
    told = Told().clock("set", 0, 20).clock("set", 0, 2, **ACKNOWLEDGE, original_due_at=day(2))
    received, several = at_once(told)
    told.clock("resumed", 14, 24, generation=2)
    await hear(world, [received, told.events[-1]])
    await hear(world, [several])
    found = {each["clock"]: each["generation"] for each in await kept(world)}
    assert found == {"acknowledge": 1, "final-response": 2}


async def test_several_clocks_of_which_none_counts_here_are_not_remembered(world: World) -> None:
    told = Told().clock("set", 0, 5, kind="update").clock("set", 0, 5, clock="assess", kind="assess")
    await hear(world, at_once(told))
    assert await kept(world) == []
    assert await world.number_of("inbox") == 1


async def test_receipts_with_their_deadlines_share_one_transaction(world: World) -> None:
    events = [event for _ in range(4) for event in at_once(a_new_complaint())]
    await hear(world, events)
    (row,) = await world.run("SELECT count(DISTINCT xmin::text) AS writers FROM complaint_deadline")
    assert (row.writers, await world.number_of("complaint_deadline")) == (1, 8)
