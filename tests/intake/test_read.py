"""Reading and listing complaints."""

from typing import Any

import httpx
import pytest

from tests.intake.world import World, a_complaint

PATH = "/v1/complaints"


async def _post(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post(PATH, json=a_complaint(**changes))
    assert answer.status_code == 201
    body: dict[str, Any] = answer.json()
    return body


async def _ids(client: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return [item["external_id"] for item in answer.json()["items"]]


async def test_a_complaint_is_read_by_id_by_number_and_by_a_number_said_in_small_letters(
    world: World,
) -> None:
    crm = world.client("crm")
    posted = await _post(crm)

    answers = [await crm.get(f"{PATH}/{name}") for name in (posted["id"], "C-10001", "c-10001")]

    assert [(answer.status_code, answer.json()["id"]) for answer in answers] == [(200, posted["id"])] * 3
    assert answers[0].headers["etag"] == '"v1"'


async def test_before_triage_has_spoken_it_is_pending(world: World) -> None:
    posted = await _post(world.client("crm"))

    assert posted["triage"]["state"] == "pending"
    assert (posted["nonconformity"], posted["actions"]) == (None, [])


@pytest.mark.parametrize(
    "name", ["C-99999", "nonsense", "0199f0c2-d5a1-7c3e-8f4b-2a6d9c1e7f30", "C-" + "9" * 30]
)
async def test_what_does_not_exist_is_404(world: World, name: str) -> None:
    answer = await world.client("crm").get(f"{PATH}/{name}")

    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (404, "not-found")


async def test_a_key_of_a_source_neither_reads_nor_lists_nor_amends_what_another_source_told(
    world: World,
) -> None:
    theirs = await _post(world.client("shop"), external_id="S-1")
    crm = world.client("crm")
    patch = await crm.patch(
        f"{PATH}/{theirs['id']}", json={"reason": "r", "product": "p"}, headers={"If-Match": '"v1"'}
    )
    answers = [await crm.get(f"{PATH}/{theirs['id']}"), await crm.get(f"{PATH}/C-10001/history"), patch]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert await _ids(crm) == []
    assert await _ids(crm, source_system="shop") == []


async def test_staff_list_the_complaints_of_every_source_the_latest_received_first(world: World) -> None:
    await _post(world.client("crm"), external_id="A", received_at="2026-11-18T00:00:00Z")
    await _post(world.client("shop"), external_id="B", received_at="2026-11-19T00:00:00Z")

    assert await _ids(world.client("staff")) == ["B", "A"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"product": "loan"}, ["B"]),
        ({"product": ["loan", "card"]}, ["A", "B"]),
        ({"product": "loan", "channel": "phone"}, []),
        ({"category": "fees"}, ["A"]),
        ({"channel": "email"}, ["B"]),
        ({"reported_severity": ["critical", "minor"]}, ["A", "C"]),
        ({"external_id": "C"}, ["C"]),
        ({"source_system": "crm"}, ["A", "B", "C"]),
        ({"state": "received"}, ["A", "B", "C"]),
        ({"historical": "true"}, ["C"]),
        ({"received_from": "2026-11-12T00:00:00Z"}, ["B", "C"]),
        ({"received_to": "2026-11-12T00:00:00Z"}, ["A"]),
        ({"received_from": "2026-11-12T01:00:00+01:00", "received_to": "2026-11-13T00:00:00Z"}, ["B"]),
        ({"triage": "pending"}, ["A", "B", "C"]),
        ({"triage": ["raised", "declined"]}, []),
    ],
)
async def test_a_filter_keeps_what_it_names(world: World, query: dict[str, Any], expected: list[str]) -> None:
    crm = world.client("crm")
    await _post(
        crm,
        external_id="A",
        product="card",
        category="fees",
        reported_severity="critical",
        received_at="2026-11-11T00:00:00Z",
    )
    await _post(crm, external_id="B", product="loan", channel="email", received_at="2026-11-12T00:00:00Z")
    await _post(
        crm, external_id="C", reported_severity="minor", historical=True, received_at="2026-11-13T00:00:00Z"
    )

    assert await _ids(crm, sort="received_at", **query) == expected


async def test_updated_since_finds_what_was_amended(world: World) -> None:
    crm = world.client("crm")
    await _post(crm, external_id="A")
    await _post(crm, external_id="B")
    world.clock.move(hours=1)
    await crm.post(PATH, json=a_complaint(external_id="A", product="loan"))

    assert await _ids(crm, updated_since="2026-11-20T12:30:00Z") == ["A"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"colour": "blue"}, "colour"),
        ({"limit": 101}, "limit"),
        ({"sort": "product"}, "sort"),
        ({"triage": "maybe"}, "triage"),
        ({"received_from": "2026-11-12"}, "received_from"),
        ({"received_from": "0001-01-01T00:00:00+14:00"}, "received_from"),
        ({"channel": "pigeon"}, "channel"),
    ],
)
async def test_a_parameter_that_is_unknown_or_wrong_is_refused_by_name(
    world: World, query: dict[str, Any], parameter: str
) -> None:
    answer = await world.client("crm").get(PATH, params=query)

    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, parameter)


@pytest.mark.parametrize("sort", ["received_at", "-received_at", "recorded_at", "-recorded_at"])
async def test_pages_show_each_complaint_once_while_others_come_in(world: World, sort: str) -> None:
    crm = world.client("crm")
    for number in range(7):  # some share an instant, so that the id must break the tie
        await _post(crm, external_id=f"X-{number}", received_at=f"2026-11-1{number // 3}T00:00:00Z")
        world.clock.move(minutes=number % 2)
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3, "sort": sort, "received_to": "2026-11-15T00:00:00Z"}

    while True:
        page = await crm.get(PATH, params=query)
        seen += [item["external_id"] for item in page.json()["items"]]
        await _post(crm, external_id=f"late-{len(seen)}", received_at="2026-11-16T00:00:00Z")
        if not page.json()["has_more"]:
            break
        assert page.json()["next_cursor"] in page.headers["link"]
        query["cursor"] = page.json()["next_cursor"]

    assert (len(seen), set(seen)) == (7, {f"X-{number}" for number in range(7)})


async def test_a_cursor_of_another_list_or_another_caller_is_refused(world: World) -> None:
    crm = world.client("crm")
    for _ in range(2):
        await _post(crm)
    cursor = (await crm.get(PATH, params={"limit": 1})).json()["next_cursor"]

    other_filter = await crm.get(PATH, params={"limit": 1, "cursor": cursor, "product": "loan"})
    other_caller = await world.client("shop").get(PATH, params={"limit": 1, "cursor": cursor})

    kinds = [answer.json()["type"].rpartition("/")[2] for answer in (other_filter, other_caller)]
    assert kinds == ["invalid-cursor", "invalid-cursor"]


async def test_a_list_shows_who_complains_only_with_the_scope_for_it(world: World) -> None:
    await _post(world.client("crm"), complainant={"name": "Ada"})

    shown = [(await world.client(who).get(PATH)).json()["items"][0] for who in ("reader", "staff")]

    assert "complainant" not in shown[0]
    assert shown[1]["complainant"]["name"] == "Ada"
