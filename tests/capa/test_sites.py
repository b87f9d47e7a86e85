"""Sites: of complaints, of charts and signals, and of the figures that are told of one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from capa.domain.complaint import Complaint
from capa.domain.severity import Severity
from capa.domain.signals.exposure import Exposure, Unit
from capa.domain.signals.signal import Signal
from capa.usecases.report_exposure import ReportExposure
from events.contracts.capa import SignalRaisedV1
from events.contracts.intake import ComplaintAmendedV1, ComplaintReceivedV1
from events.contracts.words import Severity as Word
from events.delivery import Claim
from tests.capa.signal_world import (
    A_WINDOW,
    a_policy,
    a_watch,
    confirm,
    in_month,
    month,
    raised,
    steady,
    take,
)
from tests.capa.world import MONDAY, World, a_complaint, an_event

PER_SITE = a_policy(a_watch(per_site=True))
SPAN = {"from": "2026-02-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"}


def of(site: str | None, complaints: Sequence[Complaint]) -> list[Complaint]:
    return [replace(each, site=site) for each in complaints]


async def a_flood_at_one_of_two(world: World, site: str | None = "plant-1", other: str = "plant-2") -> None:
    """Both had ten complaints a month; in February one of them has 30, and the other none."""
    await take(world, [*of(site, steady()), *of(other, steady()), *of(site, in_month(1, 30))])


def places(signals: Sequence[Signal]) -> list[tuple[str, str]]:
    return sorted((each.episode.site, each.episode.rule) for each in signals)


async def test_a_rise_at_one_site_raises_a_signal_of_that_site_alone(world: World) -> None:
    await a_flood_at_one_of_two(world)

    (signal,) = await raised(world, PER_SITE)

    episode = signal.episode
    assert (episode.site, episode.complaints) == ("plant-1", 30)
    assert episode.explanation.startswith("credit-card / billing-dispute / plant-1: the point of 2026-02-01")
    (event,) = await world.announced()
    assert isinstance(event.data, SignalRaisedV1)
    assert event.data.site == "plant-1"


async def test_sites_are_charted_together_unless_the_policy_asks_for_each(world: World) -> None:
    await take(
        world,
        [each for nth, each in enumerate(steady()) for each in of(f"plant-{nth % 2}", [each])]
        + of("plant-1", in_month(1, 30)),
    )

    (signal,) = await raised(world)

    assert (signal.episode.site, signal.episode.complaints) == ("*", 30)
    (event,) = await world.announced()
    assert isinstance(event.data, SignalRaisedV1)
    assert event.data.site is None


async def test_complaints_without_a_site_share_a_chart_where_each_site_has_one(world: World) -> None:
    await a_flood_at_one_of_two(world, site=None)

    (signal,) = await raised(world, PER_SITE)

    assert (signal.episode.site, signal.episode.complaints) == ("-", 30)
    assert "credit-card / billing-dispute / no site: " in signal.episode.explanation
    assert (await confirm(world, signal)).nonconformity_id is not None


async def test_each_site_is_latched_by_itself(world: World) -> None:
    await take(
        world,
        [each for site in ("plant-1", "plant-2") for each in of(site, [*steady(), *in_month(1, 30)])],
    )

    assert places(await raised(world, PER_SITE)) == [("plant-1", "beyond_limit"), ("plant-2", "beyond_limit")]
    assert await raised(world, PER_SITE) == []


async def test_charts_of_each_site_freeze_limits_beside_those_of_all(world: World) -> None:
    await a_flood_at_one_of_two(world)
    await raised(world)
    await raised(world, PER_SITE)

    rows = await world.run("SELECT site, limits->>'centre' AS centre FROM chart_limits ORDER BY site")

    assert [(row.site, float(row.centre)) for row in rows] == [("*", 20), ("plant-1", 10), ("plant-2", 10)]


async def test_grave_complaints_at_several_sites_are_no_cluster_of_one(world: World) -> None:
    grave = [a_complaint(Severity.CRITICAL, received_at=MONDAY, historical=True) for _ in range(3)]
    await take(world, [replace(each, site=f"plant-{nth}") for nth, each in enumerate(grave)])

    assert await raised(world, a_policy(a_watch(windows=(A_WINDOW,), per_site=True))) == []
    assert len(await raised(world, a_policy(a_watch(windows=(A_WINDOW,))))) == 1


async def test_rates_of_a_site_count_against_the_units_of_that_site(world: World) -> None:
    """Three times the complaints from three times the units of the plant are no trend, whatever the product sold."""
    await a_flood_at_one_of_two(world)
    policy = a_policy(a_watch(per_site=True, exposure="sold"))
    report = ReportExposure(world.start_work)
    await report([_sold(back, 500_000) for back in range(32, 0, -1)])
    plants = [_sold(back, 100_000, f"plant-{nth}") for back in range(32, 1, -1) for nth in (1, 2)]
    await report([*plants, _sold(1, 300_000, "plant-1"), _sold(1, 100_000, "plant-2")])
    assert await raised(world, policy) == []
    kinds = await world.run("SELECT site, kind FROM chart_limits ORDER BY site")
    assert [tuple(row) for row in kinds] == [("plant-1", "u"), ("plant-2", "u")]

    await report([_sold(1, 100_000, "plant-1")])

    assert places(await raised(world, policy)) == [("plant-1", "beyond_limit")]


async def test_confirming_raises_from_the_complaints_of_the_site(world: World) -> None:
    await a_flood_at_one_of_two(world)
    await take(world, of("plant-2", [a_complaint(Severity.MINOR, received_at=month(1, 28))]))
    (signal,) = await raised(world, PER_SITE)

    confirmed = await confirm(world, signal)

    view = await world.records.nonconformity(confirmed.nonconformity_id or signal.id)
    assert {each.site for each in view.complaints} == {"plant-1"}


def received(complaint: Complaint) -> Any:
    data = ComplaintReceivedV1(
        complaint_id=complaint.id,
        number=complaint.number,
        source_system="crm",
        channel=complaint.channel,
        reported_severity=Word.MAJOR,
        product=complaint.product,
        category=complaint.category,
        aware_at=MONDAY,
        received_at=MONDAY,
        site="plant-1",
    )
    return an_event(data, key=complaint.id)


def amended(complaint: Complaint, **said: Any) -> Any:
    data = ComplaintAmendedV1(
        complaint_id=complaint.id,
        number=complaint.number,
        changed=("product",),
        reported_severity=Word.MAJOR,
        product=complaint.product,
        category=complaint.category,
        **said,
    )
    return an_event(data, key=complaint.id, version=2)


@pytest.mark.parametrize(
    ("said", "site"), [({}, "plant-1"), ({"site": "plant-2"}, "plant-2"), ({"site": None}, None)]
)
async def test_an_amendment_by_an_intake_that_knows_no_sites_empties_none(
    world: World, said: dict[str, Any], site: str | None
) -> None:
    complaint = a_complaint()
    await world.hear(received(complaint))

    assert await world.hear(amended(complaint, **said)) is Claim.NEW

    (row,) = await world.run("SELECT site, version FROM complaint")
    assert (row.site, row.version) == (site, 2)


@pytest.fixture
async def two_sites(world: World) -> World:
    """In February 3 complaints of one plant, of which a major one raised a nonconformity, 2 of another and 1 of none."""
    major = a_complaint(received_at=month(1, 5), site="plant-1")
    minor = [*of("plant-1", in_month(1, 2)), *of("plant-2", in_month(1, 2)), *in_month(1, 1)]
    await world.triage_together([major, *(replace(each, category="fees") for each in minor)])
    return world


async def bars(client: httpx.AsyncClient, **query: str) -> dict[str, float]:
    body = (await client.get("/v1/pareto", params={**SPAN, **query})).json()
    return {each["name"]: each["value"] for each in body["bars"]}


@pytest.mark.usefixtures("two_sites")
async def test_complaints_are_ranked_by_site_and_of_a_site(client: httpx.AsyncClient) -> None:
    assert await bars(client, by="site") == {"plant-1": 3, "plant-2": 2, "-": 1}
    assert await bars(client, by="category", site="plant-1") == {"fees": 2, "billing-dispute": 1}
    assert await bars(client, by="product_category_site", site="plant-2") == {
        "credit-card / fees / plant-2": 2
    }


@pytest.mark.usefixtures("two_sites")
@pytest.mark.parametrize(
    ("site", "complaints", "nonconformities", "actions", "units"),
    [
        (None, 6, 1, 1, 1_000_000),
        ("plant-1", 3, 1, 1, 500_000),
        ("plant-2", 2, 0, 0, 0),
    ],
)
async def test_indicators_of_a_site_tell_what_its_complaints_led_to(
    client: httpx.AsyncClient,
    *,
    site: str | None,
    complaints: int,
    nonconformities: int,
    actions: int,
    units: int,
) -> None:
    figure = {"product": "credit-card", "unit": "sold", "first_day": "2026-01-01", "next_day": "2026-04-01"}
    for count, more in ((3_000_000, {}), (1_500_000, {"site": "plant-1"})):
        scaled = count * 90 // 84
        assert (await client.put("/v1/exposures", json=figure | {"units": scaled} | more)).status_code == 201
    span = {"from": "2026-02-01T00:00:00Z", "to": "2026-03-03T00:00:00Z"}

    body = (await client.get("/v1/indicators", params=span | ({} if site is None else {"site": site}))).json()

    assert body["complaints"]["received"] == complaints
    assert body["nonconformities_raised"] == nonconformities
    assert body["actions"]["given"] == actions
    assert body["per_million"]["sold"]["units"] == pytest.approx(units * 30 / 28)


@pytest.mark.usefixtures("two_sites")
async def test_nonconformities_are_found_by_the_sites_of_their_complaints(client: httpx.AsyncClient) -> None:
    (found,) = (await client.get("/v1/nonconformities", params={"site": "plant-1"})).json()["items"]
    none = (await client.get("/v1/nonconformities", params={"site": "plant-2"})).json()["items"]

    assert none == []
    shown = (await client.get(f"/v1/nonconformities/{found['number']}")).json()
    assert [each["site"] for each in shown["complaints"]] == ["plant-1"]


@pytest.mark.usefixtures("two_sites")
async def test_effectiveness_is_asked_of_one_site(client: httpx.AsyncClient) -> None:
    spans = {
        "baseline_from": SPAN["from"],
        "baseline_to": SPAN["to"],
        "from": SPAN["to"],
        "to": "2026-03-02T00:00:00Z",
    }
    asked = {"product": "credit-card", **spans}

    whole = (await client.get("/v1/effectiveness", params=asked)).json()
    of_one = (await client.get("/v1/effectiveness", params=asked | {"site": "plant-2"})).json()

    assert (whole["rate_before"], of_one["rate_before"]) == (pytest.approx(6 / 28), pytest.approx(2 / 28))


async def test_signals_and_units_are_listed_by_site(world: World, client: httpx.AsyncClient) -> None:
    await a_flood_at_one_of_two(world)
    await raised(world, PER_SITE)
    for site in ("plant-1", "plant-2"):
        signals = (await client.get("/v1/signals", params={"site": site})).json()["items"]
        assert [each["site"] for each in signals] == (["plant-1"] if site == "plant-1" else [])
    header = "product,unit,first_day,next_day,units,site"
    text = "".join(
        f"loan,sold,2026-0{nth}-01,2026-0{nth + 1}-01,7,{site}\n"
        for nth, site in ((1, ""), (1, "b"), (2, "a"))
    )
    sent = await client.post(
        "/v1/exposures/csv", content=f"{header}\n{text}", headers={"Content-Type": "text/csv"}
    )
    assert sent.json() == {"rows": 3, "created": 3, "replaced": 0}

    listed, query = [], {"product": "loan", "limit": "1"}
    while True:
        page = (await client.get("/v1/exposures", params=query)).json()
        listed += [(each["first_day"], each["site"]) for each in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert listed == [("2026-01-01", None), ("2026-01-01", "b"), ("2026-02-01", "a")]
    found = (await client.get("/v1/exposures", params={"site": "b"})).json()["items"]
    assert [each["site"] for each in found] == ["b"]


async def test_units_of_a_site_overlap_those_of_no_other_and_not_the_whole(client: httpx.AsyncClient) -> None:
    figure = {
        "product": "loan",
        "unit": "sold",
        "first_day": "2026-01-01",
        "next_day": "2026-02-01",
        "units": 9,
    }
    for site in (None, "plant-1", "plant-2"):
        assert (await client.put("/v1/exposures", json=figure | {"site": site})).status_code == 201

    again = figure | {"site": "plant-1", "first_day": "2026-01-15", "next_day": "2026-02-15"}
    refused = await client.put("/v1/exposures", json=again)

    assert refused.status_code == 409
    assert "loan of plant-1" in refused.json()["detail"]


def _sold(back: int, units: int, site: str | None = None) -> Exposure:
    return Exposure(
        product="credit-card",
        unit=Unit.SOLD,
        first_day=month(back).date(),
        next_day=month(back - 1).date(),
        units=units,
        actor="person:anna",
        reported_at=MONDAY,
        site=site,
    )
