"""What happens to every request before and after its route, in one pass of pure ASGI.

It binds the correlation, refuses what no route should see (a body too large or unstorable, unknown query parameters),
turns every error that is left into a problem, counts, and writes the access log.
"""

import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_to_bytes

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.auth import PRINCIPAL, Principal
from chassis.bodies import (
    invalid_request,
    is_json,
    raise_unsupported,
    refuse_unstorable,
    refuse_unstorable_query,
)
from chassis.correlation import Correlation, bind, correlation_from, correlation_id_of, release
from chassis.database import is_away, is_busy
from chassis.etags import etag
from chassis.logging import AccessLog, get_logger
from chassis.problems import INTERNAL_DETAIL, ProblemError, Problems, at_parameter, at_pointer, from_field
from chassis.rate_limits import STANDING
from chassis.routes import UNMATCHED, RouteTable, table_of
from chassis.telemetry import OTHER_METHOD, PROBES, HttpMetrics, known_method
from chassis.tracing import ProcessSpan, tracer
from common.refusals import Refusal, Stale
from common.tracing import Story, context_of

CORRELATION: Final = "redress.correlation"
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
        headers = _few(scope["headers"])
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
            _refuse_large(headers.get(b"content-length"), limit)
            if b"%" in scope.get("raw_path", b"") or scope["query_string"]:
                _refuse_address(scope)
            reading = _Reading(receive, limit, json=is_json(headers.get(b"content-type", "")))
            light = self._routes(scope).light(scope)
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


class _Reading:
    """The way in: counts the body's bytes, also of one sent in chunks, and looks JSON over when it is whole."""

    __slots__ = ("_chunks", "_json", "_limit", "_receive", "_size")

    def __init__(self, receive: Receive, limit: int, *, json: bool) -> None:
        self._receive = receive
        self._limit = limit
        self._json = json
        self._size = 0
        self._chunks: list[bytes] = []

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] != "http.request":
            return message
        chunk: bytes = message.get("body", b"")
        self._size += len(chunk)
        if self._size > self._limit:
            raise _too_large(self._limit)
        if self._json:
            if message.get("more_body", False):
                self._chunks.append(chunk)
            else:
                refuse_unstorable(b"".join([*self._chunks, chunk]) if self._chunks else chunk)
                self._chunks.clear()
        return message


def install_problem_handlers(app: FastAPI, problems: Problems) -> None:
    """Have refusals and the framework's own errors answered as problems."""

    async def handle(request: Request, error: Exception) -> Response:
        return problem_of(problems, request.scope, error)

    for kind in (Refusal, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, handle)


def problem_of(problems: Problems, scope: Scope, error: Exception) -> Response:
    """Make the answer to any error; one that nobody foresaw is logged with its trace."""
    match error:
        case ProblemError():
            found = error
        case Refusal():
            found = _refused(problems, error)
        case RequestValidationError():
            found = _invalid(scope, error)
        case HTTPException():
            return _http(problems, scope, error)
        case _ if is_away(error):
            log.warning("database_away", reason=type(error).__name__, detail=str(error))
            found = ProblemError("database_away", "The database cannot be reached just now.")
        case _ if is_busy(error):
            log.warning("database_busy", reason=type(error).__name__, detail=str(error))
            found = ProblemError("busy", "Others hold what this request needs.")
        case _:
            log.error("request_failed", exc_info=error)
            found = ProblemError("internal_error", INTERNAL_DETAIL)
    return _respond(problems, scope, found.code, found.detail, found)


def _respond(problems: Problems, scope: Scope, code: str, detail: str, found: ProblemError) -> Response:
    if problems.find(code) is None:
        log.error("problem_type_missing", code=code)
    correlation: Correlation | None = scope.get(CORRELATION)
    return problems.respond(
        code,
        detail,
        request_base=_base(scope),
        instance=scope["path"],
        trace_id=correlation.trace_id if correlation else None,
        errors=found.errors,
        headers=found.headers,
        extensions=found.extensions,
    )


def _refused(problems: Problems, refusal: Refusal) -> ProblemError:
    headers = {"ETag": etag(refusal.current)} if isinstance(refusal, Stale) else {}
    code = refusal.code if problems.find(refusal.code) else f"untyped:{refusal.code}"
    return ProblemError(
        code, refusal.detail, errors=[from_field(error) for error in refusal.errors], headers=headers
    )


def _invalid(scope: Scope, error: RequestValidationError) -> ProblemError:
    errors = error.errors()
    content_type = _few(scope["headers"]).get(b"content-type", "")
    about_body = any(found["loc"][:1] == ("body",) for found in errors)
    if about_body and error.body not in (None, b"") and not is_json(content_type):
        try:
            raise_unsupported(content_type)
        except ProblemError as unsupported:
            return unsupported
    return invalid_request(errors)


def _http(problems: Problems, scope: Scope, error: HTTPException) -> Response:
    code, detail, headers = problems.code_of(error.status_code), str(error.detail), dict(error.headers or {})
    errors: list[dict[str, str]] = []
    match error.status_code:
        case 404 if error.detail == "Not Found":
            detail = f"There is nothing at {scope['path']}."
        case 405:
            allowed = ", ".join(table_of(scope["app"]).allowed(scope["path"]))
            headers = {name: value for name, value in headers.items() if name.lower() != "allow"} | {
                "Allow": allowed
            }
            detail = f"{scope['path']} does not answer {scope['method']}, only {allowed}."
        case 400:
            errors = [at_pointer("", "unreadable", detail, "send valid JSON in UTF-8, not too deeply nested")]
        case _:
            pass
    correlation: Correlation | None = scope.get(CORRELATION)
    return problems.respond(
        code,
        detail,
        request_base=_base(scope),
        instance=scope["path"],
        trace_id=correlation.trace_id if correlation else None,
        status=error.status_code,
        errors=errors,
        headers=headers,
    )


def _refuse_large(content_length: str | None, limit: int) -> None:
    if content_length is not None and content_length.isdigit() and int(content_length) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> ProblemError:
    # What is left of the body is not worth reading, so the connection ends with the answer.
    return ProblemError(
        "body_too_large", f"The body is larger than {limit} bytes.", headers={"Connection": "close"}
    )


def _refuse_address(scope: Scope) -> None:
    path = unquote_to_bytes(scope.get("raw_path", b""))
    if b"\x00" in path or not _is_utf8(path):
        raise ProblemError("malformed_request", "The path is not UTF-8, or holds the character U+0000.")
    query: bytes = scope["query_string"]
    if not query:
        return
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError:
        raise ProblemError("malformed_request", "The query is not UTF-8, percent-encoded.") from None
    refuse_unstorable_query(pairs)
    _refuse_unknown(table_of(scope["app"]), scope, {name for name, _ in pairs})


def _refuse_unknown(table: RouteTable, scope: Scope, names: set[str]) -> None:
    known = table.known_query(scope["method"], scope["path"])
    if known is None or names <= known:
        return
    choice = f"use one of: {', '.join(sorted(known))}" if known else "this operation takes none"
    unknown = sorted(names - known)
    raise ProblemError(
        "unknown_parameter",
        f"Unknown query parameter {', '.join(unknown)}: {choice}.",
        errors=[
            at_parameter(name, "unknown_parameter", "this operation does not know it", choice)
            for name in unknown
        ],
        extensions={"known_parameters": sorted(known)},
    )


def _few(headers: list[tuple[bytes, bytes]]) -> dict[bytes, str]:
    return {name: value.decode("latin-1") for name, value in headers if name in _READ}


_READ: Final = frozenset(
    {b"x-correlation-id", b"traceparent", b"tracestate", b"content-length", b"content-type"}
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


def _is_utf8(path: bytes) -> bool:
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True


def _base(scope: Mapping[str, Any]) -> str:
    url = URL(scope=dict(scope))
    return f"{url.scheme}://{url.netloc}{scope.get('root_path', '')}"
