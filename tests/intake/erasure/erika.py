"""A person who has left traces everywhere that they can, and where to look for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson

from intake.domain.lifecycle.words import Step
from intake.usecases.ending_forms import FORMS
from intake.wiring import build_import
from tests.intake.crm import publish, register
from tests.intake.lifecycle.desk import Desk
from tests.intake.world import World, a_complaint

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


async def hold(world: World, number: str, **body: Any) -> httpx.Response:
    return await world.client("privacy").post(
        f"{PATH}/{number}/hold", json={"reason": "Lawsuit 7 O 118/26"} | body
    )
