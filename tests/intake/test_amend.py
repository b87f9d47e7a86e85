"""Correcting complaints, and their history."""

from typing import Any

import httpx
import pytest

from events.contracts.intake import ComplaintAmendedV1
from tests.intake.world import World, a_complaint

PATH = "/v1/complaints/C-10001"


async def _with_complaint(world: World, **changes: Any) -> httpx.AsyncClient:
    answer = await world.client("crm").post("/v1/complaints", json=a_complaint(**changes))
    assert answer.status_code == 201
    return world.client("staff")


async def _patch(client: httpx.AsyncClient, body: dict[str, Any], version: str = '"v1"') -> httpx.Response:
    return await client.patch(PATH, json={"reason": "put right"} | body, headers={"If-Match": version})


async def test_a_correction_changes_what_it_names_and_keeps_the_rest(world: World) -> None:
    staff = await _with_complaint(world, lot="L-1", site="plant-1", title="Twice")

    answer = await _patch(staff, {"category": "fees", "lot": None, "site": "plant-2"})

    body = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (200, '"v2"')
    assert (body["category"], body["lot"], body["site"], body["title"]) == ("fees", None, "plant-2", "Twice")
    _, event = await world.told()
    assert isinstance(event.data, ComplaintAmendedV1)
    assert (event.data.site, event.data.changed) == ("plant-2", ("category", "lot", "site"))


async def test_a_correction_is_announced_once_with_the_names_of_what_changed(world: World) -> None:
    staff = await _with_complaint(world)

    await _patch(staff, {"description": "Flurb!", "complainant": {"name": "Zoe"}})

    _, event = await world.told()
    assert isinstance(event.data, ComplaintAmendedV1)
    assert (event.version, event.actor, event.data.changed) == (
        2,
        "person:anna.berg",
        ("description", "complainant"),
    )
    raw = b"".join(bytes(row.headers) + bytes(row.value) for row in await world.rows("SELECT * FROM outbox"))
    assert b"Flurb" not in raw
    assert b"Zoe" not in raw


async def test_a_correction_without_if_match_is_428(world: World) -> None:
    staff = await _with_complaint(world)

    answer = await staff.patch(PATH, json={"reason": "r", "product": "p"})

    assert answer.status_code == 428


async def test_a_correction_of_an_older_version_is_412_and_tells_the_current_one(world: World) -> None:
    staff = await _with_complaint(world)
    await _patch(staff, {"product": "loan"})

    answer = await _patch(staff, {"product": "card"})

    assert (answer.status_code, answer.headers["etag"]) == (412, '"v2"')
    assert (await staff.get(PATH)).json()["product"] == "loan"


async def test_a_correction_that_changes_nothing_makes_no_version_and_no_announcement(world: World) -> None:
    staff = await _with_complaint(world)

    answer = await _patch(staff, {"product": "credit-card"})

    assert (answer.status_code, answer.headers["etag"], len(await world.told())) == (200, '"v1"', 1)


@pytest.mark.parametrize(
    "body",
    [
        {"reason": None, "product": "p"},
        {"reason": " ", "product": "p"},
        {"product": None},
        {"description": None},
        {"external_id": "X"},
        {"historical": True},
        {"received_at": "2027-01-01T00:00:00Z"},
    ],
)
async def test_a_correction_without_reason_or_of_what_must_stay_is_422(
    world: World, body: dict[str, Any]
) -> None:
    staff = await _with_complaint(world)

    answer = await _patch(staff, body)

    assert (answer.status_code, (await staff.get(PATH)).json()["version"]) == (422, 1)


async def test_the_complainant_is_replaced_whole_and_removed_by_null(world: World) -> None:
    staff = await _with_complaint(world, complainant={"name": "Ada", "email": "a@b.test"})

    replaced = (await _patch(staff, {"complainant": {"name": "Eve"}})).json()
    removed = (await _patch(staff, {"complainant": None}, '"v2"')).json()

    assert (replaced["complainant"]["name"], replaced["complainant"]["email"]) == ("Eve", None)
    assert (removed["complainant"], await world.count("complainant")) == (None, 0)


async def test_the_history_tells_who_when_what_and_why_in_an_unbroken_chain(world: World) -> None:
    staff = await _with_complaint(world)
    world.clock.move(hours=1)
    await _patch(staff, {"product": "loan"})

    history = (await staff.get(f"{PATH}/history")).json()

    first, second = history["items"]
    assert (history["intact"], history["broken_at"]) == (True, None)
    assert (first["action"], first["actor"], first["changes"]["product"]) == (
        "received",
        "system:crm-1",
        "credit-card",
    )
    assert (second["action"], second["actor"], second["reason"]) == (
        "amended",
        "person:anna.berg",
        "put right",
    )
    assert (second["at"], second["changes"]) == ("2026-11-20T13:00:00Z", {"product": ["credit-card", "loan"]})


async def test_former_texts_stay_readable_for_those_with_the_scope_and_for_no_one_else(world: World) -> None:
    staff = await _with_complaint(world, description="before")
    await _patch(staff, {"description": "after"})

    own = (await staff.get(f"{PATH}/history")).json()["items"][1]
    others = (await world.client("reader").get(f"{PATH}/history")).json()["items"][1]

    assert own["withheld"]["description"] == ["before", "after"]
    assert "before" not in str(others)
    assert others["changes"]["withheld"] == ["description"]


async def test_a_history_that_was_tampered_with_says_where(world: World) -> None:
    staff = await _with_complaint(world)
    await _patch(staff, {"product": "loan"})
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE complaint_history SET reason = 'nothing' WHERE position = 2")

    history = (await staff.get(f"{PATH}/history")).json()

    assert (history["intact"], history["broken_at"]) == (False, 2)


async def test_a_withheld_text_that_was_tampered_with_says_where(world: World) -> None:
    staff = await _with_complaint(world, description="before")
    await _patch(staff, {"description": "after"})
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql(
            """UPDATE complaint_history SET withheld = jsonb_set(withheld, '{description,0}', '"other"')
                WHERE position = 2"""
        )

    history = (await staff.get(f"{PATH}/history")).json()

    assert (history["intact"], history["broken_at"]) == (False, 2)


async def test_texts_that_are_gone_without_an_erasure_break_the_history(world: World) -> None:
    staff = await _with_complaint(world, description="before")
    await _patch(staff, {"description": "after"})
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE complaint_history SET withheld = NULL")

    history = (await staff.get(f"{PATH}/history")).json()

    assert (history["intact"], history["broken_at"], history["items"][1]["withheld"]) == (False, 2, None)
