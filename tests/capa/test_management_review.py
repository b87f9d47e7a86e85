"""The management-review pack over HTTP."""

import os
import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from capa.domain.severity import Severity
from capa.usecases.change_due import ChangeDue
from capa.usecases.step import Target
from tests.capa.signal_world import confirm, in_month, raised, steady, take
from tests.capa.world import ANNA, MONDAY, World, a_complaint

MARCH = {"from": "2026-03-01T00:00:00+01:00", "to": "2026-04-01T00:00:00+02:00"}
YEAR = {"from": "2025-04-01T00:00:00+02:00", "to": "2026-04-01T00:00:00+02:00"}


async def pack(client: httpx.AsyncClient, params: dict[str, str]) -> str:
    answer = await client.get("/v1/management-review", params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return answer.text


def cells(html: str, first: str) -> list[str]:
    """The cells of the row that begins so."""
    (row,) = [row for row in re.findall(r"<tr>(.*?)</tr>", html) if f">{first}<" in row]
    return re.findall(r"<td[^>]*>(.*?)</td>", row)


async def test_an_empty_period_says_that_there_was_nothing(client: httpx.AsyncClient) -> None:
    html = await pack(client, MARCH)
    assert cells(html, "Actions on time, of those due")[1:] == ["no data", "no data"]
    assert cells(html, "Complaints received")[1:] == ["0", "0"]
    assert "No signal was raised" in html


async def test_a_pack_shows_indicators_beside_the_period_before_charts_signals_and_what_is_late(
    world: World, client: httpx.AsyncClient
) -> None:
    await take(world, [*steady(), *in_month(1, 30)])
    (signal,) = await raised(world)
    await confirm(world, signal, "new <fee> table")
    action = await world.an_action(a_complaint(Severity.CRITICAL, product="mortgage", category="fees"))
    await ChangeDue(world.take_step, world.policy)(
        Target(action.id, None), due=MONDAY + timedelta(days=3), reason="supplier", cause=ANNA
    )
    world.clock.forward(days=40)
    html = await pack(client, YEAR)
    now, earlier = cells(html, "Complaints received")[1:]
    assert int(now) > 100
    assert int(earlier) > 100
    assert cells(html, "Signals confirmed, of those decided")[1].startswith("100.0% (1 of 1; ")
    assert html.count("<svg") == 4  # complaints by month, two Pareto charts, one signal
    assert html.count('class="evidence"') == 1
    assert "new &lt;fee&gt; table" in html
    assert "<fee>" not in html
    late = cells(html, action.number)
    assert late[3:] == ["2026-03-05", "1"]
    assert re.findall(r'(?:href|src)="[^"]+"', html) == []
    if folder := os.environ.get("REDRESS_REVIEW_PAGES"):
        Path(folder, "review.html").write_text(html, encoding="utf-8")


async def test_a_pack_of_one_product_leaves_the_others_out(world: World, client: httpx.AsyncClient) -> None:
    await world.triage(a_complaint(product="mortgage", category="fees"))
    await world.triage(a_complaint())
    html = await pack(client, MARCH | {"product": "mortgage"})
    assert cells(html, "Complaints received")[1] == "1"
    assert "credit-card" not in html


@pytest.mark.parametrize("to", ["2026-03-01T00:00:00+01:00", "2046-03-01T00:00:00+01:00"])
async def test_a_period_that_is_none_is_refused(client: httpx.AsyncClient, to: str) -> None:
    answer = await client.get("/v1/management-review", params=MARCH | {"to": to})
    assert answer.status_code == 422
