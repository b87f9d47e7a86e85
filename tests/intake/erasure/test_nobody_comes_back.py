"""Whatever is told of an erased complaint later: nobody comes back."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from intake.wiring import build_import
from tests.intake.erasure.erika import NOTED, PATH, STATUS, TOLD, erase, post, where_the_person_is
from tests.intake.world import World


async def test_a_late_repeat_of_the_request_makes_no_second_complaint_and_brings_nobody_back(
    world: World,
) -> None:
    anonymous = {name: value for name, value in TOLD.items() if name != "external_id"}
    number = (await post(world, anonymous, **{"Idempotency-Key": "k-1"}))["number"]
    await erase(world, number)

    again = await post(world, anonymous, **{"Idempotency-Key": "k-1"})

    assert (again["number"], again["description"]) == (number, "")
    assert await world.count("complaint") == 1
    assert await where_the_person_is(world) == []


async def test_the_source_keeps_its_status_after_an_erasure_and_no_note_is_taken_any_more(
    world: World,
) -> None:
    number, crm = (await post(world))["number"], world.client("crm")
    assert (await crm.put(STATUS, json=NOTED, headers={"If-Match": "*"})).status_code == 200
    await erase(world, number)

    refused = await crm.put(STATUS, json=NOTED, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "complaint-erased")
    assert refused.json()["errors"][0]["pointer"] == "/note"
    shown = (await crm.get(f"{PATH}/{number}")).json()["crm_status"]
    assert (shown["code"], shown["note"]) == ("waiting", None)
    done = await crm.put(STATUS, json={"code": "done"}, headers={"If-Match": "*"})
    assert done.json()["crm_status"]["code"] == "done"
    history = (await world.client("staff").get(f"{PATH}/{number}/history")).json()
    assert history["intact"]


@pytest.mark.parametrize(
    ("change", "outcome", "product"),
    [
        ({}, "unchanged", "credit-card"),
        ({"description": "Erika Musterfrau asks again"}, "unchanged", "credit-card"),
        ({"product": "loan"}, "amended", "loan"),
        ({"product": "loan", "source_updated_at": "2026-11-18T00:00:00Z"}, "stale", "credit-card"),
        ({"product": "loan", "source_updated_at": "2026-11-19T00:00:00Z"}, "unchanged", "credit-card"),
        ({"product": "loan", "source_updated_at": "2026-11-20T00:00:00Z"}, "amended", "loan"),
    ],
)
async def test_what_the_source_tells_after_an_erasure_changes_codes_and_brings_nobody_back(
    world: World, change: dict[str, Any], outcome: str, product: str
) -> None:
    told = TOLD | {"source_updated_at": "2026-11-19T00:00:00Z"} if "source_updated_at" in change else TOLD
    number = (await post(world, told))["number"]
    await erase(world, number)

    again = await post(world, told | change)
    assert (again["outcome"], again["product"], again["number"]) == (outcome, product, number)
    assert (await post(world, told | change))["outcome"] in {"unchanged", "stale"}

    assert await where_the_person_is(world) == []
    history = (await world.client("staff").get(f"{PATH}/{number}/history")).json()
    assert history["intact"]


async def test_an_import_brings_nobody_back(world: World) -> None:
    number = (await post(world))["number"]
    await erase(world, number)
    imported = await world.client("importer").post(
        "/v1/imports?profile=native",
        content=orjson.dumps({**TOLD, "attachments": [], "product": "loan"}) + b"\n",
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert imported.status_code == 202, imported.text
    process = build_import(world.intake)
    while await process():
        pass

    shown = (await world.client("staff").get(f"{PATH}/{number}")).json()
    assert (shown["product"], shown["complainant"], shown["title"]) == ("loan", None, None)
    assert await where_the_person_is(world) == []


@pytest.mark.parametrize(
    ("change", "status"),
    [({"description": "She is Erika"}, 409), ({"title": "Erika"}, 409), ({"lot": "L-2"}, 200)],
)
async def test_staff_can_correct_codes_of_an_erased_complaint_and_put_no_text_back(
    world: World, change: dict[str, str], status: int
) -> None:
    number = (await post(world))["number"]
    await erase(world, number)

    answer = await world.client("staff").patch(
        f"{PATH}/{number}", json={"reason": "heard more", **change}, headers={"If-Match": "*"}
    )

    assert answer.status_code == status, answer.text
    if status == 409:
        assert answer.json()["type"].endswith("/complaint-erased")
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{next(iter(change))}"]


async def test_no_file_is_attached_to_an_erased_complaint(world: World, tmp_path: Path) -> None:
    number = (await post(world))["number"]
    await erase(world, number)

    answer = await world.client("crm").post(
        f"{PATH}/{number}/attachments",
        content=b"%PDF-1.7 of Erika",
        headers={"Content-Type": "application/pdf", "Content-Disposition": 'attachment; filename="a.pdf"'},
    )

    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "complaint-erased")
    assert not [path for path in (tmp_path / "attachments").rglob("*") if path.is_file()]
