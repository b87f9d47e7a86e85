"""The gauges of what is open, and the groups by which they tell it."""

from datetime import timedelta
from typing import Any

import pytest

from capa.db.figures import PostgresFigures
from capa.domain.groups import NONE, OTHER, Groups, groups_of
from capa.domain.severity import Severity
from capa.jobs.gauges import OpenGauges
from events.worker_metrics import WORKER
from tests.capa.world import World, a_complaint, the_policy

GROUPS = groups_of(the_policy())


def value(name: str, **labels: str) -> float | None:
    return WORKER.registry.get_sample_value(name, labels)


def gauges(world: World) -> OpenGauges:
    kept = OpenGauges(PostgresFigures(world.engine), GROUPS, world.clock)
    kept.prepare()
    return kept


async def test_open_actions_are_counted_by_team_and_by_whether_they_are_overdue(world: World) -> None:
    show = gauges(world)
    action = await world.an_action()

    async def counted() -> tuple[float | None, ...]:
        await show()
        return tuple(
            value("actions_open", kind="containment", overdue=overdue, team=team)
            for team in ("credit", "debt")
            for overdue in ("true", "false")
        )

    before = await counted()
    world.clock.now = action.due.at.replace(year=2027)
    assert [before, await counted()] == [(0, 1, 0, 0), (1, 0, 0, 0)]


async def test_open_nonconformities_are_counted_by_severity_and_by_the_products_that_the_policy_names(
    world: World,
) -> None:
    show = gauges(world)
    await world.triage(a_complaint(Severity.CRITICAL, product="credit-card-gold"))
    await world.triage(a_complaint(product="credit-card"))
    await world.triage(a_complaint(product="an-invented-code"))
    await show()
    found = {
        (severity.value, product): value("nonconformities_open", severity=severity.value, product=product)
        for severity in Severity
        for product in GROUPS.products
    }
    assert {labels: number for labels, number in found.items() if number} == {
        ("critical", "credit-card*"): 1,
        ("major", "credit-card*"): 1,
        ("major", OTHER): 1,
    }


@pytest.mark.parametrize(
    ("age", "wanted"),
    [
        (timedelta(), "under_1d"),
        (timedelta(days=1, seconds=1), "1d_to_7d"),
        (timedelta(days=8), "7d_to_30d"),
        (timedelta(days=31), "30d_to_90d"),
        (timedelta(days=91), "over_90d"),
    ],
)
async def test_an_open_nonconformity_moves_from_class_to_class_as_it_grows_old(
    world: World, age: timedelta, wanted: str
) -> None:
    show = gauges(world)
    await world.an_action()
    await show()
    world.clock.now += age
    await show()
    classes = ("under_1d", "1d_to_7d", "7d_to_30d", "30d_to_90d", "over_90d")
    counted = {name: value("nonconformities_open_by_age", severity="major", age=name) for name in classes}
    assert counted == {name: float(name == wanted) for name in classes}
    assert value("nonconformity_oldest_open_age_seconds") == age.total_seconds()


@pytest.mark.parametrize(
    ("product", "team", "groups"),
    [
        ("credit-card", "credit", ("credit-card*", "credit")),
        ("student-loan", "lending", ("*loan*", "lending")),
        ("invented", "invented", (OTHER, OTHER)),
        ("other", None, (OTHER, NONE)),
    ],
)
def test_what_the_policy_does_not_name_is_told_together(
    product: str, team: str | None, groups: tuple[str, str]
) -> None:
    assert (GROUPS.of_product(product), GROUPS.of_team(team)) == groups


def test_at_most_so_many_products_and_teams_are_told_apart() -> None:
    from capa.domain import groups
    from capa.domain.policy import Assignment

    many: Any = the_policy()
    named = tuple(Assignment(owner=None, team=f"t{number}", product=f"p{number}") for number in range(200))
    found: Groups = groups_of(type(many)(**{**_fields(many), "assignments": (*named, *many.assignments)}))
    assert (len(found.products), len(found.teams)) == (groups.MOST + 1, groups.MOST + 2)


def _fields(policy: Any) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in policy.__slots__}
