"""What capa counts of triage and of actions."""

from datetime import timedelta

import httpx
import pytest
from prometheus_client import REGISTRY

from capa.consumers import counters
from capa.domain.groups import OTHER, groups_of
from capa.domain.severity import Severity
from capa.domain.triage import Outcome
from events.worker_metrics import WORKER
from tests.capa.test_api import step
from tests.capa.test_triage_complaint import received
from tests.capa.world import World, a_complaint, the_policy

GROUPS = groups_of(the_policy())


def decided(outcome: str, severity: str, product: str) -> float:
    labels = {"outcome": outcome, "severity": severity, "product": product}
    return WORKER.registry.get_sample_value("triage_decisions_total", labels) or 0.0


def waited(outcome: str) -> tuple[float, float]:
    """How many complaints of major severity were decided about so, and how long they waited together."""
    labels = {"outcome": outcome, "severity": "major"}
    number, seconds = (
        WORKER.registry.get_sample_value(f"complaint_time_to_triage_seconds_{part}", labels) or 0.0
        for part in ("count", "sum")
    )
    return number, seconds


@pytest.mark.parametrize(
    ("product", "group"), [("credit-card-gold", "credit-card*"), ("an-invented-code", OTHER)]
)
async def test_a_decision_is_counted_once_by_severity_and_by_the_product_that_the_policy_names(
    world: World, product: str, group: str
) -> None:
    before = decided("raised", "critical", group)
    event = received(a_complaint(Severity.CRITICAL, product=product))
    for _ in range(2):
        await world.hear(event)
    assert decided("raised", "critical", group) - before == 1


async def test_the_time_to_triage_counts_from_when_the_complaint_reached_the_organisation(
    world: World,
) -> None:
    number, seconds = waited("raised")
    await world.hear(received(a_complaint(received_at=world.clock.now - timedelta(hours=3))))
    assert waited("raised") == (number + 1, seconds + 3 * 3600)


async def test_a_complaint_of_the_past_is_counted_and_its_age_is_no_delay(world: World) -> None:
    before, delay = decided("declined", "major", "credit-card*"), waited("declined")
    past = a_complaint(received_at=world.clock.now - timedelta(days=900), historical=True)
    await world.hear(received(past))
    assert (decided("declined", "major", "credit-card*") - before, waited("declined")) == (1, delay)


async def test_a_completion_is_counted_with_what_it_took_and_whether_it_was_late(
    world: World, client: httpx.AsyncClient
) -> None:
    labels = {"kind": "containment", "severity": "major", "punctuality": "late"}

    def taken() -> float:
        return REGISTRY.get_sample_value("action_cycle_time_seconds_sum", labels) or 0.0

    before = taken()
    await world.an_action()
    world.clock.forward(days=30)
    answer = await step(client, "complete")
    assert (answer.status_code, taken() - before) == (200, timedelta(days=30).total_seconds())


async def test_a_step_that_is_no_completion_has_no_cycle_time(
    world: World, client: httpx.AsyncClient
) -> None:
    def completions() -> float:
        return sum(
            sample.value
            for metric in REGISTRY.collect()
            if metric.name == "action_cycle_time_seconds"
            for sample in metric.samples
            if sample.name.endswith("_count")
        )

    before = completions()
    await world.an_action()
    await step(client, "cancel")
    assert completions() == before


def test_every_decision_stands_at_the_start_for_every_product_that_the_policy_names() -> None:
    counters.prepare(GROUPS)
    absent = [
        (outcome, severity, product)
        for outcome in Outcome
        for severity in Severity
        for product in GROUPS.products
        if WORKER.registry.get_sample_value(
            "triage_decisions_total",
            {"outcome": outcome.value, "severity": severity.value, "product": product},
        )
        is None
    ]
    assert absent == []
