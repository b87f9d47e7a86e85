"""Rule 10: erasure keeps the books. The person is unreadable everywhere; numbers and chains stay."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from structlog.testing import capture_logs

from intake.db.indexing import PostgresSearchIndex
from intake.domain.lifecycle.forgetting import TEXTS
from intake.domain.lifecycle.words import Step
from intake.settings import load_retention
from intake.usecases.ending_forms import FORMS
from intake.usecases.index_complaints import IndexComplaints
from intake.wiring import build_announce_again, build_import
from tests.intake.crm import changes, publish, register
from tests.intake.lifecycle.desk import Desk
from tests.intake.world import CONFIG, NOON, World, a_complaint, open_world

PATH = "/v1/complaints"
WORDS = (
    "Musterfrau",
    "erika@example.org",
    "+49 30 123456",
    "Heidestrasse",
    "K-4711",
    "Lieselotte",
    "wedding ring",
    "SN-777-ERIKA",
    "erika-letter",
    "Apology to Erika",
    "goldsmith in Ulm",
)
ERIKA = {
    "reference": "K-4711",
    "name": "Erika Musterfrau",
    "email": "erika@example.org",
    "phone": "+49 30 123456",
    "address": "Heidestrasse 17, Berlin",
    "country": "DE",
}
TOLD = a_complaint(
    external_id="E-1",
    complainant=ERIKA,
    title="My wedding ring",
    description="Lieselotte at the desk lost my wedding ring.",
    remedy_sought="Apology to Erika",
    serial="SN-777-ERIKA",
    lot="L-1",
    site="plant-1",
    attachments=[
        {
            "name": "erika-letter.pdf",
            "url": "https://crm.test/erika-letter.pdf",
            "media_type": "application/pdf",
        }
    ],
)
STATUS = f"{PATH}/by-external-id/-/E-1/crm-status"
NOTED = {"code": "waiting", "note": "She asked the goldsmith in Ulm."}
NAMELESS = ("complainant", "description", "remedy_sought", "serial", "title", "attachments")


@pytest.fixture
async def world(intake_url: str, tmp_path: Path) -> AsyncIterator[World]:
    store: dict[str, Any] = {"attachment_store": "folder", "attachment_folder": tmp_path / "attachments"}
    async with open_world(intake_url, tmp_path, **store) as world:
        yield world


async def post(world: World, body: Mapping[str, Any] = TOLD, **headers: str) -> dict[str, Any]:
    answer = await world.client("crm").post(PATH, json=dict(body), headers=headers)
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def erase(world: World, number: str, **headers: str) -> httpx.Response:
    return await world.client("privacy").post(
        f"{PATH}/{number}/erasure",
        json={"reason": "Request under Article 17", "requested_at": "2026-11-19T09:00:00Z"},
        headers={"If-Match": "*"} | headers,
    )


async def every_text(world: World) -> dict[str, str]:
    """Every column of every table, as one text each; bytes also as the text that they may be."""
    columns = await world.rows(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
    )
    found = {}
    for table, column, kind in columns:
        rows = await world.rows(f'SELECT "{column}" AS value FROM "{table}"')  # noqa: S608 - names from the catalogue
        texts = [
            bytes(row.value).decode("latin-1")
            if kind == "bytea" and row.value is not None
            else str(row.value)
            for row in rows
        ]
        found[f"{table}.{column}"] = "\n".join(texts)
    return found


async def where_the_person_is(world: World) -> list[tuple[str, str]]:
    return [
        (place, word)
        for place, text in (await every_text(world)).items()
        for word in WORDS
        if word.casefold() in text.casefold()
    ]


async def bring_to_life(world: World, folder: Path) -> str:
    """A complaint that has left its person everywhere that it can, and others beside it."""
    number = str((await post(world, TOLD, **{"Idempotency-Key": "k-1"}))["number"])
    staff, crm = world.client("staff"), world.client("crm")
    amended = await staff.patch(
        f"{PATH}/{number}",
        json={"reason": "heard more", "description": "Lieselotte says that the wedding ring was gold."},
        headers={"If-Match": '"v1"'},
    )
    assert amended.status_code == 200
    await post(world, TOLD | {"title": "Lieselotte lost my wedding ring"})
    files: list[str] = []
    for content in (b"%PDF-1.7 by Erika Musterfrau", b"%PDF-1.7 more of Lieselotte"):
        attached = await crm.post(
            f"{PATH}/{number}/attachments",
            content=content,
            headers={
                "Content-Type": "application/pdf",
                "Content-Disposition": f'attachment; filename="erika-letter-{len(content)}.pdf"',
                "Idempotency-Key": f"file-{len(content)}",
            },
        )
        assert attached.status_code == 201, attached.text
        files.append(attached.headers["location"])
    await crm.delete(files[-1], params={"reason": "twice"}, headers={"If-Match": "*"})
    await register(crm, "https://crm.test/hooks")
    noted = await crm.put(STATUS, json=NOTED, headers={"If-Match": "*"})
    assert noted.status_code == 200, noted.text
    await publish(world)
    row = {**TOLD, "description": "Lieselotte again"}
    rehearsed = await world.client("importer").post(
        "/v1/imports?dry_run=true&profile=native",
        content=orjson.dumps({**row, "attachments": None} | {"attachments": []}) + b"\n",
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert rehearsed.status_code == 202, rehearsed.text
    process = build_import(world.intake)
    while await process():
        pass
    await post(world, a_complaint(external_id="E-2", product="loan", complainant={"name": "Max Anders"}))
    assert any(folder.rglob("*"))
    return number


async def handled_with_words(world: World, number: str) -> None:
    """A whole lifecycle with the person in every text, and a run that is still open."""
    desk, said = Desk(world), "Erika Musterfrau and Lieselotte"
    words = {
        name: f"{name}: {said}"
        for name in ("note", "reason", "reply", "reply_reference", "finding", "capa_rationale", "awaited")
    }

    async def take(*steps: str, who: str = "owner") -> None:
        for step in steps:
            texts = {name: text for name, text in words.items() if name in FORMS[Step(step)].model_fields}
            await desk.take(number, step, who=who, **texts)
            world.clock.move(minutes=1)

    urgent = {"immediate_action": True, "immediate_action_taken": f"We called {said}", "note": said}
    await desk.take(number, "assess", who="owner", **urgent)
    await take("acknowledge", "assign", "start-investigation", "wait-for-customer", "end-waiting")
    await take("update-customer", "respond", "record-contact-attempt", "customer-rejects", "respond")
    await take("customer-accepts")
    await desk.triaged(number)
    await take("close", who="quality")
    await take("reopen")
    if (await desk.read(number))["state"] == "assessed":
        await take("start-investigation")
    await take("respond", "record-contact-attempt", "wait-for-customer")


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


async def hold(world: World, number: str, **body: Any) -> httpx.Response:
    return await world.client("privacy").post(
        f"{PATH}/{number}/hold", json={"reason": "Lawsuit 7 O 118/26"} | body
    )


async def test_a_hold_refuses_erasure_and_says_why_and_until_when(world: World) -> None:
    number = (await post(world))["number"]
    placed = await hold(world, number, until="2026-12-24T00:00:00Z")
    assert (placed.status_code, placed.json()["hold"]["placed_by"]) == (200, "person:petra.privacy")

    refused = await erase(world, number)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "erasure-held")
    assert "2026-12-24" in refused.json()["detail"]
    assert "Lawsuit 7 O 118/26" in refused.json()["detail"]
    person = {"source_system": "crm", "reference": "K-4711", "reason": "Request"}
    told = (await world.client("privacy").post("/v1/complainants/erasure", json=person)).json()["items"][0]
    assert (told["outcome"], told["reason"], told["until"]) == (
        "held",
        "Lawsuit 7 O 118/26",
        "2026-12-24T00:00:00Z",
    )

    world.clock.move(days=40)
    assert (await erase(world, number)).status_code == 200


async def test_a_hold_ends_when_it_is_released_and_the_history_keeps_both(world: World) -> None:
    number, privacy = (await post(world))["number"], world.client("privacy")
    await hold(world, number)
    await hold(world, number)
    await hold(world, number, reason="Lawsuit 8 O 1/27")
    assert (await privacy.get(f"{PATH}/{number}/hold")).json()["hold"]["reason"] == "Lawsuit 8 O 1/27"
    for _ in range(2):
        released = await privacy.delete(f"{PATH}/{number}/hold", params={"reason": "settled"})
        assert (released.status_code, released.json()) == (200, {"hold": None})
    assert (await erase(world, number)).status_code == 200

    history = (await world.client("staff").get(f"{PATH}/{number}/history")).json()
    assert history["intact"]
    assert [(item["action"], item["reason"]) for item in history["items"][1:]] == [
        ("held", "Lawsuit 7 O 118/26"),
        ("held", "Lawsuit 8 O 1/27"),
        ("hold_released", "settled"),
        ("erased", "Request under Article 17"),
    ]


async def test_a_hold_in_the_past_is_refused(world: World) -> None:
    number = (await post(world))["number"]
    answer = await hold(world, number, until="2026-11-01T00:00:00Z")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, "hold-over")


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
