"""The record of a file: deleting its content, its history, and who sees it."""

from pathlib import Path

from tests.intake.attachments.files import a_known_complaint, attached, kept, problem, upload
from tests.intake.world import World


async def test_a_deleted_file_has_no_content_and_its_record_says_why(world: World, folder: Path) -> None:
    crm = world.client("crm")
    complaint = await a_known_complaint(world)
    file = await attached(crm, complaint)
    place = f"{complaint}/attachments/{file['id']}"

    answer = await crm.delete(place, params={"reason": "Wrong customer"}, headers={"If-Match": '"v1"'})
    again = await crm.delete(place, params={"reason": "Another reason"}, headers={"If-Match": "*"})

    gone = answer.json()
    assert (answer.status_code, again.json()) == (200, gone)
    assert (gone["state"], gone["deleted_by"], gone["deletion_reason"]) == (
        "deleted",
        "system:crm-1",
        "Wrong customer",
    )
    assert gone["removed_at"] is not None
    assert kept(folder) == []
    content = await crm.get(file["content_url"])
    assert (content.status_code, problem(content)) == (410, "attachment_deleted")
    assert (await crm.get(place)).json() == gone
    assert (await crm.get(f"{complaint}/attachments")).json()["items"] == []
    assert (await crm.get(f"{complaint}/attachments", params={"deleted": True})).json()["items"] == [gone]
    assert (await crm.get(complaint)).json()["files"] == []
    history = (await crm.get(f"{complaint}/history")).json()
    assert [step["action"] for step in history["items"]] == ["received", "attached", "attachment_deleted"]
    assert (history["intact"], history["items"][2]["reason"]) == (True, "Wrong customer")
    assert (await upload(crm, complaint)).status_code == 201


async def test_a_deletion_names_the_version_of_the_record_that_was_read(world: World) -> None:
    crm = world.client("crm")
    complaint = await a_known_complaint(world)
    file = await attached(crm, complaint)
    place = f"{complaint}/attachments/{file['id']}"

    missing = await crm.delete(place, params={"reason": "Wrong customer"})
    stale = await crm.delete(place, params={"reason": "Wrong customer"}, headers={"If-Match": '"v2"'})
    read = await crm.get(place)

    assert (missing.status_code, stale.status_code, stale.headers["etag"]) == (428, 412, '"v1"')
    assert (read.json()["state"], read.headers["etag"]) == ("stored", '"v1"')


async def test_a_deletion_without_a_reason_is_refused(world: World) -> None:
    crm = world.client("crm")
    complaint = await a_known_complaint(world)
    file = await attached(crm, complaint)

    answer = await crm.delete(f"{complaint}/attachments/{file['id']}")

    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "reason")


async def test_the_history_shows_a_name_only_to_those_who_may_see_personal_data(world: World) -> None:
    complaint = await a_known_complaint(world)
    await attached(world.client("crm"), complaint, name="Ada Lovelace.png")

    plain = await world.client("crm").get(f"{complaint}/history")
    personal = await world.client("staff").get(f"{complaint}/history")

    assert "Ada" not in plain.text
    assert personal.json()["items"][1]["withheld"]["name"] == [None, "Ada Lovelace.png"]


async def test_no_event_tells_of_a_file(world: World) -> None:
    complaint = await a_known_complaint(world)
    await attached(world.client("crm"), complaint, name="Ada Lovelace.png")

    assert len(await world.told()) == 1
    assert await world.rows("SELECT 1 FROM outbox WHERE convert_from(value, 'UTF8') LIKE '%Lovelace%'") == []


async def test_a_file_moves_the_last_change_and_leaves_the_version(world: World) -> None:
    crm = world.client("crm")
    complaint = await a_known_complaint(world)
    before = (await crm.get(complaint)).json()
    world.clock.move(hours=1)
    await attached(crm, complaint)

    after = (await crm.get(complaint)).json()

    assert (after["version"], after["updated_at"]) == (before["version"], "2026-11-20T13:00:00Z")
    amended = await crm.patch(
        complaint, json={"lot": "L-1", "reason": "found"}, headers={"If-Match": f'"v{before["version"]}"'}
    )
    assert amended.status_code == 200
    assert (await crm.get(f"{complaint}/history")).json()["intact"] is True


async def test_a_key_of_another_source_finds_nothing(world: World) -> None:
    complaint = await a_known_complaint(world)
    file = await attached(world.client("crm"), complaint)
    shop = world.client("shop")
    place = f"{complaint}/attachments/{file['id']}"

    answers = [
        await upload(shop, complaint),
        await shop.get(f"{complaint}/attachments"),
        await shop.get(place),
        await shop.get(file["content_url"]),
        await shop.delete(place, params={"reason": "not mine"}, headers={"If-Match": "*"}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    other = await a_known_complaint(world, "shop")
    assert (await shop.get(f"{other}/attachments/{file['id']}/content")).status_code == 404


async def test_each_step_needs_its_scope(world: World) -> None:
    complaint = await a_known_complaint(world)
    file = await attached(world.client("crm"), complaint)
    reader = world.client("reader")
    place = f"{complaint}/attachments/{file['id']}"

    answers = [
        await upload(reader, complaint),
        await reader.get(f"{complaint}/attachments"),
        await reader.get(file["content_url"]),
        await reader.delete(place, params={"reason": "no right"}),
    ]

    assert [answer.json()["missing_scopes"] for answer in answers] == [
        ["attachments:write"],
        ["attachments:read"],
        ["attachments:read"],
        ["attachments:delete"],
    ]
    assert "files" not in (await reader.get(complaint)).json()
