"""The management-review pack over HTTP, as a page and as PDF."""

import os
import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from capa.domain.review.inputs import INPUTS
from capa.domain.severity import Severity
from capa.usecases.change_due import ChangeDue
from capa.usecases.step import Target
from tests.capa.report.telling import pdf_text, squeezed
from tests.capa.signal_world import confirm, in_month, raised, steady, take
from tests.capa.test_nonconformities_api import FINDING
from tests.capa.world import ANNA, MONDAY, World, a_complaint

MARCH = {"from": "2026-03-01T00:00:00+01:00", "to": "2026-04-01T00:00:00+02:00"}
YEAR = {"from": "2025-04-01T00:00:00+02:00", "to": "2026-04-01T00:00:00+02:00"}
PATH = "/v1/management-review"


async def pack(client: httpx.AsyncClient, params: dict[str, str]) -> str:
    answer = await client.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return answer.text


def cells(html: str, first: str) -> list[str]:
    """The cells of the row that begins so."""
    (row,) = [row for row in re.findall(r"<tr>(.*?)</tr>", html) if f"<td>{first}</td>" in row]
    return re.findall(r"<td[^>]*>(.*?)</td>", row)


def section(html: str, title: str) -> str:
    """What stands under a heading."""
    return html.partition(f"<h2>{title}</h2>")[2].partition("</section>")[0]


async def test_an_empty_period_says_that_there_was_nothing(client: httpx.AsyncClient) -> None:
    html = await pack(client, MARCH)
    assert cells(html, "Actions on time, of those due")[-2:] == ["no data", "no data"]
    assert cells(html, "Complaints received")[-2:] == ["0", "0"]
    assert "No trend signal was raised" in html
    assert "<svg" not in html


async def test_every_input_of_the_review_is_answered_or_said_to_be_missing_and_from_whom(
    client: httpx.AsyncClient,
) -> None:
    html = await pack(client, MARCH)
    clauses = ["a", "b", *(f"c{nth}" for nth in range(1, 8)), "d", "e", "f"]
    assert [each.clause for each in INPUTS] == clauses
    for each in INPUTS:
        told = section(html, f"{each.clause} {each.title}")
        assert told.count("<p class='pending'>") == (each.missing is not None), each.title
        assert each.missing is None or f"{each.missing}. To be added by {each.who}." in told
        assert each.here is None or re.sub(r"<p class='pending'>.*?</p>", "", told), each.title


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
    now, earlier = cells(html, "Complaints received")[-2:]
    assert int(now) > 100
    assert int(earlier) > 100
    assert cells(html, "Signals confirmed, of those decided")[-2].startswith("100.0 % (1 of 1; ")
    assert html.count("<svg") == 4  # complaints by month, two Pareto charts, one signal
    assert html.count('class="evidence"') == 1
    assert "new &lt;fee&gt; table" in html
    assert "<fee>" not in html
    late = cells(html, action.number)
    assert late[3:] == ["2026-03-05", "1"]
    assert cells(section(html, "d Whether resources suffice"), action.owner or "")[1:] == ["1", "1"]
    assert re.findall(r'(?:href|src)="[^"]+"', html) == []
    if folder := os.environ.get("REDRESS_REVIEW_PAGES"):
        Path(folder, "review.html").write_text(html, encoding="utf-8")
    await check_pdf(client, html)


async def check_pdf(client: httpx.AsyncClient, html: str) -> None:
    """The PDF of that pack says all that the page says."""
    answer = await client.get(PATH, params=YEAR, headers={"Accept": "application/pdf"})
    assert answer.headers["content-disposition"] == (
        'inline; filename="management-review-2025-04-01-2026-03-31.pdf"'
    )
    pdf = squeezed(pdf_text(answer.content))
    texts = re.findall(r"<(?:td|th|p|h2|h3|figcaption)[^>]*>([^<&]+)</", html)
    assert len(texts) > 150
    assert [text for text in texts if squeezed(text) not in pdf and "Generated" not in text] == []


async def test_a_pack_tells_checks_of_the_effect_and_what_it_was_spent_on(
    world: World, client: httpx.AsyncClient
) -> None:
    action = await world.an_action()
    for path, body in (("complete", {"evidence": "sorted"}), ("record-cost", COST)):
        answer = await client.post(
            f"/v1/actions/{action.number}/{path}", json=body, headers={"If-Match": "*"}
        )
        assert answer.status_code == 200, answer.text
    assert (await client.post("/v1/nonconformities", json=FINDING)).status_code == 201
    html = await pack(client, MARCH)
    assert cells(section(html, "c4 Nonconformities and corrective action"), "Nonconformities raised")[1:] == [
        "2 (audit 1, complaint 1)",
        "0",
    ]
    assert ">1; before: 0<" in section(html, "c6 Audit results")
    assert "1250.50 EUR, of 1 action" in html
    assert "What it was spent on (EUR)" in html


COST = {"amount": "1250.50", "currency": "EUR", "note": "new stamps"}


async def test_an_unchanged_pack_is_not_sent_again_and_a_changed_one_is(
    world: World, client: httpx.AsyncClient
) -> None:
    first = await client.get(PATH, params=MARCH)
    world.clock.forward(minutes=5)
    kept = {"If-None-Match": first.headers["etag"]}
    assert (await client.get(PATH, params=MARCH, headers=kept)).status_code == 304
    await world.triage(a_complaint())
    assert (await client.get(PATH, params=MARCH, headers=kept)).status_code == 200


async def test_a_pack_of_one_product_leaves_the_others_out(world: World, client: httpx.AsyncClient) -> None:
    await world.triage(a_complaint(product="mortgage", category="fees"))
    await world.triage(a_complaint())
    html = await pack(client, MARCH | {"product": "mortgage"})
    assert cells(html, "Complaints received")[-2] == "1"
    assert "credit-card" not in html


@pytest.mark.parametrize("to", ["2026-03-01T00:00:00+01:00", "2046-03-01T00:00:00+01:00"])
async def test_a_period_that_is_none_is_refused(client: httpx.AsyncClient, to: str) -> None:
    answer = await client.get(PATH, params=MARCH | {"to": to})
    assert answer.status_code == 422
