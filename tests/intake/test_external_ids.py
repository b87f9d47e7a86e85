"""Complaints by the id that their source has for them, and the status that the source gives them."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from events.contracts.intake import ComplaintAmendedV1
from tests.intake.crm import changes, publish, receive
from tests.intake.world import World

BASE = "/v1/complaints/by-external-id"
ODD = ["CASE-1", "a/b", "a/crm-status", "50%/year?", "Fälle #7", "a b+c", "%2F", "..;x"]


def at(external_id: str, source: str = "-") -> str:
    return f"{BASE}/{quote(source, safe='')}/{quote(external_id, safe='')}"


async def note(
    client: httpx.AsyncClient, external_id: str, *, match: str = "*", **body: Any
) -> httpx.Response:
    return await client.put(f"{at(external_id)}/crm-status", json=body, headers={"If-Match": match})


@pytest.mark.parametrize("external_id", ODD)
async def test_a_complaint_is_found_and_its_status_noted_by_whatever_id_its_source_has_for_it(
    world: World, external_id: str
) -> None:
    crm = world.client("crm")
    received = await receive(crm, external_id)
    for source in ("-", "crm"):
        found = await crm.get(at(external_id, source))
        assert (found.status_code, found.json()["id"], found.headers["etag"]) == (200, received["id"], '"v1"')
    noted = await note(crm, external_id, code="in_progress")
    assert (noted.status_code, noted.json()["external_id"], noted.headers["etag"]) == (
        200,
        external_id,
        '"v2"',
    )


async def test_a_source_whose_code_holds_a_slash_is_named_percent_encoded(world: World) -> None:
    staff = world.client("staff")
    received = await receive(staff, "a/b", source_system="shop/eu")
    assert (await staff.get(at("a/b", "shop/eu"))).json()["id"] == received["id"]


async def test_another_sources_complaint_is_as_if_it_were_not_there(world: World) -> None:
    crm, shop = world.client("crm"), world.client("shop")
    await receive(crm, "1")
    absent = await shop.get(at("2", "shop"))
    for foreign in (await shop.get(at("1", "crm")), await shop.get(at("1")), await note(shop, "1", code="x")):
        assert (foreign.status_code, foreign.json()["detail"]) == (404, absent.json()["detail"])
    assert (await world.client("staff").get(at("1"))).status_code == 404  # staff have no source of their own
    assert (await world.client("staff").get(at("1", "crm"))).status_code == 200


async def test_what_the_source_says_of_its_own_work_is_kept_and_shown(world: World) -> None:
    crm = world.client("crm")
    await receive(crm, "1")
    noted = await note(
        crm, "1", code="waiting", at="2026-11-20T11:00:00Z", reference="CASE-7", note="Called Ada."
    )
    expected = {
        "code": "waiting",
        "at": "2026-11-20T11:00:00Z",
        "reference": "CASE-7",
        "note": "Called Ada.",
    }
    assert noted.json()["crm_status"] == expected
    assert (await crm.get(at("1"))).json()["crm_status"] == expected
    assert (await world.client("staff").get("/v1/complaints")).json()["items"][0]["crm_status"] == expected


async def test_the_note_is_in_no_event_feed_or_open_history(world: World) -> None:
    crm = world.client("crm")
    received = await receive(crm, "1")
    await note(crm, "1", code="waiting", note="Called Ada.")
    await publish(world)
    event = (await world.told())[-1]
    assert isinstance(event.data, ComplaintAmendedV1)
    assert (event.data.changed, event.version) == (("crm_status",), 2)
    assert (await changes(crm))["items"][1]["data"]["changed"] == ["crm_status"]
    for text in (
        event.data.model_dump_json(),
        (await crm.get("/v1/changes")).text,
        (await crm.get(f"/v1/complaints/{received['id']}/history")).text,
    ):
        assert "Ada" not in text
    history = (await world.client("staff").get(f"/v1/complaints/{received['id']}/history")).json()
    assert history["intact"]
    assert history["items"][1]["action"] == "crm_status_noted"
    assert "Called Ada." in str(history["items"][1]["withheld"])


async def test_a_repeat_changes_nothing(world: World) -> None:
    crm = world.client("crm")
    await receive(crm, "1")
    await note(crm, "1", code="waiting")
    world.clock.move(minutes=1)
    again = await note(crm, "1", code="waiting")
    assert (again.headers["etag"], len(await world.told())) == ('"v2"', 2)


async def test_a_status_names_the_version_that_was_read(world: World) -> None:
    crm = world.client("crm")
    await receive(crm, "1")
    missing = await crm.put(f"{at('1')}/crm-status", json={"code": "x"})
    stale = await note(crm, "1", code="x", match='"v2"')
    assert (missing.status_code, stale.status_code, stale.headers["etag"]) == (428, 412, '"v1"')


async def test_amending_afterwards_keeps_the_status(world: World) -> None:
    crm = world.client("crm")
    await receive(crm, "1")
    await note(crm, "1", code="waiting")
    await receive(crm, "1", lot="L-7")
    found = (await crm.get(at("1"))).json()
    assert (found["lot"], found["crm_status"]["code"], found["version"]) == ("L-7", "waiting", 3)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/code"),
        ({"code": "not a code"}, "/code"),
        ({"code": "x", "at": "2026-11-20"}, "/at"),
        ({"code": "x", "at": "2026-11-21T12:00:00Z"}, "/at"),
        ({"code": "x", "note": ""}, "/note"),
        ({"code": "x", "status": "y"}, "/status"),
    ],
)
async def test_a_status_that_does_not_fit_is_refused_by_its_name(
    world: World, body: dict[str, Any], pointer: str
) -> None:
    crm = world.client("crm")
    await receive(crm, "1")
    answer = await crm.put(f"{at('1')}/crm-status", json=body, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
