import socket
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from local.traces import Collector, TracedSpan, tree_of
from local.traces.__main__ import main

MILLISECOND = 1_000_000


def span(name: str, span_id: str, parent_id: str = "", **changes: Any) -> TracedSpan:
    fields: dict[str, Any] = {
        "name": name,
        "kind": "internal",
        "trace_id": "t" * 32,
        "span_id": span_id,
        "parent_id": parent_id,
        "tracestate": "",
        "started": 0,
        "ended": 2 * MILLISECOND,
        "attributes": {},
        "links": (),
        "failed": False,
        "resource": {"service.name": "intake"},
    }
    return TracedSpan(**(fields | changes))


def test_a_tree_shows_each_span_below_its_parent_in_the_order_of_time() -> None:
    spans = [
        span("late", "c", "a", started=1_500 * MILLISECOND, ended=1_501 * MILLISECOND),
        span("early", "b", "a", started=10 * MILLISECOND, ended=20 * MILLISECOND),
        span("root", "a", "of the caller", attributes={"http.response.status_code": 201}),
        span("below", "d", "b", failed=True, links=(("t", "x"),), resource={"service.name": "capa"}),
    ]
    assert tree_of(spans).splitlines() == [
        f"trace {'t' * 32}: 4 spans in 1.501 s, intake, capa",
        "    0.000 s intake   root  2.0 ms [201]",
        "    0.010 s intake     early  10.0 ms",
        "    0.000 s capa         below  2.0 ms [1 links, failed]",
        "    1.500 s intake     late  1.0 ms",
    ]


def test_the_collector_refuses_what_is_no_batch_of_spans() -> None:
    with Collector() as collector, httpx.Client(base_url=collector.url) as client:
        assert client.post("/v1/traces", content=b"\xff\xff nonsense").status_code == 400
        assert client.post("/v1/metrics", content=b"").status_code == 404
        empty = ExportTraceServiceRequest().SerializeToString()
        assert client.post("/v1/traces", content=empty).status_code == 200
        assert collector.spans() == ()


def test_a_port_that_is_taken_is_said_with_the_way_out(capsys: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["--port", str(taken.getsockname()[1])]) == 2
    assert "--port" in capsys.readouterr().err
