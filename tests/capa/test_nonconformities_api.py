"""What people do with nonconformities, over HTTP."""

from typing import Any

import httpx
import pytest

from common.ids import new_id
from events.contracts.capa import NonconformityClosedV1, NonconformityDispositionedV1, NonconformityRaisedV1
from tests.capa.test_announce_again import told_again
from tests.capa.world import World, a_complaint

FINDING = {
    "origin": "audit",
    "reference": "AUD-26-4",
    "product": "credit-card",
    "category": "fees",
    "severity": "major",
    "description": "The fee table is not reviewed as 8.5.1 asks.",
    "affected": [{"lot": "L-1", "quantity": "100", "unit": "pcs"}],
    "noticed_at": "2026-03-01T09:00:00Z",
}
REWORK = {"parts": [{"kind": "rework", "lot": "L-1", "quantity": "80"}], "rationale": "labels are replaced"}


async def post(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], *, expect: int = 200
) -> dict[str, Any]:
    answer = await client.post(f"/v1/nonconformities{path}", json=body, headers={"If-Match": "*"})
    assert answer.status_code == expect, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("origin", ["audit", "supplier", "process", "manual"])
async def test_staff_raise_what_they_noticed_and_it_is_told(
    world: World, client: httpx.AsyncClient, origin: str
) -> None:
    raised = await post(client, "", FINDING | {"origin": origin}, expect=201)
    assert (raised["number"], raised["origin"], raised["complaint_count"]) == ("NC-1001", origin, 0)
    assert raised["affected"] == [{"lot": "L-1", "quantity": "100", "unit": "pcs"}]
    (told,) = await world.announced()
    assert isinstance(told.data, NonconformityRaisedV1)
    assert (told.data.origin, told.data.complaint_id) == (origin, None)


async def test_triage_links_no_complaint_to_what_staff_raised_but_people_may(
    world: World, client: httpx.AsyncClient
) -> None:
    complaint = a_complaint(category="fees")
    await post(client, "", FINDING | {"severity": "minor"}, expect=201)
    await world.triage(complaint)
    assert (await client.get("/v1/nonconformities/NC-1002")).json()["origin"] == "complaint"
    linked = await post(client, "/NC-1001/link-complaint", {"complaint_id": str(complaint.id)})
    assert (linked["complaint_count"], linked["severity"]) == (1, "major")
    await post(client, "/NC-1001/link-complaint", {"complaint_id": str(complaint.id)}, expect=409)
    await post(client, "/NC-1001/link-complaint", {"complaint_id": str(new_id())}, expect=404)
    assert (await world.announced())[-1].type == "redress.nonconformity.linked.v1"


async def test_a_nonconformity_is_closed_when_everything_about_it_is_decided_and_done(
    world: World, client: httpx.AsyncClient
) -> None:
    await world.triage(a_complaint())
    refused = await post(client, "/NC-1001/close", {}, expect=409)
    assert [each["code"] for each in refused["errors"]] == [
        "disposition_missing",
        "case_decision_missing",
        "actions_open",
    ]
    nothing = {"parts": [{"kind": "not_applicable"}], "rationale": "a service"}
    await post(client, "/NC-1001/disposition", nothing)
    correction = {"kind": "correction", "title": "refund", "owner": "bert", "due": "2wd"}
    await post(client, "/NC-1001/actions", correction, expect=201)
    for number in ("A-1001", "A-1002"):
        answer = await client.post(
            f"/v1/actions/{number}/complete", json={"evidence": "done"}, headers={"If-Match": "*"}
        )
        assert answer.status_code == 200
    needed = await post(client, "/NC-1001/decide-case", {"needed": True, "rationale": "third time"})
    assert [refused["because"][0]["code"] for refused in needed["refused_steps"]] == ["case_missing"]
    case = {"title": "fees", "product": "credit-card", "category": "fees", "severity": "major"}
    asked = await client.post("/v1/cases", json=case | {"nonconformity_ids": [needed["id"]]})
    assert asked.status_code == 201
    closed = await post(client, "/NC-1001/close", {})
    assert (closed["state"], closed["allowed_steps"]) == ("closed", [])
    told = [each.data for each in await world.announced()]
    assert isinstance(told[-1], NonconformityClosedV1)
    assert told[-1].case_needed
    entries = (await client.get("/v1/nonconformities/NC-1001/history")).json()["items"]
    assert [each["action"] for each in entries] == ["raised", "dispositioned", "case_decided", "closed"]


async def test_a_complaint_after_the_closing_raises_a_new_nonconformity(
    world: World, client: httpx.AsyncClient
) -> None:
    await world.triage(a_complaint())
    await client.post("/v1/actions/A-1001/cancel", json={"reason": "x"}, headers={"If-Match": "*"})
    await post(client, "/NC-1001/disposition", {"parts": [{"kind": "not_applicable"}], "rationale": "x"})
    await post(client, "/NC-1001/decide-case", {"needed": False, "rationale": "a single slip"})
    await post(client, "/NC-1001/close", {})
    await world.triage(a_complaint(number="C-2"))
    assert (await client.get("/v1/nonconformities/NC-1002")).json()["state"] == "open"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (REWORK | {"rationale": " "}, "rationale_missing"),
        ({"parts": [{"kind": "use_as_is"}], "rationale": "harmless"}, "concession_missing"),
        ({"parts": [{"kind": "scrap", "lot": "L-9"}], "rationale": "x"}, "lot_unknown"),
        (
            {"parts": [{"kind": "scrap", "lot": "L-1", "quantity": "101"}], "rationale": "x"},
            "quantity_exceeded",
        ),
        ({"parts": [{"kind": "not_applicable"}, {"kind": "scrap"}], "rationale": "x"}, "parts_contradict"),
    ],
)
async def test_a_disposition_that_contradicts_itself_is_refused(
    client: httpx.AsyncClient, body: dict[str, Any], code: str
) -> None:
    await post(client, "", FINDING, expect=201)
    refused = await post(client, "/NC-1001/disposition", body, expect=422)
    assert refused["errors"][0]["code"] == code


async def test_a_use_as_is_says_who_authorised_it_and_is_told(
    world: World, client: httpx.AsyncClient
) -> None:
    await post(client, "", FINDING, expect=201)
    concession = {"authorised_by": "quinn", "reference": "CON-17"}
    body = {"parts": [{"kind": "use_as_is"}], "rationale": "harmless", "concession": concession}
    shown = await post(client, "/NC-1001/disposition", body)
    assert shown["disposition"]["concession"]["authorised_by"] == "quinn"
    told = (await world.announced())[-1].data
    assert isinstance(told, NonconformityDispositionedV1)
    assert (told.dispositions, told.authorised_by) == (("use_as_is",), "quinn")


async def test_a_corrective_action_belongs_to_a_case(client: httpx.AsyncClient) -> None:
    await post(client, "", FINDING, expect=201)
    body = {"kind": "corrective", "title": "review", "owner": "bert", "due": "2wd"}
    refused = await post(client, "/NC-1001/actions", body, expect=422)
    assert refused["errors"][0]["code"] == "kind_needs_case"


async def test_a_description_replaces_the_one_before_which_stays_on_record(client: httpx.AsyncClient) -> None:
    await post(client, "", FINDING, expect=201)
    shown = await post(client, "/NC-1001/describe", {"description": "Nobody reviews.", "affected": []})
    assert (shown["description"], shown["affected"]) == ("Nobody reviews.", [])
    entry = (await client.get("/v1/nonconformities/NC-1001/history")).json()["items"][-1]
    assert entry["changes"]["description"] == {"from": FINDING["description"], "to": "Nobody reviews."}


async def test_what_stands_is_told_again_with_disposition_and_closing(
    world: World, client: httpx.AsyncClient
) -> None:
    await post(client, "", FINDING, expect=201)
    await post(client, "/NC-1001/disposition", REWORK)
    await post(client, "/NC-1001/decide-case", {"needed": False, "rationale": "a single slip"})
    await post(client, "/NC-1001/close", {})
    told = {event.type: event.data for event in await world.announced()}
    again = await told_again(world, "nonconformities")
    assert [event.data for event in again] == [told[event.type] for event in again]
    assert len(again) == 3


async def test_nothing_affected_yet_is_a_quantity_too(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/nonconformities", json=FINDING | {"affected": [{"lot": "L-1", "quantity": "0", "unit": None}]}
    )
    assert answer.status_code == 201, answer.text
    assert (await client.get("/v1/nonconformities")).status_code == 200
