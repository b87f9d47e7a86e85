"""Every read of personal data is on record before anything is shown."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from tests.intake.world import World, a_complaint, open_world

PATH = "/v1/complaints"
ERIKA = {"reference": "K-1", "name": "Erika Musterfrau"}


async def reads(world: World, number: str) -> list[tuple[str, str, int]]:
    answer = await world.client("privacy").get(f"{PATH}/{number}/personal-reads")
    assert answer.status_code == 200, answer.text
    return [(item["actor"], item["operation"], item["complaints"]) for item in answer.json()["items"]]


async def post(world: World, **changes: Any) -> str:
    answer = await world.client("crm").post(PATH, json=a_complaint(**changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


@pytest.fixture
async def numbers(world: World) -> tuple[str, str]:
    return await post(world, external_id="1", complainant=ERIKA), await post(
        world, external_id="2", complainant=ERIKA, product="loan"
    )


@pytest.mark.parametrize(
    ("path", "operation", "shown"),
    [
        ("/C-10001", "read", 1),
        ("/by-external-id/crm/1", "read", 1),
        ("", "list", 2),
        ("?q=charged", "search", 2),
        ("?product=loan", None, 0),
        ("/C-10002/similar", "similar", 1),
        ("/export?format=ndjson&personal=true", "export", 2),
        ("/export?format=ndjson", None, 0),
        ("/C-10002", None, 0),
    ],
)
async def test_whoever_is_shown_who_complains_is_on_record_with_what_showed_it(
    world: World, numbers: tuple[str, str], path: str, operation: str | None, shown: int
) -> None:
    answer = await world.client("staff").get(PATH + path)
    assert answer.status_code == 200, answer.text

    expected = [] if operation is None else [("person:anna.berg", operation, shown)]
    assert await reads(world, numbers[0]) == expected


@pytest.mark.parametrize(
    "path", ["/C-10001", "/by-external-id/crm/1", "", "?q=charged", "/C-10002/similar", "/C-10001/history"]
)
async def test_whoever_may_not_see_who_complains_reads_no_personal_data(
    world: World, numbers: tuple[str, str], path: str
) -> None:
    assert (await world.client("reader").get(PATH + path)).status_code == 200

    assert await reads(world, numbers[0]) == []


async def test_a_history_is_a_read_once_it_holds_texts_of_the_past(
    world: World, numbers: tuple[str, str]
) -> None:
    staff = world.client("staff")
    await staff.get(f"{PATH}/{numbers[0]}/history")
    assert await reads(world, numbers[0]) == []
    await world.client("crm").post(PATH, json=a_complaint(external_id="1", complainant=ERIKA, title="Twice"))

    await staff.get(f"{PATH}/{numbers[0]}/history")

    assert await reads(world, numbers[0]) == [("person:anna.berg", "history", 1)]


async def test_the_newest_read_comes_first_and_pages_go_on(world: World, numbers: tuple[str, str]) -> None:
    staff, privacy = world.client("staff"), world.client("privacy")
    for path in ("/C-10001", "", "/C-10001"):
        await staff.get(PATH + path)
        world.clock.move(minutes=1)
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await privacy.get(f"{PATH}/{numbers[0]}/personal-reads", params=query)).json()
        found += [item["operation"] for item in page["items"]]
        if not page["has_more"]:
            break
        query["cursor"] = page["next_cursor"]
    assert found == ["read", "list", "read"]


async def test_what_cannot_be_recorded_is_not_shown(world: World, numbers: tuple[str, str]) -> None:
    async with world.engine.begin() as connection:
        await connection.execute(
            sa.text("ALTER TABLE personal_read ADD CONSTRAINT full_disk CHECK (operation = 'none')")
        )
    transport = httpx.ASGITransport(app=world.app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {world.keys['staff']}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://intake.test", headers=headers
    ) as staff:
        for path in (f"/{numbers[0]}", "", "/C-10002/similar"):
            answer = await staff.get(PATH + path)
            assert (answer.status_code, "Erika" in answer.text) == (500, False)
    assert (await world.client("reader").get(f"{PATH}/{numbers[0]}")).status_code == 200


async def test_fetching_an_attachment_is_on_record(intake_url: str, tmp_path: Path) -> None:
    store: dict[str, Any] = {"attachment_store": "folder", "attachment_folder": tmp_path / "attachments"}
    async with open_world(intake_url, tmp_path, **store) as world:
        number, crm = await post(world, external_id="1"), world.client("crm")
        attached = await crm.post(
            f"{PATH}/{number}/attachments",
            content=b"%PDF-1.7\n",
            headers={
                "Content-Type": "application/pdf",
                "Content-Disposition": 'attachment; filename="letter.pdf"',
            },
        )
        assert (await crm.get(attached.json()["content_url"])).status_code == 200

        assert await reads(world, number) == [("system:crm-1", "attachment", 1)]


async def test_a_source_sees_reads_of_its_own_complaints_alone(world: World) -> None:
    answer = await world.client("privacy").get(f"{PATH}/C-99999/personal-reads")
    assert answer.status_code == 404
