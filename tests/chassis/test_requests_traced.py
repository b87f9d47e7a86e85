import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry

from chassis.tracing import tracer
from tests.chassis import world
from tests.support.tracing import (
    PARENT,
    SPAN,
    TRACE,
    UNSAMPLED,
    Recorded,
    failed,
    parent_id,
    recording,
    said,
    span_id,
    trace_id,
)


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with recording() as recorded:
        yield recorded


@pytest.fixture
async def traced(
    recorded: Recorded, tmp_path: Path, registry: CollectorRegistry
) -> AsyncIterator[httpx.AsyncClient]:
    app, _ = world.build(tmp_path, registry)
    assert tracer() is recorded.tracer
    async with world.asking(app) as client:
        yield client


async def test_a_request_is_a_server_span_named_by_its_route_that_continues_the_callers_trace(
    recorded: Recorded, traced: httpx.AsyncClient
) -> None:
    answer = await traced.get(
        "/v1/list?status=open", headers={"traceparent": PARENT, "tracestate": "crm=1,other=2"}
    )
    (span,) = recorded.spans
    assert (span.name, span.kind, trace_id(span), parent_id(span)) == (
        "GET /v1/list",
        SpanKind.SERVER,
        TRACE,
        SPAN,
    )
    assert span.context is not None
    assert span.context.trace_state.to_header() == "crm=1,other=2"
    assert said(span) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/v1/list",
        "network.protocol.version": "1.1",
        "url.scheme": "http",
    }
    assert answer.headers["x-correlation-id"].replace("-", "") == TRACE


async def test_no_path_query_or_body_is_in_a_span(recorded: Recorded, traced: httpx.AsyncClient) -> None:
    await traced.get("/v1/things/ada@example.org")
    await traced.get("/v1/list?status=ada")
    await traced.post("/v1/things", json={"name": "ada"})
    await traced.get("/v1/nothing/ada")
    assert recorded.names == ["GET /v1/things/{thing_id}", "GET /v1/list", "POST /v1/things", "GET"]
    assert "ada" not in " ".join(span.to_json() for span in recorded.spans)


async def test_a_crash_fails_the_span_by_its_class_alone(
    recorded: Recorded, traced: httpx.AsyncClient
) -> None:
    with world.captured_logs():
        await traced.get("/v1/fail/crash")
    (span,) = recorded.spans
    assert failed(span)
    assert (said(span)["error.type"], said(span)["http.response.status_code"]) == ("RuntimeError", 500)
    assert "secret" not in span.to_json()


async def test_an_answer_that_breaks_off_fails_the_span(
    recorded: Recorded, traced: httpx.AsyncClient
) -> None:
    with world.captured_logs(), pytest.raises(RuntimeError):
        await traced.get("/v1/stream")
    (span,) = recorded.spans
    assert failed(span)
    assert said(span)["error.type"] == "RuntimeError"


async def test_a_refusal_is_the_callers_and_fails_no_span(
    recorded: Recorded, traced: httpx.AsyncClient
) -> None:
    await traced.get("/v1/fail/closed")
    (span,) = recorded.spans
    assert (failed(span), said(span)["http.response.status_code"]) == (False, 409)


async def test_a_method_that_somebody_made_up_names_no_span(
    recorded: Recorded, traced: httpx.AsyncClient
) -> None:
    await traced.request("BREW", "/v1/things")
    assert recorded.names == ["HTTP /v1/things"]
    assert said(recorded.spans[0])["http.request.method"] == "_OTHER"


async def test_probes_leave_no_span(recorded: Recorded, traced: httpx.AsyncClient) -> None:
    assert (await traced.get("/health/live")).status_code == 200
    assert recorded.names == []


async def test_what_the_caller_does_not_record_is_not_recorded(
    recorded: Recorded, traced: httpx.AsyncClient
) -> None:
    await traced.get("/v1/unread", headers={"traceparent": UNSAMPLED})
    assert recorded.names == []


async def test_the_answer_and_the_problem_name_the_spans_trace(
    recorded: Recorded, traced: httpx.AsyncClient
) -> None:
    answer = await traced.get("/v1/fail/missing", headers={"x-correlation-id": "order 66"})
    (span,) = recorded.spans
    assert json.loads(answer.text)["trace_id"] == trace_id(span)
    assert said(span)["redress.correlation_id"] == answer.headers["x-correlation-id"]


async def test_log_lines_of_a_request_name_its_span(
    recorded: Recorded,
    tmp_path: Path,
    registry: CollectorRegistry,
    logged: Callable[[], list[dict[str, Any]]],
) -> None:
    app, _ = world.build(tmp_path, registry)
    async with world.asking(app) as client:
        await client.get("/v1/fail/crash", headers={"traceparent": PARENT})
    (span,) = recorded.spans
    lines = {line["event"]: line for line in logged()}
    assert {(line["trace_id"], line["span_id"]) for line in lines.values()} == {(TRACE, span_id(span))}
    assert lines.keys() >= {"request_failed", "request"}
    assert all(line["correlation_id"] for line in lines.values())


async def test_of_traces_that_begin_here_only_the_share_that_is_wanted_is_recorded(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    with recording(ratio=0.0) as recorded:
        app, _ = world.build(tmp_path, registry)
        async with world.asking(app) as client:
            await client.get("/v1/unread")
            assert recorded.names == []
            await client.get("/v1/unread", headers={"traceparent": PARENT})
    assert recorded.names == ["GET /v1/unread"]
