"""A collector of traces on loopback: OTLP over HTTP, kept in memory."""

import gzip
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # it ships no types
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from typing_extensions import override

HOST: Final = "127.0.0.1"
PATH: Final = "/v1/traces"
_PROTOBUF: Final = "application/x-protobuf"
_LARGEST_BODY: Final = 64_000_000
"""Bytes; what the exporters of OpenTelemetry send at most."""


@dataclass(frozen=True, slots=True)
class TracedSpan:
    """One span as it was received; times in nanoseconds since 1970, ids in hexadecimal, `parent_id` empty for a root."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    tracestate: str
    started: int
    ended: int
    attributes: Mapping[str, str | int | float | bool]
    links: tuple[tuple[str, str], ...]
    """Trace and span of each."""
    failed: bool
    resource: Mapping[str, str | int | float | bool]

    @property
    def service(self) -> str:
        """The service that sent it."""
        return str(self.resource.get("service.name", "unknown"))


class Collector:
    """Takes spans while its block runs; raises OSError where the port is taken. Port 0 is any that is free."""

    def __init__(self, port: int = 0) -> None:
        self._spans: list[TracedSpan] = []
        self._keeping = threading.Lock()
        self._server = _Server((HOST, port), self._keep)
        self._thread = threading.Thread(target=self._server.serve_forever, name="collector", daemon=True)

    @property
    def url(self) -> str:
        """What `REDRESS_TRACING_ENDPOINT` is set to."""
        return f"http://{HOST}:{self._server.server_port}"

    def spans(self) -> tuple[TracedSpan, ...]:
        """Give every span that came so far, in the order of their coming."""
        with self._keeping:
            return tuple(self._spans)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _keep(self, request: ExportTraceServiceRequest) -> None:
        with self._keeping:
            self._spans.extend(_spans(request))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], keep: Callable[[ExportTraceServiceRequest], None]) -> None:
        super().__init__(address, _Handler)
        self.keep = keep


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """Take one batch."""
        size = int(self.headers.get("content-length", "0"))
        if urlsplit(self.path).path != PATH:
            self._answer(HTTPStatus.NOT_FOUND)
        elif size > _LARGEST_BODY:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self._take(self.rfile.read(size))

    def _take(self, body: bytes) -> None:
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        try:
            request = ExportTraceServiceRequest.FromString(body)
        except DecodeError:
            self._answer(HTTPStatus.BAD_REQUEST)
            return
        self.server.keep(request)
        self._answer(HTTPStatus.OK, ExportTraceServiceResponse().SerializeToString())

    def _answer(self, status: HTTPStatus, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Type", _PROTOBUF)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request."""


def _spans(request: ExportTraceServiceRequest) -> Iterator[TracedSpan]:
    for sent in request.resource_spans:
        resource = _values(sent.resource.attributes)
        for scope in sent.scope_spans:
            for span in scope.spans:
                yield _span(span, resource)


def _span(span: Span, resource: Mapping[str, str | int | float | bool]) -> TracedSpan:
    return TracedSpan(
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        tracestate=span.trace_state,
        started=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
        attributes=_values(span.attributes),
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        resource=resource,
    )


def _values(pairs: Sequence[KeyValue]) -> dict[str, str | int | float | bool]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> str | int | float | bool:
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case "bool_value":
            return value.bool_value
        case _:
            return str(value).strip()
