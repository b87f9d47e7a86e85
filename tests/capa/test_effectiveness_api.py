"""Effectiveness, assessed over HTTP from the complaints on record."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from capa.domain.severity import Severity
from tests.capa.signal_world import take
from tests.capa.world import MONDAY, World, a_complaint

BEFORE, CHANGE = MONDAY - timedelta(days=200), MONDAY - timedelta(days=100)
ASKED: dict[str, Any] = {
    "product": "credit-card",
    "baseline_from": BEFORE.isoformat(),
    "baseline_to": CHANGE.isoformat(),
    "from": CHANGE.isoformat(),
    "to": MONDAY.isoformat(),
}


def spread(start: datetime, number: int, **changes: Any) -> list[Any]:
    return [
        a_complaint(Severity.MINOR, received_at=start + timedelta(days=4 * nth, hours=1), **changes)
        for nth in range(number)
    ]


@pytest.fixture
async def improved(world: World) -> None:
    """Twenty before and five after, and one of another product."""
    await take(world, [*spread(BEFORE, 20), *spread(CHANGE, 5), *spread(CHANGE, 1, product="mortgage")])


async def ask(client: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    return await client.get("/v1/effectiveness", params=ASKED | changes)


@pytest.mark.usefixtures("improved")
async def test_a_rate_that_fell_to_a_quarter_is_effective_with_its_numbers(client: httpx.AsyncClient) -> None:
    body = (await ask(client)).json()
    assert (body["result"], body["reason"]) == ("effective", "reduction_shown")
    # Given 25 together and equal exposures, P(X <= 5) of Binomial(25, 1/2) = 68406 / 2^25.
    assert (body["ratio"], body["p_value"]) == (pytest.approx(0.25), pytest.approx(68_406 / 2**25))
    assert (body["rate_before"], body["rate_after"]) == (0.2, 0.05)
    assert [step["code"] for step in body["steps"]] == ["counted", "ratio", "exact_test", "reduction_shown"]


@pytest.mark.usefixtures("improved")
async def test_a_known_recurrence_of_the_cause_is_ineffective(client: httpx.AsyncClient) -> None:
    assert (await ask(client, same_cause=1)).json()["reason"] == "same_cause_recurred"


@pytest.mark.usefixtures("improved")
async def test_a_category_without_complaints_before_is_inconclusive(client: httpx.AsyncClient) -> None:
    assert (await ask(client, category="fees")).json()["reason"] == "baseline_empty"


@pytest.mark.usefixtures("improved")
async def test_units_are_counted_against_where_they_are_on_record(client: httpx.AsyncClient) -> None:
    missing = await ask(client, unit="sold")
    assert (missing.status_code, missing.json()["type"].rpartition("/")[2]) == (409, "exposure-missing")
    units = {"product": "credit-card", "unit": "sold"}
    first, change, last = BEFORE.date(), CHANGE.date(), MONDAY.date()
    await client.put(
        "/v1/exposures",
        json=units | {"first_day": str(first), "next_day": str(change), "units": 100_000},
    )
    assert (await ask(client, unit="sold")).json()["reason"] == "no_exposure"
    await client.put(
        "/v1/exposures",
        json=units | {"first_day": str(change), "next_day": str(last), "units": 20_000},
    )
    # A fifth of the units and a quarter of the complaints: the rate did not fall.
    body = (await ask(client, unit="sold")).json()
    assert (body["rate_before"], body["rate_after"]) == (2e-4, 2.5e-4)
    assert body["result"] == "ineffective"


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"to": (MONDAY + timedelta(days=1)).isoformat()}, "to"),
        ({"from": (CHANGE - timedelta(days=1)).isoformat()}, "from"),
    ],
)
async def test_a_window_that_is_not_over_or_not_after_the_baseline_is_refused(
    client: httpx.AsyncClient, changes: dict[str, str], parameter: str
) -> None:
    answer = await ask(client, **changes)
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, parameter)
