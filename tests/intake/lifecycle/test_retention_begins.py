"""Retention begins where the work on a complaint ends, and counts anew once it was taken up again."""

import pytest

from intake.domain.complaint import ENDED, State
from intake.domain.lifecycle.steps import RULES
from intake.settings import load_retention
from tests.intake.lifecycle.desk import ANSWERED, Desk
from tests.intake.test_retention import apply
from tests.intake.world import CONFIG, World

OVER = ENDED | {State.LINKED}
"""Where a complaint may stay for good."""
WAYS: dict[State, tuple[tuple[str, ...], ...]] = {
    State.RECEIVED: ((), ("withdraw", "reopen")),
    State.ASSESSED: (("assess",), ("assess", "reject", "overrule-rejection"), ("assess", "link", "reopen")),
    State.INVESTIGATING: (ANSWERED[:-1], (*ANSWERED, "customer-rejects")),
    State.RESPONDED: (ANSWERED,),
    State.CLOSED: ((*ANSWERED, "customer-accepts", "close"),),
    State.NOT_A_COMPLAINT: (("reject",), ("assess", "reject")),
    State.LINKED: (("link",), ("link", "acknowledge"), ("assess", "link")),
    State.REFERRED: ((*ANSWERED, "refer"),),
    State.WITHDRAWN: (("withdraw",), (*ANSWERED, "withdraw"), ("link", "withdraw")),
}
CASES = [(state, steps) for state, ways in WAYS.items() for steps in ways]


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def test_what_ends_and_what_resumes_is_what_the_table_of_steps_says() -> None:
    policy = load_retention(CONFIG)

    assert policy.ends == {
        rule.fact.verb for rule in RULES.values() if rule.leads_to & OVER and rule.fact.verb != "responded"
    }
    assert policy.resumes == {
        rule.fact.verb for rule in RULES.values() if rule.leads_to and rule.states <= OVER
    }


def test_every_state_is_walked_to() -> None:
    assert set(WAYS) == set(State)


async def test_the_time_of_what_has_ended_begins_and_of_nothing_that_is_worked_on(
    desk: Desk,
) -> None:
    master = await desk.receive()
    reached: dict[str, State] = {}
    for state, steps in CASES:
        number = await desk.receive()
        await desk.triaged(number)
        for step in steps:
            who = "quality" if step in {"close", "overrule-rejection"} else "owner"
            told = {"master": master} if step == "link" else {}
            await desk.take(number, step, who=who, **told)
            desk.world.clock.move(seconds=1)
        assert (await desk.read(number))["state"] == state, steps
        reached[number] = state
    desk.world.clock.move(days=29)
    assert await apply(desk.world) == []

    desk.world.clock.move(days=2)
    erased = await apply(desk.world)

    assert [number for number, outcome in erased if outcome != "erased"] == []
    assert {number for number, _ in erased} == {number for number, state in reached.items() if state in OVER}


async def test_the_time_counts_from_the_last_end(desk: Desk) -> None:
    number = await desk.receive()
    await desk.take(number, "withdraw")
    desk.world.clock.move(days=20)
    await desk.take(number, "reopen", "reject")

    desk.world.clock.move(days=20)
    assert await apply(desk.world) == []
    desk.world.clock.move(days=11)
    assert await apply(desk.world) == [(number, "erased")]
