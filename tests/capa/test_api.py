"""Capa over HTTP."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from capa.api.errors import PROBLEMS
from capa.domain.severity import Severity
from chassis.problems import missing_problem_types
from common.ids import new_id
from tests.capa.world import MONDAY, World, a_complaint

STEP_BODIES: dict[str, dict[str, Any]] = {
    "assign": {"owner": "bert"},
    "reassign": {"owner": "bert", "reason": "on leave"},
    "change-due": {"due": "5wd", "reason": "supplier"},
    "complete": {"evidence": "done, see QM-1"},
    "cancel": {"reason": "raised in error"},
}


async def step(
    client: httpx.AsyncClient, name: str, *, match: str | None = "*", body: dict[str, Any] | None = None
) -> httpx.Response:
    headers = {} if match is None else {"If-Match": match}
    chosen = STEP_BODIES[name] if body is None else body
    return await client.post(f"/v1/actions/A-1001/{name}", json=chosen, headers=headers)


def numbers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["number"] for item in answer.json()["items"]]


def code(answer: httpx.Response) -> str:
    return str(answer.json()["type"].rpartition("/")[2])


def test_every_refusal_has_its_problem_type() -> None:
    for package in ("capa", "worktime", "quality"):
        assert missing_problem_types(PROBLEMS, package) == set()


async def test_a_nonconformity_is_read_by_id_and_number_with_complaints_actions_and_history(
    world: World, client: httpx.AsyncClient
) -> None:
    complaint = a_complaint()
    await world.triage(complaint)
    by_number = await client.get("/v1/nonconformities/nc-1001")
    body = by_number.json()
    by_id = await client.get(f"/v1/nonconformities/{body['id']}")
    history = await client.get(body["history"])
    assert by_id.json() == body
    assert by_number.headers["etag"] == '"v1"'
    assert [linked["id"] for linked in body["complaints"]] == [str(complaint.id)]
    assert [action["number"] for action in body["actions"]] == ["A-1001"]
    assert [entry["action"] for entry in history.json()["items"]] == ["raised"]


async def test_nonconformities_are_filtered(world: World, client: httpx.AsyncClient) -> None:
    first = a_complaint()
    second = a_complaint(Severity.CRITICAL, product="mortgage", category="fees")
    await world.triage(first)
    world.clock.forward(hours=1)
    await world.triage(second)
    boundary = (MONDAY + timedelta(hours=1)).isoformat()
    for query, expected in (
        ({}, ["NC-1002", "NC-1001"]),
        ({"product": "mortgage"}, ["NC-1002"]),
        ({"product": ["mortgage", "credit-card"]}, ["NC-1002", "NC-1001"]),
        ({"category": "billing-dispute"}, ["NC-1001"]),
        ({"severity": "critical"}, ["NC-1002"]),
        ({"state": "closed"}, []),
        ({"raised_from": boundary}, ["NC-1002"]),
        ({"raised_to": boundary}, ["NC-1001"]),
        ({"complaint_id": str(first.id)}, ["NC-1001"]),
    ):
        assert numbers(await client.get("/v1/nonconformities", params=query)) == expected, query


async def test_actions_are_filtered_and_the_one_due_first_comes_first(
    world: World, client: httpx.AsyncClient
) -> None:
    await world.triage(a_complaint())
    await world.triage(a_complaint(Severity.CRITICAL, product="mortgage"))
    await world.triage(a_complaint(product="garden-hose"))
    await step(client, "complete")
    nonconformity = (await client.get("/v1/nonconformities/NC-1003")).json()["id"]
    world.clock.now = MONDAY + timedelta(days=1, hours=10)
    for query, expected in (
        ({}, ["A-1002", "A-1001", "A-1003"]),
        ({"owner": "lending.team"}, ["A-1002"]),
        ({"team": ["lending", "quality"]}, ["A-1002", "A-1003"]),
        ({"overdue": "true"}, ["A-1002"]),
        ({"overdue": "false"}, ["A-1001", "A-1003"]),
        ({"due_before": world.clock.now.isoformat()}, ["A-1002"]),
        ({"severity": "critical"}, ["A-1002"]),
        ({"product": "garden-hose"}, ["A-1003"]),
        ({"state": "completed"}, ["A-1001"]),
        ({"nonconformity_id": nonconformity}, ["A-1003"]),
    ):
        assert numbers(await client.get("/v1/actions", params=query)) == expected, query


async def test_pages_follow_one_another_without_gap_or_repetition(
    world: World, client: httpx.AsyncClient
) -> None:
    for product in ("a", "b", "c", "d", "e"):
        await world.triage(a_complaint(product=product))
    for path in ("/v1/actions", "/v1/nonconformities", "/v1/triage-decisions"):
        seen: list[str] = []
        query: dict[str, Any] = {"limit": 2}
        while True:
            page = (await client.get(path, params=query)).json()
            seen += [item["id"] for item in page["items"]]
            if not page["has_more"]:
                break
            query["cursor"] = page["next_cursor"]
        assert (len(seen), len(set(seen))) == (5, 5), path


async def test_a_cursor_of_another_filter_is_refused(world: World, client: httpx.AsyncClient) -> None:
    for product in ("a", "b"):
        await world.triage(a_complaint(product=product))
    cursor = (await client.get("/v1/actions?limit=1")).json()["next_cursor"]
    answer = await client.get("/v1/actions", params={"cursor": cursor, "severity": "major"})
    assert (answer.status_code, code(answer)) == (400, "invalid-cursor")


async def test_a_decision_is_found_by_its_complaint(world: World, client: httpx.AsyncClient) -> None:
    declined = a_complaint(Severity.MINOR, number="C-10099")
    await world.triage(a_complaint(product="mortgage"))
    await world.triage(declined)
    answer = await client.get("/v1/triage-decisions", params={"complaint_id": str(declined.id)})
    (item,) = answer.json()["items"]
    assert [item[name] for name in ("complaint_number", "outcome", "rule", "reason", "policy_version")] == [
        "C-10099",
        "declined",
        "minor",
        "below_threshold",
        "1",
    ]


async def test_an_action_says_what_can_be_done_why_it_is_due_then_and_whether_it_is_overdue(
    world: World, client: httpx.AsyncClient
) -> None:
    action = await world.an_action()
    world.clock.now = action.due.at + timedelta(seconds=1)
    answer = await client.get("/v1/actions/A-1001")
    body = answer.json()
    assert answer.headers["etag"] == '"v1"'
    assert body["allowed_steps"] == ["reassign", "change-due", "complete", "record-cost", "cancel"]
    assert (body["overdue"], body["explanation"]["calendar"]["name"]) == (True, "default")
    assert (body["last_notified_at"], body["breach_noticed_at"], body["notices"]) == (None, None, [])


@pytest.mark.parametrize("name", ["reassign", "change-due", "complete", "cancel"])
async def test_a_step_answers_with_the_action_after_it_and_its_new_etag(
    world: World, client: httpx.AsyncClient, name: str
) -> None:
    await world.an_action()
    answer = await step(client, name, match='"v1"')
    again = await client.get("/v1/actions/A-1001")
    assert (answer.status_code, answer.headers["etag"], answer.json()["version"]) == (200, '"v2"', 2)
    assert again.json() | answer.json() == again.json()


async def test_an_action_of_a_team_is_assigned(world: World, client: httpx.AsyncClient) -> None:
    await world.an_action()
    await world.run("UPDATE action SET owner = NULL")
    refused = await step(client, "complete")
    answer = await step(client, "assign")
    assert (refused.status_code, code(refused), answer.json()["owner"]) == (409, "step-not-possible", "bert")


async def test_completed_twice_is_a_conflict_that_says_what_is_left(
    world: World, client: httpx.AsyncClient
) -> None:
    await world.an_action()
    await step(client, "complete")
    again = await step(client, "complete")
    assert (again.status_code, code(again)) == (409, "step-not-possible")
    assert again.json()["detail"].endswith("Steps possible now: verify, reject-evidence, record-cost.")


@pytest.mark.parametrize(
    ("match", "status", "expected"),
    [(None, 428, "precondition-required"), ('"v9"', 412, "stale-version"), ('W/"v1"', 412, "stale-version")],
)
async def test_a_step_needs_the_current_etag(
    world: World, client: httpx.AsyncClient, match: str | None, status: int, expected: str
) -> None:
    await world.an_action()
    answer = await step(client, "complete", match=match)
    assert (answer.status_code, code(answer)) == (status, expected)
    assert answer.headers.get("etag") == ('"v1"' if status == 412 else None)


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("complete", {"evidence": "  "}, ("evidence-missing", "/evidence")),
        ("complete", {}, ("invalid-body", "/evidence")),
        ("cancel", {"reason": ""}, ("reason-missing", "/reason")),
        ("reassign", {"owner": "Anna Berg", "reason": "x"}, ("invalid-body", "/owner")),
        ("reassign", {"owner": "credit.team", "reason": "x"}, ("owner-unchanged", "/owner")),
        ("change-due", {"due": "3 days", "reason": "x"}, ("invalid-body", "/due")),
        ("change-due", {"reason": "x"}, ("invalid-body", "")),
        ("change-due", {"due_at": "2020-01-01T00:00:00Z", "reason": "x"}, ("due-in-past", "/due_at")),
        ("change-due", {"due_at": "2026-12-01T00:00:00", "reason": "x"}, ("invalid-body", "/due_at")),
        ("cancel", {"reason": "x", "why": "y"}, ("invalid-body", "/why")),
    ],
)
async def test_a_wrong_value_is_named_by_its_pointer(
    world: World,
    client: httpx.AsyncClient,
    name: str,
    body: dict[str, Any],
    expected: tuple[str, str],
) -> None:
    await world.an_action()
    answer = await step(client, name, body=body)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, (code(answer), error["pointer"])) == (422, expected)


async def test_a_duration_that_no_calendar_reaches_is_refused_with_its_own_code(
    world: World, client: httpx.AsyncClient
) -> None:
    await world.an_action()
    answer = await step(client, "change-due", body={"due": "99999wd", "reason": "x"})
    assert (answer.status_code, code(answer)) == (422, "no-working-time")


@pytest.mark.parametrize(
    "path",
    ["/v1/actions/A-77", "/v1/nonconformities/NC-77", "/v1/actions/x", "/v1/actions/A-77/history"],
)
async def test_what_does_not_exist_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, code(answer).endswith("not-found")) == (404, True)


async def test_an_unknown_filter_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/actions?ownr=anna")
    assert (answer.status_code, code(answer)) == (400, "unknown-parameter")


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("actions:write", "GET", "/v1/actions"),
        ("actions:read", "POST", f"/v1/actions/{UUID(int=1)}/complete"),
        ("actions:read", "GET", "/v1/nonconformities"),
        ("actions:read", "GET", "/v1/triage-decisions"),
    ],
)
async def test_each_operation_needs_its_scope(
    world: World, tmp_path: Path, scope: str, method: str, path: str
) -> None:
    async with world.caller(tmp_path, (scope,)) as caller:
        answer = await caller.request(
            method, path, json=STEP_BODIES["complete"] if method == "POST" else None
        )
    assert (answer.status_code, code(answer)) == (403, "forbidden")


async def test_every_operation_and_field_is_described(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    operations = [each for path in document["paths"].values() for each in path.values()]
    undescribed = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, shape in schema.get("properties", {}).items()
        if "description" not in shape and "$ref" not in shape
    ]
    assert len(operations) == 73
    assert [
        each["operationId"] for each in operations if not each.get("description") or not each["tags"]
    ] == []
    assert undescribed == []
    steps = [each for path, each in document["paths"].items() if path.endswith(("complete", "change-due"))]
    assert all({"409", "412", "428"} <= set(each["post"]["responses"]) for each in steps)


async def test_an_action_of_another_id_is_not_touched_by_a_step(
    world: World, client: httpx.AsyncClient
) -> None:
    await world.an_action()
    answer = await client.post(
        f"/v1/actions/{new_id()}/complete", json=STEP_BODIES["complete"], headers={"If-Match": "*"}
    )
    assert (answer.status_code, (await client.get("/v1/actions/A-1001")).json()["state"]) == (404, "open")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/actions", "due_before"),
        ("/v1/nonconformities", "raised_from"),
        ("/v1/nonconformities", "raised_to"),
    ],
)
async def test_a_number_is_no_instant_to_filter_by(client: httpx.AsyncClient, path: str, name: str) -> None:
    answer = await client.get(path, params={name: "0.5"})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, name)


async def test_a_number_is_no_instant_to_be_due_at(world: World, client: httpx.AsyncClient) -> None:
    await world.triage(a_complaint())
    answer = await step(client, "change-due", body={"due_at": 1_900_000_000, "reason": "supplier"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/due_at")
