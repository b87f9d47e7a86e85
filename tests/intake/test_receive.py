"""Handing complaints over."""

import asyncio
from typing import Any

import httpx
import pytest

from events.contracts.intake import ComplaintAmendedV1, ComplaintReceivedV1
from tests.intake.world import NOON, World, a_complaint

PATH = "/v1/complaints"


async def _post(client: httpx.AsyncClient, body: dict[str, Any], **headers: str) -> httpx.Response:
    return await client.post(PATH, json=body, headers=headers)


async def test_a_new_complaint_is_201_with_its_address_version_and_a_number_to_say(world: World) -> None:
    answer = await _post(world.client("crm"), a_complaint(external_id="X-1"))

    body = answer.json()
    assert (answer.status_code, body["outcome"], body["number"]) == (201, "received", "C-10001")
    assert answer.headers["location"] == f"/v1/complaints/{body['id']}"
    assert answer.headers["etag"] == '"v1"'


async def test_what_the_source_leaves_out_gets_its_default(world: World) -> None:
    body = (await _post(world.client("crm"), a_complaint())).json()

    noon = "2026-11-20T12:00:00Z"
    assert (body["source_system"], body["external_id"]) == ("crm", None)
    assert (body["category"], body["historical"], body["occurred_at"]) == ("unclassified", False, None)
    assert (body["aware_at"], body["received_at"], body["recorded_at"]) == (noon, noon, noon)


async def test_four_times_are_kept_apart(world: World) -> None:
    crm = world.client("crm")
    times = {
        "occurred_at": "2026-10-01T08:00:00Z",
        "aware_at": "2026-11-18T08:00:00Z",
        "received_at": "2026-11-19T09:00:00+01:00",
    }

    posted = (await _post(crm, a_complaint(**times))).json()

    read = (await crm.get(f"{PATH}/{posted['id']}")).json()
    assert [read[name] for name in ("occurred_at", "aware_at", "received_at", "recorded_at")] == [
        "2026-10-01T08:00:00Z",
        "2026-11-18T08:00:00Z",
        "2026-11-19T08:00:00Z",
        "2026-11-20T12:00:00Z",
    ]


async def test_aware_defaults_to_received(world: World) -> None:
    body = (await _post(world.client("crm"), a_complaint(received_at="2026-11-19T09:00:00Z"))).json()

    assert body["aware_at"] == "2026-11-19T09:00:00Z"


async def test_a_new_complaint_is_announced_once_without_a_word_of_the_complainant(world: World) -> None:
    secret = {"name": "Zoe Quux", "email": "zoe@quux.test"}
    told = a_complaint(
        external_id="X-1",
        lot="L-7",
        site="plant-2",
        description="Flurb!",
        title="Snark",
        serial="S 9",
        complainant=secret,
    )

    body = (await _post(world.client("crm"), told)).json()

    (event,) = await world.told()
    assert isinstance(event.data, ComplaintReceivedV1)
    assert (event.key, event.subject, event.version) == (body["id"], body["id"], 1)
    assert (event.actor, str(event.correlation_id)) == ("system:crm-1", body["correlation_id"])
    assert (event.data.number, event.data.lot, event.data.received_at) == ("C-10001", "L-7", NOON)
    assert event.data.site == "plant-2"
    raw = b"".join(bytes(row.headers) + bytes(row.value) for row in await world.rows("SELECT * FROM outbox"))
    assert not [word for word in (b"Zoe", b"quux", b"Flurb", b"Snark", b"S 9") if word in raw]


async def test_the_same_telling_again_is_200_and_changes_and_announces_nothing(world: World) -> None:
    crm, body = world.client("crm"), a_complaint(external_id="X-1", source_updated_at="2026-11-20T09:00:00Z")
    first = (await _post(crm, body)).json()
    world.clock.move(hours=5)

    again = await _post(crm, body)

    assert (again.status_code, again.json()) == (200, first | {"outcome": "unchanged"})
    assert len(await world.told()) == 1


async def test_another_telling_amends_and_announces_what_changed(world: World) -> None:
    crm = world.client("crm")
    first = (await _post(crm, a_complaint(external_id="X-1"))).json()
    world.clock.move(hours=1)

    again = await _post(crm, a_complaint(external_id="X-1", product="loan", description="Other words."))

    body = again.json()
    assert (again.status_code, body["outcome"], body["version"], body["id"]) == (
        200,
        "amended",
        2,
        first["id"],
    )
    assert (body["product"], body["description"], body["received_at"]) == (
        "loan",
        "Other words.",
        first["received_at"],
    )
    received, amended = await world.told()
    assert isinstance(amended.data, ComplaintAmendedV1)
    assert (amended.version, amended.data.changed, amended.data.product) == (
        2,
        ("product", "description"),
        "loan",
    )
    assert amended.correlation_id == received.correlation_id


async def test_an_older_telling_reverts_nothing_and_is_called_stale(world: World) -> None:
    crm = world.client("crm")
    old = a_complaint(external_id="X-1", product="old", source_updated_at="2026-11-20T09:00:00Z")
    new = a_complaint(external_id="X-1", product="new", source_updated_at="2026-11-20T10:00:00Z")
    await _post(crm, old)
    await _post(crm, new)

    late = await _post(crm, old)

    assert (late.status_code, late.json()["outcome"], late.json()["product"]) == (200, "stale", "new")
    assert (late.json()["version"], len(await world.told())) == (2, 2)


async def test_a_repeat_does_not_revert_what_staff_have_corrected(world: World) -> None:
    crm, staff, body = world.client("crm"), world.client("staff"), a_complaint(external_id="X-1")
    first = (await _post(crm, body)).json()
    correction = {"product": "loan", "reason": "wrong product"}
    await staff.patch(f"{PATH}/{first['id']}", json=correction, headers={"If-Match": '"v1"'})

    again = (await _post(crm, body)).json()

    assert (again["outcome"], again["product"], again["version"]) == ("unchanged", "loan", 2)


async def test_equal_bodies_under_different_ids_or_none_are_different_complaints(world: World) -> None:
    crm = world.client("crm")

    answers = [
        await _post(crm, a_complaint(**identity))
        for identity in ({"external_id": "A"}, {"external_id": "B"}, {}, {})
    ]

    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["id"] for answer in answers}) == 4


async def test_two_sources_may_use_the_same_id(world: World) -> None:
    answers = [await _post(world.client(who), a_complaint(external_id="1")) for who in ("crm", "shop")]

    assert [answer.status_code for answer in answers] == [201, 201]


async def test_fifty_posts_of_one_identity_at_once_make_one_complaint_and_one_announcement(
    world: World,
) -> None:
    crm = world.client("crm")

    answers = await asyncio.gather(*(_post(crm, a_complaint(external_id="X-1")) for _ in range(50)))

    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (await world.count("complaint"), len(await world.told())) == (1, 1)


async def test_differing_posts_of_one_identity_at_once_keep_every_version_and_an_unbroken_history(
    world: World,
) -> None:
    crm = world.client("crm")

    answers = await asyncio.gather(
        *(_post(crm, a_complaint(external_id="X-1", product=f"p-{n}")) for n in range(12))
    )

    history = (await crm.get(f"{PATH}/{answers[0].json()['id']}/history")).json()
    versions = [event.version for event in await world.told()]
    assert (history["intact"], len(history["items"]), versions) == (True, 12, list(range(1, 13)))


async def test_an_idempotency_key_answers_a_repeat_again_without_a_second_complaint(world: World) -> None:
    crm, body = world.client("crm"), a_complaint()
    first = await _post(crm, body, **{"Idempotency-Key": '"k-1"'})

    again = await _post(crm, body, **{"Idempotency-Key": '"k-1"'})

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert (await world.count("complaint"), len(await world.told())) == (1, 1)


async def test_ten_uses_of_one_key_at_once_make_one_complaint(world: World) -> None:
    crm, body = world.client("crm"), a_complaint()

    answers = await asyncio.gather(*(_post(crm, body, **{"Idempotency-Key": "k-1"}) for _ in range(10)))

    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert (len(made), {answer.status_code for answer in answers} - {201, 409}) == (1, set())
    assert await world.count("complaint") == 1


async def test_a_key_with_another_body_is_refused(world: World) -> None:
    crm = world.client("crm")
    await _post(crm, a_complaint(), **{"Idempotency-Key": "k-1"})

    other = await _post(crm, a_complaint(product="loan"), **{"Idempotency-Key": "k-1"})

    assert (other.status_code, other.json()["type"].rpartition("/")[2]) == (422, "idempotency-key-reused")
    assert await world.count("complaint") == 1


async def test_the_key_of_an_amendment_is_remembered_with_it(world: World) -> None:
    crm = world.client("crm")
    await _post(crm, a_complaint(external_id="X-1"))
    amended = a_complaint(external_id="X-1", product="loan")
    await _post(crm, amended, **{"Idempotency-Key": "k-1"})

    again = await _post(crm, amended, **{"Idempotency-Key": "k-1"})

    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_refused_request_leaves_its_key_free(world: World) -> None:
    crm, key = world.client("crm"), {"Idempotency-Key": "k-1"}
    early = a_complaint(received_at="2026-11-20T12:06:00Z")
    refused = await _post(crm, early, **key)
    world.clock.move(minutes=2)

    accepted = await _post(crm, early, **key)

    assert (refused.status_code, accepted.status_code) == (422, 201)


async def test_idempotency_rows_hold_nothing_of_the_body(world: World) -> None:
    await _post(world.client("crm"), a_complaint(description="Flurb!"), **{"Idempotency-Key": "k-1"})

    (row,) = await world.rows("SELECT idempotency_key::text AS whole FROM idempotency_key")
    assert "Flurb" not in row.whole


@pytest.mark.parametrize("name", ["received_at", "aware_at", "occurred_at"])
async def test_times_beyond_five_minutes_ahead_are_refused_by_name(world: World, name: str) -> None:
    answer = await _post(world.client("crm"), a_complaint(**{name: "2026-11-20T12:05:01Z"}))

    problem = answer.json()
    assert (answer.status_code, problem["type"].rpartition("/")[2]) == (422, "time-in-future")
    assert f"/{name}" in [error["pointer"] for error in problem["errors"]]


async def test_a_clock_five_minutes_ahead_is_borne(world: World) -> None:
    answer = await _post(world.client("crm"), a_complaint(received_at="2026-11-20T12:05:00Z"))

    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"product": None}, "/product"),
        ({"product": "credit card"}, "/product"),
        ({"category": "-x"}, "/category"),
        ({"lot": "a b"}, "/lot"),
        ({"site": "Plant in Köln"}, "/site"),
        ({"reported_severity": "grave"}, "/reported_severity"),
        ({"channel": "pigeon"}, "/channel"),
        ({"description": "   "}, "/description"),
        ({"description": "x" * 20_001}, "/description"),
        ({"external_id": ""}, "/external_id"),
        ({"external_id": "a\nb"}, "/external_id"),
        ({"received_at": "2026-11-20T12:00:00"}, "/received_at"),
        ({"received_at": 5}, "/received_at"),
        ({"received_at": "0001-01-01T00:00:00+14:00"}, "/received_at"),
        ({"occurred_at": "9999-12-31T23:59:59-14:00"}, "/occurred_at"),
        ({"historical": "yes"}, "/historical"),
        ({"complainant": {"country": "Germany"}}, "/complainant/country"),
        ({"attachments": [{"name": "a", "url": "javascript:1", "media_type": "a/b"}]}, "/attachments/0/url"),
        ({"colour": "blue"}, "/colour"),
    ],
)
async def test_a_value_out_of_bounds_is_refused_by_its_pointer(
    world: World, change: dict[str, Any], pointer: str
) -> None:
    answer = await _post(world.client("crm"), a_complaint(**change))

    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("text", [r"a\u0000b", r"a\ud800b"])
async def test_text_that_cannot_be_stored_is_refused_by_its_pointer(world: World, text: str) -> None:
    raw = (
        '{"channel":"phone","reported_severity":"minor","product":"p","description":"d",'
        f'"complainant":{{"name":"{text}"}}}}'
    )

    answer = await world.client("crm").post(PATH, content=raw, headers={"Content-Type": "application/json"})

    assert answer.status_code in {400, 422}
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/complainant/name"]


async def test_a_description_may_have_twenty_thousand_characters_of_any_script(world: World) -> None:
    text = "𝄞é" * 10_000

    answer = await _post(world.client("crm"), a_complaint(description=text))

    assert (answer.status_code, answer.json()["description"]) == (201, text)


async def test_a_key_of_a_source_speaks_for_that_source_alone(world: World) -> None:
    answer = await _post(world.client("crm"), a_complaint(source_system="shop"))

    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "foreign-source-system")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/source_system"]


async def test_staff_may_speak_for_any_source_and_else_for_redress(world: World) -> None:
    staff = world.client("staff")

    named = await _post(staff, a_complaint(source_system="shop"))
    unnamed = await _post(staff, a_complaint())

    assert [answer.json()["source_system"] for answer in (named, unnamed)] == ["shop", "redress"]


async def test_without_the_scope_to_write_nothing_is_received(world: World) -> None:
    answer = await _post(world.client("reader"), a_complaint())

    assert (answer.status_code, answer.json()["missing_scopes"]) == (403, ["complaints:write"])


async def test_who_complains_is_only_shown_with_the_scope_for_it(world: World) -> None:
    who = {"name": "Ada", "email": "ada@example.test", "country": "DE"}

    crm = (await _post(world.client("crm"), a_complaint(complainant=who))).json()
    staff = (await world.client("staff").get(f"{PATH}/{crm['id']}")).json()

    assert "complainant" not in crm
    assert {name: staff["complainant"][name] for name in who} == who


async def test_attachments_are_kept_as_references(world: World) -> None:
    attachment = {"name": "a.pdf", "url": "https://crm.test/a", "media_type": "application/pdf"}
    crm = world.client("crm")

    posted = (await _post(crm, a_complaint(attachments=[attachment]))).json()

    assert (await crm.get(f"{PATH}/{posted['id']}")).json()["attachments"] == [attachment]


async def test_repeats_use_up_no_numbers(world: World) -> None:
    crm = world.client("crm")
    for _ in range(3):
        await _post(crm, a_complaint(external_id="X-1"))

    following = await _post(crm, a_complaint(external_id="X-2"))

    assert following.json()["number"] == "C-10002"
