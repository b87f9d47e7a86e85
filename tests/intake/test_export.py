"""Exports: what they hold, that they are safe to open, where they end, and that they hold nothing open."""

import asyncio
import csv
import io
import json
import socket
from typing import Any

import httpx
import pytest
import uvicorn
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from intake.api.export_formats import COLUMNS, PERSONAL_COLUMNS
from intake.usecases.views import Filters
from tests.intake.world import World, a_complaint
from tests.support.waiting import until

PATH = "/v1/complaints/export"


async def _tell(world: World, count: int = 3, **changes: Any) -> None:
    crm = world.client("crm")
    for number in range(count):
        told = a_complaint(external_id=f"X-{number}", **changes)
        assert (await crm.post("/v1/complaints", json=told)).status_code == 201


async def _export(world: World, who: str = "staff", **query: Any) -> httpx.Response:
    answer = await world.client(who).get(PATH, params={"sort": "number", **query})
    assert answer.status_code == 200, answer.text
    return answer


def _csv(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text)))


def _ndjson(answer: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


def _ended(outcome: str) -> float:
    return (
        REGISTRY.get_sample_value("complaint_exports_total", {"format": "ndjson", "outcome": outcome}) or 0.0
    )


async def test_a_csv_export_has_a_header_and_a_line_for_each_complaint(world: World) -> None:
    await _tell(world, title='Say "no", please', description="Line one\nline two", site="plant-1")

    answer = await _export(world)
    rows = _csv(answer)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["redress-export-limit"] == "100000"
    assert list(rows[0]) == list(COLUMNS)
    assert [row["external_id"] for row in rows] == ["X-0", "X-1", "X-2"]
    assert (rows[0]["title"], rows[0]["description"]) == ('Say "no", please', "Line one\nline two")
    assert (rows[0]["historical"], rows[0]["triage"], rows[0]["lot"]) == ("false", "pending", "")
    assert list(rows[0])[-1] == "site", "a column that came later stands behind the others"
    assert rows[0]["site"] == "plant-1"


async def test_an_ndjson_export_holds_what_the_list_shows(world: World) -> None:
    await _tell(world, complainant={"name": "Ada"})
    listed = (await world.client("reader").get("/v1/complaints", params={"sort": "number"})).json()["items"]

    assert _ndjson(await _export(world, "reader", format="ndjson")) == listed


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1", "-1", "@SUM(A1)", "\uff1d1+1"])
async def test_no_value_of_a_csv_export_is_a_formula(world: World, text: str) -> None:
    await _tell(world, 1, title=text, description=text, complainant={"phone": text})

    row = _csv(await _export(world, personal="true"))[0]

    assert [row[name] for name in ("title", "description", "complainant_phone")] == [f"'{text}"] * 3


async def test_an_export_keeps_filters_words_and_the_callers_own_source(world: World) -> None:
    await _tell(world)
    await world.client("shop").post("/v1/complaints", json=a_complaint(external_id="S", product="kettle"))

    assert [row["external_id"] for row in _csv(await _export(world, product="kettle"))] == ["S"]
    assert [row["external_id"] for row in _csv(await _export(world, q="kettle"))] == ["S"]
    assert _csv(await _export(world, "crm", q="kettle")) == []
    assert len(_csv(await _export(world, "crm"))) == 3


async def test_personal_data_is_exported_on_request_with_the_scope_for_it_and_that_is_recorded(
    world: World,
) -> None:
    await _tell(world, 2, complainant={"name": "Ada", "reference": "P-1"})

    with capture_logs() as logs:
        without = _csv(await _export(world))
        refused = await world.client("reader").get(PATH, params={"personal": "true"})
        also = await world.client("reader").get(PATH, params={"complainant_reference": "P-1"})
        row = _csv(await _export(world, personal="true"))[0]

    assert not any(name in without[0] for name in PERSONAL_COLUMNS)
    assert (refused.status_code, also.status_code) == (403, 403)
    assert (row["complainant_name"], row["complainant_reference"], row["complainant_email"]) == (
        "Ada",
        "P-1",
        "",
    )
    reads = [entry for entry in logs if entry["event"] == "personal_data_read"]
    assert [(entry["operation"], entry["complainants"]) for entry in reads] == [("export", 2)]


@pytest.mark.parametrize("words", [{}, {"q": "charged"}])
async def test_an_export_that_reaches_its_limit_says_so_and_where_to_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch, words: dict[str, str]
) -> None:
    monkeypatch.setattr("intake.db.views.EXPORTED", 2)
    await _tell(world, 7)

    *first, end = _ndjson(await _export(world, format="ndjson", limit=5, **words))
    rest = _ndjson(await _export(world, format="ndjson", cursor=end["cut"]["next_cursor"], **words))
    last = (await _export(world, limit=5, **words)).text.splitlines()[-1]

    assert end["cut"]["rows"] == 5
    assert [one["external_id"] for one in first + rest] == [f"X-{number}" for number in range(7)]
    assert last.startswith("# cut after 5 complaints: go on with cursor=")


async def test_the_services_limit_holds_whatever_is_asked_for(world: World) -> None:
    await _tell(world)
    answer = await _export(world, limit=2)
    larger = await _export(world, limit=10_000_000)

    assert answer.headers["redress-export-limit"] == "2"
    assert larger.headers["redress-export-limit"] == "100000"


async def test_an_export_of_nothing_is_a_header_and_no_more(world: World) -> None:
    assert (await _export(world, q="nothing")).text.strip() == ",".join(COLUMNS)
    assert (await _export(world, format="ndjson")).text == ""


async def test_between_two_batches_no_connection_is_held(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.db.views.EXPORTED", 1)
    await _tell(world)
    from intake.db.views import PostgresViews

    pool: Any = world.engine.pool
    for words in (None, "charged"):
        pages = PostgresViews(world.engine).export(Filters(q=words), sort="number", after=None, most=9)
        seen = 0
        async for page in pages:
            assert pool.checkedout() == 0
            seen += len(page.items)
        assert seen == 3


@pytest.mark.parametrize(
    "query", [{"colour": "red"}, {"format": "xlsx"}, {"limit": 0}, {"cursor": "nonsense"}]
)
async def test_a_parameter_that_is_unknown_or_wrong_is_refused(world: World, query: dict[str, Any]) -> None:
    assert (await world.client("staff").get(PATH, params=query)).status_code == 400


async def test_an_export_whose_client_goes_away_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intake.db.views.EXPORTED", 1)
    # More than the sockets hold, so that the export must wait for its reader.
    await _tell(world, 120, description="word " * 3_900)
    read_before, gone_before = _rows(), _ended("abandoned")
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(world.app, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}"
        headers = {"Authorization": f"Bearer {world.keys['staff']}"}
        async with (
            httpx.AsyncClient() as client,
            client.stream("GET", url, params={"format": "ndjson"}, headers=headers) as answer,
        ):
            await anext(answer.aiter_bytes())
        await until(lambda: _ended("abandoned") > gone_before, what="the export's end")
    finally:
        server.should_exit = True
        await serving

    assert _rows() - read_before < 120


def _rows() -> float:
    return REGISTRY.get_sample_value("complaint_export_rows_total", {"format": "ndjson"}) or 0.0
