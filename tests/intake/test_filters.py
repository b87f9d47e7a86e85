"""Filters of the list that need more than a look at one column, and pages while others write."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from common.ids import new_id
from tests.intake.world import World, a_complaint
from tests.support.waiting import until

PATH = "/v1/complaints"


async def _found(world: World, who: str = "staff", **query: Any) -> list[str]:
    answer = await world.client(who).get(PATH, params={"sort": "number", **query})
    assert answer.status_code == 200, answer.text
    return [item["external_id"] for item in answer.json()["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"lot": "L-1"}, ["A"]),
        ({"lot": ["L-1", "L-2"]}, ["A", "B"]),
        ({"site": ["plant-1", "plant-2"]}, ["A", "B"]),
        ({"serial": "S 1"}, ["A"]),
        ({"occurred_from": "2026-11-10T00:00:00Z"}, ["A", "B"]),
        ({"occurred_to": "2026-11-10T00:00:00Z"}, []),
        ({"occurred_from": "2026-11-10T00:00:00Z", "occurred_to": "2026-11-11T00:00:00Z"}, ["A"]),
        ({"updated_to": "2026-11-20T12:00:00Z"}, []),
        ({"updated_to": "2026-11-20T12:01:00Z"}, ["A"]),
        ({"updated_since": "2026-11-20T12:01:00Z", "updated_to": "2026-11-20T12:02:00Z"}, ["B"]),
        ({"complainant_reference": "P-9"}, ["A", "C"]),
        ({"sort": "-number"}, ["C", "B", "A"]),
    ],
)
async def test_a_filter_keeps_what_it_names(world: World, query: dict[str, Any], expected: list[str]) -> None:
    crm, person = world.client("crm"), {"reference": "P-9"}
    for told in (
        {
            "external_id": "A",
            "lot": "L-1",
            "site": "plant-1",
            "serial": "S 1",
            "occurred_at": "2026-11-10T00:00:00Z",
            "complainant": person,
        },
        {"external_id": "B", "lot": "L-2", "site": "plant-2", "occurred_at": "2026-11-11T00:00:00Z"},
        {"external_id": "C", "complainant": person},
    ):
        assert (await crm.post(PATH, json=a_complaint(**told))).status_code == 201
        world.clock.move(minutes=1)

    assert await _found(world, **query) == expected


async def test_a_list_tells_complaints_with_a_nonconformity_from_those_without(world: World) -> None:
    for external_id in ("raised", "linked", "declined", "pending"):
        await world.client("crm").post(PATH, json=a_complaint(external_id=external_id))
    ids = {row.external_id: row.id for row in await world.rows("SELECT id, external_id FROM complaint")}
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO complaint_link (complaint_id, nonconformity_id) VALUES ($1, $2)",
            (ids["linked"], new_id()),
        )
        for name, nonconformity in (("raised", new_id()), ("declined", None)):
            await connection.exec_driver_sql(
                "INSERT INTO triage VALUES ($1, $2, 'r', 'e', '1', '2026-11-20T12:00:00Z', $3, 1)",
                (ids[name], name, nonconformity),
            )

    assert await _found(world, has_nonconformity="true") == ["raised", "linked"]
    assert await _found(world, has_nonconformity="false") == ["declined", "pending"]
    assert await _found(world, triage=["pending", "declined"]) == ["linked", "declined", "pending"]


@pytest.mark.parametrize("windows", [(), (1,), (8, 80)])
async def test_what_capa_made_of_complaints_is_found_wherever_it_stands_in_the_order(
    world: World, monkeypatch: pytest.MonkeyPatch, windows: tuple[int, ...]
) -> None:
    monkeypatch.setattr("intake.db.listing.WINDOWS", windows)
    for number in range(4):
        await world.client("crm").post(PATH, json=a_complaint(external_id=f"X-{number}"))
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO complaint_link (complaint_id, nonconformity_id)"
            " SELECT id, id FROM complaint WHERE external_id IN ('X-1', 'X-3')"
        )

    assert await _found(world, has_nonconformity="true") == ["X-1", "X-3"]
    assert await _found(world, has_nonconformity="true", sort="-received_at", limit=1) == ["X-3"]
    assert await _found(world, has_nonconformity="false", external_id=["X-2", "X-3"]) == ["X-2"]


async def test_who_complains_is_named_in_a_filter_only_with_the_scope_for_it(world: World) -> None:
    answer = await world.client("reader").get(PATH, params={"complainant_reference": "P-9"})

    assert (answer.status_code, answer.json()["missing_scopes"]) == (403, ["complaints:personal"])


async def test_a_list_that_shows_who_complains_is_recorded_without_saying_who(world: World) -> None:
    crm = world.client("crm")
    await crm.post(PATH, json=a_complaint(complainant={"name": "Ada Moreau"}))
    await crm.post(PATH, json=a_complaint())

    with capture_logs() as logs:
        await _found(world)
        await _found(world, q="charged")
        await _found(world, "reader")
        await _found(world, product="nothing")

    reads = [entry for entry in logs if entry["event"] == "personal_data_read"]
    assert [(entry["operation"], entry["actor"], entry["complainants"]) for entry in reads] == [
        ("list", "person:anna.berg", 1),
        ("search", "person:anna.berg", 1),
    ]
    assert "Ada" not in str(reads)


@pytest.mark.parametrize("query", [{"sort": "-received_at"}, {"sort": "number"}, {"q": "charged"}])
async def test_pages_show_every_complaint_once_while_writers_add_and_amend(
    world: World, query: dict[str, Any]
) -> None:
    crm, staff = world.client("crm"), world.client("staff")
    for number in range(30):
        await crm.post(PATH, json=a_complaint(external_id=f"X-{number}"))
    stop, written = asyncio.Event(), 0

    async def write(name: str) -> None:
        nonlocal written
        while not stop.is_set():
            for external_id in (f"late-{name}-{written}", f"X-{written % 30}"):
                changes = {"external_id": external_id, "title": f"Told {written}"}
                assert (await crm.post(PATH, json=a_complaint(**changes))).status_code in {200, 201}
            written += 1

    async def read() -> list[str]:
        seen: list[str] = []
        asked: dict[str, Any] = {**query, "limit": 4, "external_id": [f"X-{number}" for number in range(30)]}
        while True:
            page = (await staff.get(PATH, params=asked)).json()
            seen += [item["external_id"] for item in page["items"]]
            if page["next_cursor"] is None:
                return seen
            asked["cursor"] = page["next_cursor"]
            before = written
            await until(lambda: written > before, what="a writer between two pages")  # noqa: B023 - asked for at once

    writers = [asyncio.create_task(write(name)) for name in ("a", "b")]
    seen = await read()
    stop.set()
    await asyncio.gather(*writers)

    assert (len(seen), set(seen)) == (30, {f"X-{number}" for number in range(30)})


@pytest.mark.parametrize("name", ["occurred_from", "received_to", "updated_since"])
async def test_a_number_is_no_instant_to_filter_by(world: World, name: str) -> None:
    for path in (PATH, f"{PATH}/export"):
        answer = await world.client("staff").get(path, params={name: "0.5"})
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, name)


async def test_the_export_is_no_complaint_that_could_be_amended(world: World) -> None:
    answer = await world.client("staff").patch(
        f"{PATH}/export", json={"reason": "x"}, headers={"If-Match": "*"}
    )
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
