"""The API over HTTP."""

from datetime import timedelta

from common.history import first_break
from notifier.domain.person import Details
from notifier.usecases.look_up import LookUp
from tests.notifier.receiver import Receiver
from tests.notifier.world import NOON, World, a_deadline

ANNA = {"id": "anna", "name": "Anna Berg", "email": "anna@example.org", "manager": "mo"}


async def test_a_person_is_added_read_updated_and_its_history_verifies(world: World) -> None:
    client = world.client()
    added = await client.post("/v1/people", json=ANNA)
    assert (added.status_code, added.headers["etag"]) == (201, '"v1"')
    changed = {**ANNA, "email": "anna.berg@example.org"}
    updated = await client.put("/v1/people/anna", json=changed, headers={"If-Match": '"v1"'})
    assert (updated.status_code, updated.headers["etag"]) == (200, '"v2"')
    read = await client.get("/v1/people/anna")
    assert read.json()["email"] == "anna.berg@example.org"
    history = await LookUp(world.start_work).history("anna")
    assert first_break(history) is None
    assert [entry.action for entry in history] == ["registered", "updated"]
    assert "@" not in (await client.get("/v1/people/anna/history")).text


async def test_a_person_is_changed_only_by_who_read_the_current_version(world: World) -> None:
    client = world.client()
    await client.post("/v1/people", json=ANNA)
    without = await client.put("/v1/people/anna", json=ANNA)
    stale = await client.put("/v1/people/anna", json=ANNA, headers={"If-Match": '"v9"'})
    missing = await client.put("/v1/people/ben", json={**ANNA, "id": "ben"}, headers={"If-Match": "*"})
    again = await client.post("/v1/people", json=ANNA)
    assert [each.status_code for each in (without, stale, missing, again)] == [428, 412, 404, 409]


async def test_values_that_break_a_rule_are_pointed_at(world: World) -> None:
    body = {
        "id": "owner",
        "name": " ",
        "email": "no address",
        "webhook_url": "ftp://x",
        "timezone": "Mars/Base",
        "manager": "owner",
    }
    answer = await world.client().post("/v1/people", json=body)
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "/id",
        "/name",
        "/email",
        "/webhook_url",
        "/timezone",
        "/manager",
    }


async def test_a_person_is_active_or_not_and_no_number_or_word_says_so(world: World) -> None:
    client = world.client()
    for active in (1, "yes", "true"):
        answer = await client.post("/v1/people", json={**ANNA, "active": active})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/active")


async def test_an_id_in_the_body_that_is_not_the_one_in_the_path_breaks_a_rule(world: World) -> None:
    client = world.client()
    await client.post("/v1/people", json=ANNA)
    answer = await client.put("/v1/people/anna", json={**ANNA, "id": "ben"}, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, "unacceptable")
    assert answer.json()["errors"][0]["pointer"] == "/id"


async def test_a_webhook_secret_is_shown_once(world: World, receiver: Receiver) -> None:
    client = world.client()
    added = await client.post("/v1/people", json={**ANNA, "webhook_url": receiver.url})
    assert added.json()["webhook_secret"].startswith("whsec_")
    read = await client.get("/v1/people/anna")
    assert read.json()["webhook_secret"] is None
    assert added.json()["webhook_secret"] not in read.text


async def test_a_bulk_load_has_a_result_for_each_and_a_refused_item_loses_no_other(world: World) -> None:
    client = world.client()
    people = [ANNA, {**ANNA, "id": "ben", "timezone": "Nowhere"}, {**ANNA, "id": "cleo"}, ANNA]
    answer = await client.post("/v1/people:bulk", json={"people": people})
    outcomes = [result["outcome"] for result in answer.json()["results"]]
    assert outcomes == ["created", "refused", "created", "unchanged"]
    listed = await client.get("/v1/people", params={"manager": "mo"})
    assert [person["id"] for person in listed.json()["items"]] == ["anna", "cleo"]


async def test_an_item_of_a_bulk_load_that_names_a_version_changes_that_version_alone(world: World) -> None:
    client = world.client()
    await client.post("/v1/people:bulk", json={"people": [ANNA]})
    moved = {**ANNA, "team": "loans"}
    people = [
        {**moved, "version": 2},
        {**moved, "version": 1},
        {**ANNA, "version": 1},
        {**ANNA, "id": "ben", "version": 1},
    ]
    answer = await client.post("/v1/people:bulk", json={"people": people})
    results = answer.json()["results"]
    assert [result["outcome"] for result in results] == ["refused", "updated", "refused", "refused"]
    errors = [result["errors"][0] for result in results if result["errors"]]
    assert {error["pointer"] for error in errors} == {"/version"}
    assert [error["code"] for error in errors] == ["stale_version", "stale_version", "person_unknown"]
    assert (await client.get("/v1/people/anna")).json()["team"] == "loans"


async def test_a_deadline_shows_its_ladder_and_when_the_next_notice_goes_out(world: World) -> None:
    await world.people()
    event = a_deadline()
    await world.hears(event)
    client = world.client()
    (before,) = (await client.get("/v1/deadlines", params={"owner": "anna"})).json()["items"]
    assert before["next_notification_at"] == "2026-11-16T13:00:00Z"
    assert (before["overdue"], before["explanation"]) == (False, {"rule": "1wd"})
    world.clock.move(hours=1)
    await world.fires()
    world.clock.move(seconds=1)
    (gathering,) = (await client.get("/v1/deadlines", params={"overdue": True})).json()["items"]
    assert gathering["next_notification_at"] == "2026-11-16T13:00:05Z"
    world.clock.move(seconds=5)
    await world.sends()
    subject = str(event.data.subject_id)
    (after,) = (await client.get("/v1/deadlines", params={"subject_id": subject})).json()["items"]
    assert after["next_notification_at"] == "2026-11-17T16:00:00Z"
    assert [step["outcome"] for step in after["ladder"]["steps"]] == ["fired", "waiting"]


async def test_lists_go_on_with_a_cursor_and_miss_nothing(world: World) -> None:
    await world.people()
    for minutes in range(5):
        await world.hears(a_deadline(due=NOON + timedelta(minutes=minutes // 2)))
    client, seen, cursor = world.client(), [], None
    while True:
        page = (
            await client.get("/v1/deadlines", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [item["subject_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(set(seen)) == len(seen) == 5


async def test_notices_and_deliveries_say_what_became_of_each_and_why(world: World) -> None:
    await world.people()
    world.mailbox.rcpt_answers["anna@example.org"] = "550 no such user"
    await world.hears(a_deadline())
    world.clock.move(hours=1)
    await world.settles()
    client = world.client()
    (notice,) = (await client.get("/v1/notices", params={"person": "anna"})).json()["items"]
    assert (notice["state"], notice["reason"]) == ("failed", "smtp_550")
    (delivery,) = (
        await client.get("/v1/deliveries", params={"state": "gave_up", "from": NOON.isoformat()})
    ).json()["items"]
    detail = (await client.get(f"/v1/deliveries/{delivery['id']}")).json()
    assert [(each["number"], each["reason"]) for each in detail["attempt_log"]] == [(1, "smtp_550")]
    (other,) = (await client.get("/v1/notices", params={"person": "mo"})).json()["items"]
    assert other["step"] == "overdue.undelivered"
    assert "every attempt to deliver failed" in other["why"]


async def test_each_scope_opens_its_own_lists_only(world: World) -> None:
    await world.people(Details(id="anna", name="Anna"))
    client = world.client("nobody")
    paths = ("/v1/people", "/v1/people/anna", "/v1/deadlines", "/v1/notices", "/v1/deliveries")
    assert {(await client.get(path)).status_code for path in paths} == {403}


async def test_every_operation_is_documented(world: World) -> None:
    document = (await world.client().get("/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert all(operation.get("summary") and operation.get("description") for operation in operations)
    fields = [
        (name, field)
        for name, schema in document["components"]["schemas"].items()
        if name.endswith(("In", "Out"))
        for field, shape in schema["properties"].items()
        if "description" not in shape
    ]
    assert not fields
