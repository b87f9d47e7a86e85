"""Rule 10: erasure keeps the books. The person is unreadable everywhere; numbers and chains stay."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from structlog.testing import capture_logs

from intake.db.indexing import PostgresSearchIndex
from intake.domain.lifecycle.forgetting import TEXTS
from intake.settings import load_retention
from intake.usecases.index_complaints import IndexComplaints
from intake.wiring import build_announce_again
from tests.intake.crm import changes, publish
from tests.intake.erasure.erika import (
    NAMELESS,
    PATH,
    TOLD,
    WORDS,
    bring_to_life,
    erase,
    handled_with_words,
    hold,
    post,
    where_the_person_is,
)
from tests.intake.world import CONFIG, NOON, World, a_complaint


def without_texts(value: Any) -> Any:
    """What is shown of a handling, but for what people wrote."""
    if isinstance(value, list):
        return [without_texts(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: without_texts(each) for name, each in value.items() if name not in TEXTS}


async def numbers(world: World) -> list[Any]:
    """What is counted and listed, by those who may not see personal data."""
    reader = world.client("reader")
    listed = (await reader.get(PATH, params={"sort": "number"})).json()["items"]
    changing = {"updated_at", "version", "erased_at", "crm_status", *NAMELESS}
    shown = [
        {name: without_texts(value) for name, value in item.items() if name not in changing}
        for item in listed
    ]
    filters: list[dict[str, Any]] = [
        {"product": "credit-card"},
        {"lot": "L-1"},
        {"site": "plant-1"},
        {"channel": "phone"},
        {"external_id": "E-1"},
        {"received_from": "2026-11-20T00:00:00Z"},
    ]
    counted = [len((await reader.get(PATH, params=one)).json()["items"]) for one in filters]
    exported = (await reader.get(f"{PATH}/export", params={"format": "csv"})).text.splitlines()
    return [shown, counted, len(exported), await world.count("complaint")]


async def test_erasure_keeps_the_books(world: World, tmp_path: Path) -> None:
    with capture_logs() as logs:
        number = await bring_to_life(world, tmp_path / "attachments")
        await handled_with_words(world, number)
        await IndexComplaints(PostgresSearchIndex(world.engine))()
        await world.client("staff").get(PATH, params={"complainant_reference": "K-4711", "q": "Lieselotte"})
        before, entries = await numbers(world), await world.count("complaint_history")
        places = await where_the_person_is(world)
        assert {word for _, word in places} == set(WORDS), "the test leaves them all"
        assert {place for place, _ in places} >= {
            "complaint_handling.record",
            "complaint_history.withheld",
            "complaint_search.words",
        }
        handling = (await world.client("quality").get(f"{PATH}/{number}")).json()["handling"]
        answer = await erase(world, number)
        await world.client("staff").get(f"{PATH}/{number}")

    assert answer.status_code == 200, answer.text
    assert answer.json() | {"complaint_id": "", "erased_at": ""} == {
        "complaint_id": "",
        "number": number,
        "version": 22,
        "erased_at": "",
        "erased": [
            "complainant",
            "attachments",
            "description",
            "remedy_sought",
            "serial",
            "title",
            "crm_status",
            "handling",
            "history",
        ],
        "files": 1,
    }
    await publish(world)
    assert await world.count("webhook_delivery") == await world.count("complaint_change") > 0
    assert await where_the_person_is(world) == []
    left = (await world.client("quality").get(f"{PATH}/{number}")).json()["handling"]
    assert without_texts(left) == without_texts(handling)
    assert (left["response"]["reply"], left["waiting_for"], left["assessment"]["note"]) == ("", "", "")
    assert len(logs) > 1
    assert not [word for word in WORDS if word in json.dumps(logs, default=str)]
    assert not [path for path in (tmp_path / "attachments").rglob("*") if path.is_file()]
    assert await numbers(world) == before
    for query in ({"q": "Lieselotte"}, {"q": "SN-777-ERIKA"}, {"complainant_reference": "K-4711"}):
        assert (await world.client("staff").get(PATH, params=query)).json()["items"] == []
    history = (await world.client("staff").get(f"{PATH}/{number}/history")).json()
    assert (history["intact"], history["broken_at"]) == (True, None)
    assert await world.count("complaint_history") == entries + 2
    last = history["items"][-1]
    assert (last["action"], last["actor"], last["reason"], last["withheld"]) == (
        "erased",
        "person:petra.privacy",
        "Request under Article 17",
        None,
    )
    assert last["changes"] == {
        "erased": answer.json()["erased"],
        "files": 1,
        "basis": "request",
        "requested_at": "2026-11-19T09:00:00.000000Z",
        "policy_version": load_retention(CONFIG).version,
    }


async def test_no_event_ever_told_a_word_of_the_person_and_telling_again_brings_none_back(
    world: World, tmp_path: Path
) -> None:
    from events.again import Part, Place

    number = await bring_to_life(world, tmp_path / "attachments")
    await erase(world, number)
    again = build_announce_again(world.intake)
    told = await again(Part(place=Place("complaints"), since=None, records=10, dry_run=False))
    assert len(told.events) == 3

    events = " ".join(event.model_dump_json() for event in await world.told())

    assert not [word for word in WORDS if word in events]
    assert await where_the_person_is(world) == []


async def test_no_digest_is_left_that_would_confirm_a_guess_at_the_person(
    world: World, tmp_path: Path
) -> None:
    number = await bring_to_life(world, tmp_path / "attachments")
    kept = await world.rows("SELECT source_digest FROM complaint WHERE external_id = 'E-1'")
    fingerprints = await world.rows("SELECT key, fingerprint FROM idempotency_key WHERE fingerprint <> ''")
    assert (len(bytes(kept[0].source_digest)), len(fingerprints)) == (32, 3)
    assert await world.rows("SELECT 1 FROM import_row WHERE digest IS NOT NULL")

    await erase(world, number)

    (row,) = await world.rows("SELECT source_digest FROM complaint WHERE external_id = 'E-1'")
    assert bytes(row.source_digest) == b""
    assert not await world.rows("SELECT 1 FROM idempotency_key WHERE fingerprint <> ''")
    assert not await world.rows("SELECT 1 FROM import_row WHERE digest IS NOT NULL")
    assert not await world.rows("SELECT 1 FROM attached_file WHERE sha256 IS NOT NULL")
    assert not await world.rows("SELECT 1 FROM complaint_history WHERE changes ? 'sha256'")


async def test_the_source_is_told_of_an_erasure_and_of_no_hold(world: World) -> None:
    number, crm = (await post(world))["number"], world.client("crm")
    await publish(world)
    cursor = (await changes(crm))["next_cursor"]
    assert (await hold(world, number)).is_success
    released = await world.client("privacy").delete(f"{PATH}/{number}/hold", params={"reason": "settled"})
    assert released.is_success
    assert (await erase(world, number)).is_success
    await publish(world)

    (told,) = (await changes(crm, after=cursor))["items"]
    assert (told["type"], told["data"]["action"]) == ("complaint.updated", "erased")
    assert {"complainant", "description"} <= set(told["data"]["changed"])
    assert "basis" not in told["data"]["changed"]


async def test_erasing_again_changes_nothing(world: World) -> None:
    number = (await post(world))["number"]
    first = await erase(world, number)
    entries = await world.count("complaint_history")
    world.clock.move(hours=1)

    again = await erase(world, number, **{"If-Match": '"v1"'})

    assert again.status_code == 200
    assert again.json() == first.json() | {"erased": [], "files": 0}
    assert again.headers["etag"] == first.headers["etag"] == '"v2"'
    assert await world.count("complaint_history") == entries


async def test_who_read_another_version_erases_nothing(world: World) -> None:
    number = (await post(world))["number"]
    without = await world.client("privacy").post(f"{PATH}/{number}/erasure", json={"reason": "asked for"})
    stale = await erase(world, number, **{"If-Match": '"v7"'})

    assert (without.status_code, stale.status_code) == (428, 412)
    assert (await world.client("staff").get(f"{PATH}/{number}")).json()["complainant"] is not None


async def test_an_erasure_that_was_asked_for_in_the_future_is_refused(world: World) -> None:
    number = (await post(world))["number"]
    answer = await world.client("privacy").post(
        f"{PATH}/{number}/erasure",
        json={"reason": "asked for", "requested_at": "2027-01-01T00:00:00Z"},
        headers={"If-Match": "*"},
    )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/requested_at")


async def test_a_person_is_erased_from_every_complaint_of_the_source_that_names_them_or_once_did(
    world: World,
) -> None:
    max_ = {"reference": "K-9", "name": "Max Anders"}
    named = [(await post(world, TOLD | {"external_id": f"E-{nth}"}))["number"] for nth in range(2)]
    former = (await post(world, TOLD | {"external_id": "E-8"}))["number"]
    now = a_complaint(external_id="E-8", complainant=max_, description="A mistake.")
    await post(world, now)
    other = (await post(world, a_complaint(external_id="E-9", complainant=max_)))["number"]
    foreign = await world.client("shop").post(PATH, json={**TOLD, "external_id": "S-1"})
    privacy = world.client("privacy")
    body = {"source_system": "crm", "reference": "K-4711", "reason": "Request under Article 17"}

    rehearsed = await privacy.post("/v1/complainants/erasure", json=body | {"dry_run": True})
    entries = await world.count("complaint_history")
    done = await privacy.post("/v1/complainants/erasure", json=body)

    expected = [(named[0], "erased"), (named[1], "erased"), (former, "history_erased")]
    for answer in (rehearsed, done):
        assert [(one["number"], one["outcome"]) for one in answer.json()["items"]] == expected
    assert await world.count("complaint_history") == entries + 3
    staff = world.client("staff")
    shown = {
        number: (await staff.get(f"{PATH}/{number}")).json()["complainant"]
        for number in (*named, former, other, foreign.json()["number"])
    }
    assert [person and person["reference"] for person in shown.values()] == [
        None,
        None,
        "K-9",
        "K-9",
        "K-4711",
    ]
    assert {place for place, _ in await where_the_person_is(world)} <= {
        f"{table}.{column}"
        for table in ("complainant", "complaint")
        for column in (
            "reference",
            "name",
            "email",
            "phone",
            "address",
            "title",
            "description",
            "remedy_sought",
            "serial",
            "attachments",
        )
    }, "the shop's own complaint is another source's"
    assert (await privacy.post("/v1/complainants/erasure", json=body)).json()["items"] == []
    for number, action in (*((each, "erased") for each in named), (former, "history_erased")):
        history = (await staff.get(f"{PATH}/{number}/history")).json()
        assert (history["intact"], history["items"][-1]["action"]) == (True, action)


async def test_the_ids_of_the_person_s_complaint_stay(world: World) -> None:
    told = await post(world)
    await erase(world, told["number"])
    shown = (await world.client("crm").get(f"{PATH}/{told['id']}")).json()
    assert (UUID(shown["id"]), shown["external_id"], shown["correlation_id"]) == (
        UUID(told["id"]),
        "E-1",
        told["correlation_id"],
    )
    assert shown["erased_at"] == (NOON + timedelta()).isoformat().replace("+00:00", "Z")
