"""Complaints triaged together: what comes out is what would come out one after another."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from capa.domain.complaint import Complaint
from capa.domain.severity import Severity
from capa.domain.triage import Outcome
from capa.usecases.reading import NonconformityFilter
from common import history
from events.codec import encode
from events.delivery import Claim
from tests.capa.test_triage_complaint import received
from tests.capa.world import MONDAY, World, a_complaint


def many(count: int, seed: int = 7) -> list[Complaint]:
    """Complaints of few pairs, of all severities, some of them received months apart."""
    random = Random(seed)  # noqa: S311  (a story to be told again needs no secrecy)
    return [
        a_complaint(
            random.choice(list(Severity)),
            number=f"C-{nth}",
            product=random.choice(["loan", "card"]),
            category=random.choice(["fees", "fraud"]),
            received_at=MONDAY - timedelta(days=random.choice([0, 0, 1, 29, 45, 80])),
            historical=random.random() < 0.1,
        )
        for nth in range(count)
    ]


async def what_came_out(world: World) -> Any:
    """All that triage wrote, without the identifiers that are new for each run."""
    decisions = await world.run(
        "SELECT c.number, d.outcome, d.rule, d.explanation, n.number FROM triage_decision d"
        " JOIN complaint c ON c.id = d.complaint_id LEFT JOIN nonconformity n ON n.id = d.nonconformity_id"
        " ORDER BY c.number"
    )
    standing = await world.run(
        "SELECT n.number, n.severity, n.complaints, n.version, n.anchor_at, a.number, a.title, a.due_at"
        " FROM nonconformity n JOIN action a ON a.parent_id = n.id ORDER BY n.number"
    )
    lines = await world.run(
        "SELECT n.number, h.position, h.action, h.changes - 'complaint_id', h.reason"
        " FROM history h JOIN nonconformity n ON n.id = h.thing_id ORDER BY n.number, h.position"
    )
    told = [(each.type, each.version) for each in await world.announced()]
    counted = await world.run("SELECT sequence FROM outbox ORDER BY position")
    return told, *(list(map(tuple, rows)) for rows in (decisions, standing, lines, counted))


async def test_a_group_comes_out_as_its_complaints_do_one_after_another(
    world: World, another_world: World
) -> None:
    complaints = many(60)
    singly = [await world.triage(complaint) for complaint in complaints]
    together = await another_world.triage_together(complaints)
    assert {*together} == {*Outcome}
    assert together == singly
    assert await what_came_out(another_world) == await what_came_out(world)


async def test_a_group_goes_on_from_what_was_decided_before(world: World, another_world: World) -> None:
    complaints = many(60, seed=11)
    for complaint in complaints:
        await world.triage(complaint)
    for start in range(0, 60, 7):
        await another_world.triage_together(complaints[start : start + 7])
    assert await what_came_out(another_world) == await what_came_out(world)


async def test_complaints_of_one_pair_that_come_together_are_linked_to_the_first(world: World) -> None:
    complaints = [
        a_complaint(severity, number=f"C-{nth}")
        for nth, severity in enumerate((Severity.MAJOR, Severity.MINOR, Severity.CRITICAL))
    ]
    outcomes = await world.triage_together(complaints)
    (nonconformity,) = (await world.records.nonconformities(NonconformityFilter(), None, 10)).items
    entries = (await world.records.nonconformity_history("NC-1001", None, 10)).items
    assert outcomes == [Outcome.RAISED, Outcome.LINKED, Outcome.LINKED]
    assert (nonconformity.complaints, nonconformity.version, nonconformity.severity) == (
        3,
        3,
        Severity.CRITICAL,
    )
    assert [entry.action for entry in entries] == ["raised", "complaint_linked", "complaint_linked"]
    assert history.first_break(entries) is None


async def test_no_number_is_taken_for_nothing(world: World) -> None:
    await world.triage_together(many(30))
    await world.triage_together(many(30, seed=8))
    numbers = await world.run("SELECT number FROM nonconformity")
    assert sorted(row.number for row in numbers) == [f"NC-{1001 + nth}" for nth in range(len(numbers))]


async def test_a_complaint_that_comes_twice_in_a_group_has_its_one_decision(world: World) -> None:
    complaint = a_complaint()
    assert await world.triage_together([complaint, complaint]) == [Outcome.RAISED, None]
    assert (await world.number_of("triage_decision"), await world.number_of("inbox")) == (1, 2)


async def test_groups_side_by_side_with_the_same_pairs_neither_deadlock_nor_raise_twice(
    world: World,
) -> None:
    # Each group holds every pair, in an order of its own: without one order of locks they would wait in a circle.
    products = [f"product-{nth}" for nth in range(12)]
    groups = []
    for seed in range(6):
        Random(seed).shuffle(products)  # noqa: S311  (an order to be had again needs no secrecy)
        groups.append([a_complaint(product=product) for product in products])
    await asyncio.gather(*(world.triage_together(group) for group in groups))
    page = await world.records.nonconformities(NonconformityFilter(), None, 100)
    assert [(item.complaints, item.version) for item in page.items] == [(6, 6)] * 12
    deadlocks = await world.run("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    assert deadlocks[0].deadlocks == 0


async def test_the_consumer_hands_over_what_waits_as_one_group(world: World) -> None:
    await world.consume(*(encode(received(complaint), "redress.intake") for complaint in many(20)))
    written = await world.run("SELECT count(DISTINCT CAST(xmin AS text)) FROM triage_decision")
    assert (await world.number_of("triage_decision"), written[0][0]) == (20, 1)


async def test_one_event_that_cannot_be_handled_never_delays_its_neighbours(world: World) -> None:
    complaints = [a_complaint(number=f"C-{nth}", product=f"product-{nth}") for nth in range(5)]
    told = [encode(received(complaint), "redress.intake") for complaint in complaints]
    told[2] = replace(told[2], value=told[2].value.replace(b'"major"', b'"of a newer release"'))
    await world.consume(*told)
    decided = await world.run("SELECT number FROM complaint ORDER BY number")
    aside = await world.run("SELECT key, state, reason FROM parked")
    assert [row.number for row in decided] == ["C-0", "C-1", "C-3", "C-4"]
    assert list(map(tuple, aside)) == [(str(complaints[2].id), "dead", "unknown_severity")]


async def test_what_was_seen_is_left_out_of_a_group_and_the_rest_is_decided(world: World) -> None:
    told = [received(complaint) for complaint in many(10)]
    assert await world.hear(told[4]) is Claim.NEW
    await world.consume(*(encode(event, "redress.intake") for event in told))
    assert (await world.number_of("triage_decision"), await world.number_of("parked")) == (10, 0)


async def test_a_group_that_fails_leaves_nothing_behind(world: World) -> None:
    # A constraint that fails after the decisions were written stands for any failure in the transaction.
    await world.run("ALTER TABLE outbox ADD CONSTRAINT none CHECK (false)")
    with pytest.raises(sa.exc.IntegrityError):
        await world.triage_together(many(5))
    tables: Sequence[str] = ("complaint", "triage_decision", "nonconformity", "action", "history", "inbox")
    assert [await world.number_of(table) for table in tables] == [0] * 6
