"""Every error as the problem that answers it."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from chassis.bodies import invalid_request, is_json, raise_unsupported
from chassis.correlation import Correlation
from chassis.database import is_away, is_busy
from chassis.etags import etag
from chassis.incoming import few
from chassis.logging import get_logger
from chassis.problems import INTERNAL_DETAIL, ProblemError, Problems, at_pointer, from_field
from chassis.routes import table_of
from common.refusals import Refusal, Stale

CORRELATION: Final = "redress.correlation"

log = get_logger("chassis.edge")


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
    return _respond(problems, scope, found)


def _respond(problems: Problems, scope: Scope, found: ProblemError, status: int | None = None) -> Response:
    if problems.find(found.code) is None:
        log.error("problem_type_missing", code=found.code)
    correlation: Correlation | None = scope.get(CORRELATION)
    return problems.respond(
        found.code,
        found.detail,
        request_base=_base(scope),
        instance=scope["path"],
        trace_id=correlation.trace_id if correlation else None,
        status=status,
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
    content_type = few(scope["headers"]).get(b"content-type", "")
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
    return _respond(
        problems, scope, ProblemError(code, detail, errors=errors, headers=headers), error.status_code
    )


def _base(scope: Mapping[str, Any]) -> str:
    url = URL(scope=dict(scope))
    return f"{url.scheme}://{url.netloc}{scope.get('root_path', '')}"
