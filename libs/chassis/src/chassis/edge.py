"""What happens to every request before and after its route, in one pass of pure ASGI.

It binds the correlation, refuses what no route should see (a body too large or unstorable, unknown query parameters),
turns every error that is left into a problem, counts, and writes the access log.
"""

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.answering import CORRELATION, problem_of
from chassis.auth import PRINCIPAL, Principal
from chassis.bodies import is_json
from chassis.correlation import Correlation, bind, correlation_from, correlation_id_of, release
from chassis.incoming import Reading, few, refuse_address, refuse_large
from chassis.logging import AccessLog, get_logger
from chassis.problems import Problems
from chassis.rate_limits import STANDING
from chassis.routes import UNMATCHED, RouteTable, table_of
from chassis.telemetry import OTHER_METHOD, PROBES, HttpMetrics, known_method
from chassis.tracing import ProcessSpan, tracer
from common.tracing import Story, context_of

_CLIENT_GONE: Final = 499
_FAILED: Final = 500

log = get_logger("chassis.edge")


class Edge:
    """The outermost layer of an application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        problems: Problems,
        metrics: HttpMetrics,
        max_body_bytes: int,
        body_limits: Mapping[str, int],
    ) -> None:
        self._app = app
        self._problems = problems
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes
        self._body_limits = dict(body_limits)
        self._template_limits = [
            (compile_path(path)[0], limit) for path, limit in body_limits.items() if "{" in path
        ]
        self._access = AccessLog()
        self._table: RouteTable | None = None
        self._tracer = tracer() if tracer().recording else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = few(scope["headers"])
        span: ProcessSpan | None = None
        if self._tracer is None or scope["path"].startswith(PROBES):
            correlation = correlation_from(
                headers.get(b"x-correlation-id"), headers.get(b"traceparent"), headers.get(b"tracestate")
            )
        else:
            span = self._tracer.begin(scope["method"], kind="server", story=_story(scope, headers))
            correlation = span.correlation
        scope[CORRELATION] = correlation
        token = bind(correlation)
        answer = _Answer(self, scope, send, correlation, span)
        self._metrics.active += 1
        try:
            await self._serve(scope, receive, answer, headers)
        finally:
            answer.close()
            self._metrics.active -= 1
            release(token)

    async def _serve(
        self, scope: Scope, receive: Receive, answer: "_Answer", headers: Mapping[bytes, str]
    ) -> None:
        limit = self._limit(scope["path"])
        try:
            refuse_large(headers.get(b"content-length"), limit)
            if b"%" in scope.get("raw_path", b"") or scope["query_string"]:
                refuse_address(scope)
            table = self._routes(scope)
            if table.refuses(scope["method"], scope["path"]):
                raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED)  # noqa: TRY301 - answered as every error is
            reading = Reading(receive, limit, json=is_json(headers.get(b"content-type", "")))
            light = table.light(scope)
            # Whoever asks under another path, such as with a root path, comes to the same route by the router.
            await (self._app if light is None else light.app)(scope, reading, answer)
        except Exception as error:
            answer.error = type(error).__name__
            if answer.status:
                answer.broke_off = True
                log.exception("failed_while_answering")
                raise
            await problem_of(self._problems, scope, error)(scope, receive, answer)

    def _limit(self, path: str) -> int:
        if path in self._body_limits:
            return self._body_limits[path]
        matching = (limit for pattern, limit in self._template_limits if pattern.match(path))
        return next(matching, self._max_body_bytes)

    def finished(self, scope: Scope, status: int, seconds: float, correlation: Correlation) -> None:
        """Count and log one answered request; probes are left out."""
        path: str = scope["path"]
        if path.startswith(PROBES):
            return
        route = self._routes(scope).template(scope)
        self._metrics.observe(scope["method"], route, status, seconds)
        principal: Principal | None = scope.get(PRINCIPAL)
        self._access.write(
            {
                "method": scope["method"],
                "route": route,
                "path": path,
                "status": status,
                "milliseconds": round(seconds * 1000, 2),
                "key_id": principal.key_id if principal else None,
                "correlation_id": str(correlation.correlation_id),
                "trace_id": correlation.trace_id,
                "span_id": correlation.span_id,
            }
        )

    def recorded(self, scope: Scope, status: int, span: ProcessSpan, failure: str) -> None:
        """End the span of one answered request, named by its route; `failure` says how the service failed, if it did."""
        route = self._routes(scope).template(scope)
        method = known_method(scope["method"])
        method = "HTTP" if method == OTHER_METHOD else method
        if route == UNMATCHED:
            span.rename(method)
        else:
            span.rename(f"{method} {route}")
            span.set("http.route", route)
        span.set("http.response.status_code", status)
        if failure:
            span.fail(failure)
        span.end()

    def _routes(self, scope: Scope) -> RouteTable:
        if self._table is None:
            self._table = table_of(scope["app"])
        return self._table


class _Answer:
    """The way out: adds the correlation id and notices the last byte."""

    __slots__ = (
        "_correlation",
        "_done",
        "_edge",
        "_scope",
        "_send",
        "_span",
        "_started",
        "broke_off",
        "error",
        "status",
    )

    def __init__(
        self, edge: Edge, scope: Scope, send: Send, correlation: Correlation, span: ProcessSpan | None
    ) -> None:
        self._edge = edge
        self._scope = scope
        self._send = send
        self._correlation = correlation
        self._started = time.perf_counter()
        self._done = False
        self._span = span
        self.broke_off = False
        self.error = ""
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            identity = (b"x-correlation-id", str(self._correlation.correlation_id).encode())
            limits = self._scope.get(STANDING, ())
            message = {**message, "headers": [*message.get("headers", ()), identity, *limits]}
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._finish(self.status)

    def close(self) -> None:
        """Count a request whose answer never ended, since the client went away or the answer broke off."""
        self._finish(self.status or _CLIENT_GONE)

    def _finish(self, status: int) -> None:
        if not self._done:
            self._done = True
            seconds = time.perf_counter() - self._started
            self._edge.finished(self._scope, status, seconds, self._correlation)
            if self._span is not None:
                failed = status >= _FAILED or self.broke_off
                self._edge.recorded(
                    self._scope, status, self._span, (self.error or str(status)) if failed else ""
                )


def _story(scope: Scope, headers: Mapping[bytes, str]) -> Story:
    """Tell what a request belongs to. Path and query stay out of it: ids in a path may name a person."""
    given = headers.get(b"x-correlation-id")
    return Story(
        correlation_id_of(given) if given else None,
        context_of(headers.get(b"traceparent"), headers.get(b"tracestate")),
        {
            "http.request.method": known_method(scope["method"]),
            "url.scheme": scope["scheme"],
            "network.protocol.version": scope["http_version"],
        },
    )
