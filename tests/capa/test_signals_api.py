"""Signals and exposure over HTTP."""

import xml.etree.ElementTree as ET
from typing import Any

import httpx
import pytest

from tests.capa.signal_world import in_month, raised, steady, take
from tests.capa.world import World

UNITS: dict[str, Any] = {
    "product": "credit-card",
    "unit": "sold",
    "first_day": "2026-01-01",
    "next_day": "2026-02-01",
    "units": 104_500,
}
HEADER = "product,unit,first_day,next_day,units"


def code(answer: httpx.Response) -> str:
    return str(answer.json()["type"].rpartition("/")[2])


@pytest.fixture
async def flooded(world: World) -> World:
    """A signal is raised about February."""
    await take(world, [*steady(), *in_month(1, 30)])
    assert len(await raised(world)) == 1
    return world


@pytest.mark.usefixtures("flooded")
async def test_a_signal_is_listed_read_with_its_chart_and_confirmed(client: httpx.AsyncClient) -> None:
    (item,) = (await client.get("/v1/signals", params={"state": "raised", "product": "credit-card"})).json()[
        "items"
    ]
    assert (item["number"], item["allowed_steps"]) == ("S-1001", ["confirm", "dismiss"])
    read = await client.get("/v1/signals/s-1001")
    assert read.headers["etag"] == '"v1"'
    assert read.json()["evidence"]["points"][-1]["value"] == 30
    confirmed = await client.post(
        "/v1/signals/S-1001/confirm", json={"reason": "new fee table"}, headers={"If-Match": '"v1"'}
    )
    assert confirmed.status_code == 200, confirmed.text
    assert (confirmed.json()["state"], confirmed.headers["etag"]) == ("confirmed", '"v2"')
    nonconformity = await client.get(f"/v1/nonconformities/{confirmed.json()['nonconformity_id']}")
    assert nonconformity.json()["actions"][0]["number"] == "A-1001"
    assert (nonconformity.json()["origin"], nonconformity.json()["signal"]) == (
        "signal",
        "/v1/signals/S-1001",
    )
    assert (await client.get(nonconformity.json()["chart"])).headers["content-type"] == "image/svg+xml"
    history = (await client.get(confirmed.json()["history"])).json()["items"]
    assert [entry["action"] for entry in history] == ["raised", "confirmed"]
    assert history[1]["previous"] == history[0]["hash"]
    assert (await client.get("/v1/signals", params={"state": "raised"})).json()["items"] == []


@pytest.mark.usefixtures("flooded")
async def test_the_chart_is_drawn_with_its_limits_and_what_broke_them_marked(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/v1/signals/S-1001/chart.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    drawn = ET.fromstring(answer.text)  # noqa: S314 - of our own
    names = [element.get("class") for element in drawn.iter()]
    assert names.count("evidence") == 1
    assert (names.count("limit"), names.count("centre")) == (2, 1)
    assert (
        names.count("point") == len((await client.get("/v1/signals/S-1001")).json()["evidence"]["points"]) - 1
    )


@pytest.mark.usefixtures("flooded")
async def test_a_signal_that_somebody_else_decided_first_is_not_decided_again(
    client: httpx.AsyncClient,
) -> None:
    body = {"reason": "one customer"}
    missing = await client.post("/v1/signals/S-1001/dismiss", json=body)
    assert missing.status_code == 428
    first = await client.post("/v1/signals/S-1001/dismiss", json=body, headers={"If-Match": '"v1"'})
    assert first.status_code == 200
    stale = await client.post("/v1/signals/S-1001/confirm", json={}, headers={"If-Match": '"v1"'})
    assert (stale.status_code, stale.headers["etag"]) == (412, '"v2"')
    late = await client.post("/v1/signals/S-1001/confirm", json={}, headers={"If-Match": "*"})
    assert (late.status_code, code(late)) == (409, "signal-step-not-possible")


@pytest.mark.usefixtures("flooded")
async def test_a_phase_does_not_begin_in_the_future(client: httpx.AsyncClient) -> None:
    await client.post("/v1/signals/S-1001/confirm", json={}, headers={"If-Match": "*"})
    answer = await client.post(
        "/v1/signals/S-1001/clear",
        json={"reason": "new level", "new_phase_from": "2026-04-01"},
        headers={"If-Match": "*"},
    )
    assert (answer.status_code, code(answer)) == (422, "span-invalid")
    assert answer.json()["errors"][0]["pointer"] == "/body/new_phase_from"


async def test_a_signal_that_there_is_not_is_missing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/signals/S-9")
    assert (answer.status_code, code(answer)) == (404, "signal-not-found")


async def test_units_are_reported_replaced_and_listed(client: httpx.AsyncClient) -> None:
    first = await client.put("/v1/exposures", json=UNITS)
    again = await client.put("/v1/exposures", json=UNITS | {"units": 99})
    assert (first.status_code, again.status_code) == (201, 200)
    await client.put("/v1/exposures", json=UNITS | {"unit": "shipped"})
    (item,) = (await client.get("/v1/exposures", params={"unit": "sold"})).json()["items"]
    assert (item["units"], item["actor"]) == (99, "person:anna")
    page = (await client.get("/v1/exposures", params={"limit": 1})).json()
    following = (await client.get("/v1/exposures", params={"limit": 1, "cursor": page["next_cursor"]})).json()
    assert [page["items"][0]["unit"], following["items"][0]["unit"]] == ["shipped", "sold"]


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"next_day": "2026-01-01"}, 422, "exposure-invalid"),
        ({"next_day": "2027-02-01"}, 422, "exposure-invalid"),
        ({"units": -1}, 422, "invalid-body"),
        ({"unit": "dreamt"}, 422, "invalid-body"),
        ({"first_day": "2026-01-15", "next_day": "2026-02-15"}, 409, "exposure-overlaps"),
    ],
)
async def test_units_that_cannot_be_are_refused(
    client: httpx.AsyncClient, changes: dict[str, Any], status: int, said: str
) -> None:
    await client.put("/v1/exposures", json=UNITS)
    answer = await client.put("/v1/exposures", json=UNITS | changes)
    assert answer.status_code == status, answer.text
    assert code(answer) == said


async def send(client: httpx.AsyncClient, text: str) -> httpx.Response:
    return await client.post("/v1/exposures/csv", content=text.encode(), headers={"Content-Type": "text/csv"})


async def test_a_file_of_units_is_taken_whole(client: httpx.AsyncClient) -> None:
    await client.put("/v1/exposures", json=UNITS)
    text = f"\ufeff{HEADER}\r\ncredit-card,sold,2026-01-01,2026-02-01,7\r\nloan,in_use,2026-01-01,2026-02-01,8\r\n"
    taken = await send(client, text)
    assert taken.json() == {"rows": 2, "created": 1, "replaced": 1}


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ("product,units\na,1\n", "/body/1"),
        (f"{HEADER}\n", "/body"),
        (f"{HEADER}\na,sold,2026-01-01,2026-02-01,1\nb,sold,2026-01-01,2026-02-01,many\n", "/body/3/units"),
        (f"{HEADER}\na,sold,2026-01-01\n", "/body/2/next_day"),
        (f'{HEADER}\na,"so"ld,2026-01-01,2026-02-01,1\n', "/body/2"),
    ],
)
async def test_a_file_with_a_fault_names_its_line_and_nothing_of_it_is_taken(
    client: httpx.AsyncClient, text: str, pointer: str
) -> None:
    answer = await send(client, text)
    assert (answer.status_code, code(answer)) == (422, "exposure-invalid")
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await client.get("/v1/exposures")).json()["items"] == []


async def test_a_file_whose_rows_overlap_is_refused_whole(client: httpx.AsyncClient) -> None:
    text = f"{HEADER}\na,sold,2026-01-01,2026-02-01,1\na,sold,2026-01-20,2026-02-20,1\n"
    assert (await send(client, text)).status_code == 409
    assert (await client.get("/v1/exposures")).json()["items"] == []


async def test_a_file_of_another_kind_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/exposures/csv", content=b"%PDF", headers={"Content-Type": "application/pdf"}
    )
    assert (answer.status_code, answer.headers["accept"]) == (415, "text/csv")
