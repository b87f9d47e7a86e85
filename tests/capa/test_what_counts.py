"""What counts as a complaint in figures and signals: what stands as one, as it was assessed."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from capa.db.figure_records import PostgresFigureRecords
from capa.db.ledger import PostgresLedger
from capa.db.review_records import PostgresReviewRecords
from capa.domain.complaint import Complaint
from capa.domain.severity import Severity
from capa.domain.signals.periods import Length
from capa.domain.signals.watch import ALL
from quality.indicators import Span
from tests.capa.signal_world import in_month, raised, steady, take
from tests.capa.test_triage_again import assessed, ended
from tests.capa.world import MONDAY, World, a_complaint

SPAN = Span(MONDAY, MONDAY + timedelta(days=40))
PARAMS = {"from": SPAN.begins_at.isoformat(), "to": SPAN.ends_at.isoformat()}


async def received(world: World, number: int = 4) -> list[Complaint]:
    complaints = [a_complaint(Severity.MINOR, received_at=MONDAY) for _ in range(number)]
    await take(world, complaints)
    return complaints


async def figures(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/v1/indicators", params={**PARAMS, **query})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()["complaints"]
    return body


async def test_what_is_no_complaint_and_duplicates_do_not_count_and_what_was_withdrawn_does(
    world: World, client: httpx.AsyncClient
) -> None:
    rejected, linked, withdrawn, _ = await received(world)
    assert (await figures(client))["received"] == 4
    for complaint, how in ((rejected, "rejected"), (linked, "linked"), (withdrawn, "withdrawn")):
        await world.hear(ended(complaint, how, version=2))

    body = await figures(client)

    assert (body["received"], body["converted"]["whole"]) == (2, 2)
    assert body["time_to_triage"]["n"] == 4, "how fast triage was is told of each"
    piles = await PostgresFigureRecords(world.engine).piles(SPAN, None)
    assert [pile.number for pile in piles] == [2]
    ledger = PostgresLedger(world.engine)
    tallies = await ledger.tallies(SPAN.begins_at, SPAN.ends_at, Length.MONTH, "UTC", per_site=False)
    assert [tally.count for tally in tallies] == [2]
    stratum = (rejected.product, rejected.category, ALL)
    came = await ledger.came([stratum], SPAN.begins_at, SPAN.ends_at)
    assert len(came[stratum]) == 2


@pytest.mark.parametrize("how", ["rejected", "linked"])
async def test_what_is_taken_up_again_counts_again(world: World, client: httpx.AsyncClient, how: str) -> None:
    (complaint,) = await received(world, 1)
    await world.hear(ended(complaint, how, version=2))
    assert (await figures(client))["received"] == 0

    await world.hear(ended(complaint, "reopened", version=3))

    assert (await figures(client))["received"] == 1


async def test_a_stratum_of_which_nothing_counts_is_watched_no_more(world: World) -> None:
    (complaint,) = await received(world, 1)
    ledger = PostgresLedger(world.engine)
    assert await ledger.strata(MONDAY, per_site=False) == [(complaint.product, complaint.category, ALL)]

    await world.hear(ended(complaint, "rejected", version=2))

    assert await ledger.strata(MONDAY, per_site=False) == []


async def test_severity_and_category_are_those_of_the_assessment(
    world: World, client: httpx.AsyncClient
) -> None:
    complaint, _ = await received(world, 2)
    await world.hear(assessed(complaint, "major", category="billing"))

    piles = await PostgresFigureRecords(world.engine).piles(SPAN, None)
    answer = await client.get("/v1/pareto", params={**PARAMS, "by": "category", "weigh": "severity"})

    assert {(pile.category, pile.severity, pile.number) for pile in piles} == {
        ("billing", Severity.MAJOR, 1),
        (complaint.category, Severity.MINOR, 1),
    }
    assert {item["name"]: item["value"] for item in answer.json()["bars"]} == {
        "billing": 3,
        complaint.category: 1,
    }


@pytest.mark.parametrize(("how", "signals"), [("rejected", 0), ("linked", 0), ("withdrawn", 1)])
async def test_a_rise_of_what_does_not_count_raises_no_signal(world: World, how: str, signals: int) -> None:
    rise = in_month(1, 30)
    await take(world, [*steady(), *rise])
    for complaint in rise[:22]:
        await world.hear(ended(complaint, how, version=2))
    await world.run("DELETE FROM outbox")

    assert len(await raised(world)) == signals


async def test_the_management_review_draws_what_counts(world: World) -> None:
    rejected, *_ = await received(world, 3)
    await world.hear(ended(rejected, "rejected", version=2))

    bins = await PostgresReviewRecords(world.engine).bins(SPAN, None, Length.MONTH, "UTC")

    assert [each.complaints for each in bins] == [2, 0]
