import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from prometheus_client import CollectorRegistry

from tests.chassis import world

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    body: dict[str, Any] = answer.json()
    assert (body["type"], body["status"]) == (f"http://api/problems/{code}", status)
    assert body["title"]
    assert body["detail"]
    assert len(body["trace_id"]) == 32
    return body


async def test_an_unknown_address_is_a_problem(client: httpx.AsyncClient) -> None:
    body = problem(await client.get("/v1/nothing"), 404, "not-found")
    assert body["instance"] == "/v1/nothing"


async def test_a_trailing_slash_is_another_address(client: httpx.AsyncClient) -> None:
    problem(await client.post("/v1/things/", json={"name": "x"}), 404, "not-found")


async def test_405_lists_every_method_of_the_path_over_all_routes(client: httpx.AsyncClient) -> None:
    answer = await client.patch("/v1/things")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "DELETE, POST"


async def test_a_refusal_answers_with_its_type_status_and_detail(client: httpx.AsyncClient) -> None:
    assert (
        problem(await client.get("/v1/fail/missing"), 404, "not-found")["detail"] == "There is no such thing."
    )
    assert problem(await client.get("/v1/fail/closed"), 409, "already-closed")["title"] == "Already closed"


async def test_a_refusals_field_errors_are_listed(client: httpx.AsyncClient) -> None:
    body = problem(await client.get("/v1/fail/fields"), 422, "unacceptable")
    assert body["errors"] == [
        {"pointer": "/name", "code": "clash", "detail": "names clash", "fix": "choose another"}
    ]


async def test_a_refusal_without_a_type_is_a_500_that_tells_nothing(client: httpx.AsyncClient) -> None:
    with world.captured_logs() as logs:
        body = problem(await client.get("/v1/fail/untyped"), 500, "internal-error")
    assert "secret" not in json.dumps(body)
    assert any(
        event["event"] == "problem_type_missing" and "nobody_typed_this" in str(event["code"])
        for event in logs
    )


async def test_a_crash_is_a_500_without_internals_that_the_logs_find_by_trace_id(
    client: httpx.AsyncClient,
) -> None:
    with world.captured_logs() as logs:
        answer = await client.get(
            "/v1/fail/crash", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        )
    body = problem(answer, 500, "internal-error")
    assert "secret" not in answer.text
    assert body["trace_id"] == TRACE
    assert [event["event"] for event in logs] == ["request_failed"]


async def test_a_stale_version_is_412_with_the_current_etag(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/v1/things")
    problem(answer, 412, "stale-version")
    assert answer.headers["etag"] == '"v4"'


async def test_a_database_that_is_away_is_503_with_retry_after(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/fail/away")
    problem(answer, 503, "database-away")
    assert answer.headers["retry-after"] == "2"


async def test_a_body_that_does_not_fit_is_422_with_pointers(client: httpx.AsyncClient) -> None:
    body = problem(await client.post("/v1/things", json={"kind": "c", "nme": 1}), 422, "invalid-body")
    assert {error["pointer"] for error in body["errors"]} == {"/name", "/kind", "/nme"}
    missing = problem(await client.post("/v1/things"), 422, "invalid-body")
    assert missing["errors"][0]["pointer"] == ""


@pytest.mark.parametrize(
    "content", [b'{"name": ', b'{"name": "\xff"}', b'{"name": "\\u0000"}', b'{"name": "\\ud800"}']
)
async def test_a_body_that_cannot_be_read_or_stored_is_400(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.post("/v1/things", content=content, headers={"Content-Type": "application/json"})
    assert problem(answer, 400, "malformed-request")["errors"][0]["pointer"] in {"", "/name"}


async def test_a_body_nested_beyond_reason_is_400(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/things", content=b"[" * 1000, headers={"Content-Type": "application/json"}
    )
    problem(answer, 400, "malformed-request")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_of_another_type_is_415(client: httpx.AsyncClient, content_type: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    problem(
        await client.post("/v1/things", content=b'{"name": "x"}', headers=headers),
        415,
        "unsupported-media-type",
    )


async def test_a_body_that_says_it_is_too_large_is_413(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/things", json={"name": "x" * 1000})
    problem(answer, 413, "body-too-large")
    assert answer.headers["connection"] == "close"


async def test_a_body_in_chunks_is_413_as_soon_as_it_is_too_large(client: httpx.AsyncClient) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b"x" * 400

    answer = await client.post("/v1/things", content=chunks(), headers={"Content-Type": "application/json"})
    problem(answer, 413, "body-too-large")
    assert sent == 3


async def test_json_in_chunks_is_looked_over_as_a_whole(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for part in (b'{"name": "\\u0', b'000"', b"}"):
            yield part

    answer = await client.post("/v1/things", content=chunks(), headers={"Content-Type": "application/json"})
    problem(answer, 400, "malformed-request")


async def test_a_path_may_have_a_limit_of_its_own(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/upload", content=b"x" * 5000)).json() == 5000
    problem(await client.post("/v1/upload", content=b"x" * 5001), 413, "body-too-large")


async def test_a_path_template_may_have_a_limit_of_its_own(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/boxes/b-1/upload", content=b"x" * 7000)).json() == 7000
    problem(await client.post("/v1/boxes/b-1/upload", content=b"x" * 7001), 413, "body-too-large")
    problem(await client.post("/v1/boxes/b-1", content=b"x" * 1001), 413, "body-too-large")


async def test_an_unknown_query_parameter_is_named_with_those_that_are_known(
    client: httpx.AsyncClient,
) -> None:
    body = problem(await client.get("/v1/list?stauts=open&limit=3"), 400, "unknown-parameter")
    assert [error["parameter"] for error in body["errors"]] == ["stauts"]
    assert body["known_parameters"] == ["cursor", "from", "limit", "status"]


async def test_known_query_parameters_reach_models_and_dependencies(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/list?status=open&status=closed&from=today&limit=3&cursor=c")
    assert answer.json() == ["open", "closed", "today", "3 c"]


async def test_an_operation_without_parameters_refuses_any(client: httpx.AsyncClient) -> None:
    assert "takes none" in problem(await client.get("/v1/unread?x="), 400, "unknown-parameter")["detail"]


async def test_a_parameter_of_the_wrong_form_is_400_and_named(client: httpx.AsyncClient) -> None:
    body = problem(await client.get("/v1/list?limit=101"), 400, "invalid-parameter")
    assert body["errors"][0]["parameter"] == "limit"
    assert body["errors"][0]["fix"] == "send at most 100"


@pytest.mark.parametrize("query", ["status=%00", "status=%ff", "status=%ed%a0%80"])
async def test_a_query_that_cannot_be_stored_is_400(client: httpx.AsyncClient, query: str) -> None:
    problem(await client.get(f"/v1/list?{query}"), 400, "malformed-request")


@pytest.mark.parametrize("path", ["/v1/fail/a%00b", "/v1/fail/%ff"])
async def test_a_path_that_cannot_be_stored_is_400(client: httpx.AsyncClient, path: str) -> None:
    problem(await client.get(path), 400, "malformed-request")


async def test_each_answer_carries_the_callers_correlation_id_or_a_new_one(client: httpx.AsyncClient) -> None:
    wanted = "0199f0c2-d5a1-7c3e-8f4b-2a6d9c1e7f30"
    kept = await client.get("/v1/unread", headers={"X-Correlation-Id": wanted})
    traced = await client.get("/v1/nothing", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    fresh = await client.get("/v1/unread")
    assert kept.headers["x-correlation-id"] == wanted
    assert UUID(traced.headers["x-correlation-id"]).hex == TRACE
    assert UUID(fresh.headers["x-correlation-id"]).version == 7


async def test_requests_are_counted_by_template_method_and_exact_status(
    client: httpx.AsyncClient, registry: CollectorRegistry
) -> None:
    def count(method: str, route: str, status: int) -> float | None:
        labels = {
            "http_request_method": method,
            "http_route": route,
            "http_response_status_code": str(status),
        }
        return registry.get_sample_value("http_server_request_duration_seconds_count", labels)

    assert count("GET", "/v1/things/{thing_id}", 200) == 0, "known label sets begin at 0"
    await client.get(f"/v1/things/{world.THING}")
    await client.post("/v1/things", json={"name": "x"})
    await client.post("/v1/things", content=b"x" * 2000)
    await client.put("/v1/things")
    await client.get("/nothing/at/all")
    await client.get("/health/live")
    assert count("GET", "/v1/things/{thing_id}", 401) == 1
    assert count("POST", "/v1/things", 201) == 1
    assert count("PUT", "/v1/things", 405) == 1
    assert count("POST", "unmatched", 413) == 1
    assert count("GET", "unmatched", 404) == 1
    assert count("GET", "/health/live", 200) is None
    assert registry.get_sample_value("http_server_active_requests") == 0


async def test_an_answer_that_breaks_off_is_counted_logged_and_ends_the_connection(
    client: httpx.AsyncClient, registry: CollectorRegistry
) -> None:
    with world.captured_logs() as logs, pytest.raises(RuntimeError, match="broke off"):
        await client.get("/v1/stream")
    labels = {"http_request_method": "GET", "http_route": "/v1/stream", "http_response_status_code": "200"}
    assert registry.get_sample_value("http_server_request_duration_seconds_count", labels) == 1
    assert any(event["event"] == "failed_while_answering" for event in logs)


async def test_the_access_log_names_route_key_and_correlation_but_not_the_query(
    tmp_path: Path, registry: CollectorRegistry, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    app, key = world.build(tmp_path, registry)
    token = key("things:read")
    async with world.asking(app) as client:
        answer = await client.get(f"/v1/things/{world.THING}", headers={"Authorization": f"Bearer {token}"})
        await client.get("/v1/list?status=Ada-Lovelace")
        await client.get("/health/live")
    first, second = [line for line in logged() if line["event"] == "request"]
    assert (first["route"], first["status"], first["method"]) == ("/v1/things/{thing_id}", 200, "GET")
    assert first["key_id"] == token.split("_")[2]
    assert first["correlation_id"] == answer.headers["x-correlation-id"]
    assert (first["service"], first["level"]) == ("things", "info")
    assert second["route"] == "/v1/list"
    assert "Lovelace" not in str(second)


async def test_problem_types_are_linked_under_the_public_url(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    app, _ = world.build(tmp_path, registry, public_url="https://intake.example.org/")
    async with world.asking(app) as client:
        assert (await client.get("/nothing")).json()[
            "type"
        ] == "https://intake.example.org/problems/not-found"
