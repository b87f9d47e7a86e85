"""The pages that explain the API: the problem types, and the OpenAPI document with its page, all without internet."""

import html
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from chassis.problems import MEDIA_TYPE, Problems, ProblemType

_OWN: Final = Path(__file__).with_name("pages")
_SCHEMAS_OF_FASTAPI: Final = ("HTTPValidationError", "ValidationError")
_FIT: Final = {
    "body": (400, 413, 415, 422),
    "security": (401, 403),
    "path": (404,),
    "any": (400, 429, 500, 503),
}


def documentation_routes(problems: Problems, public_url: str | None) -> list[Route]:
    """Make the routes `/`, `/docs` with its files, `/problems` and `/problems/{code}`."""
    policy = _content_policy(public_url)
    files = _files()
    page = (_OWN / "docs.html").read_text(encoding="utf-8")

    async def home(request: Request) -> Response:
        return RedirectResponse(f"{request.scope.get('root_path', '')}/docs")

    async def docs(request: Request) -> Response:
        shown = page.replace("{title}", html.escape(request.app.title))
        return HTMLResponse(shown, headers={"Content-Security-Policy": policy})

    async def asset(request: Request) -> Response:
        file = files.get(request.path_params["name"])
        if file is None:
            raise HTTPException(404)
        return FileResponse(
            file, headers={"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
        )

    async def problem_list(_: Request) -> Response:
        return _page("Problems", _list(problems))

    async def problem(request: Request) -> Response:
        kind = problems.find(request.path_params["code"])
        if kind is None:
            raise HTTPException(404)
        return _page(kind.title, _explained(kind))

    return [
        Route("/", home, include_in_schema=False),
        Route("/docs", docs, include_in_schema=False),
        Route("/docs/assets/{name}", asset, include_in_schema=False),
        Route("/problems", problem_list, include_in_schema=False),
        Route("/problems/{code}", problem, include_in_schema=False),
    ]


def document_problems(schema: dict[str, Any], problems: Problems) -> None:
    """Complete an OpenAPI document: every operation's problems, instead of the framework's own validation error."""
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in _SCHEMAS_OF_FASTAPI:
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    responses = components.setdefault("responses", {})
    responses["Problem"] = _response("Any other problem.")
    for status in sorted({kind.status for kind in problems}):
        responses[f"Problem{status}"] = _response(_meaning(problems, status), status)
    for operations in schema.get("paths", {}).values():
        for operation in operations.values():
            if isinstance(operation, dict) and "responses" in operation:
                _document(operation, responses)


def _document(operation: dict[str, Any], responses: Mapping[str, Any]) -> None:
    documented: dict[str, Any] = operation["responses"]
    if "HTTPValidationError" in str(documented.get("422", "")):
        del documented["422"]
    fitting = set(_FIT["any"])
    if "requestBody" in operation:
        fitting |= set(_FIT["body"])
    if operation.get("security"):
        fitting |= set(_FIT["security"])
    if any(parameter.get("in") == "path" for parameter in operation.get("parameters", ())):
        fitting |= set(_FIT["path"])
    for status in sorted(fitting):
        if f"Problem{status}" in responses:
            documented.setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})
    documented.setdefault("default", {"$ref": "#/components/responses/Problem"})


_LIMITS: Final = "What the key may ask in a minute, and what is left of it; on every answer of an operation that is limited."


def _response(description: str, status: int | None = None) -> dict[str, Any]:
    headers: dict[str, Any] = {
        "X-Correlation-Id": {
            "description": "Names this request in all logs.",
            "schema": {"type": "string", "format": "uuid"},
        }
    }
    if status in {409, 429, 503}:
        headers["Retry-After"] = {
            "description": "Seconds to wait before a repeat.",
            "schema": {"type": "string"},
        }
    if status == 429:  # noqa: PLR2004 - an HTTP status says best what it is
        for name in ("RateLimit-Policy", "RateLimit"):
            headers[name] = {"description": _LIMITS, "schema": {"type": "string"}}
    if status == 401:  # noqa: PLR2004 - an HTTP status says best what it is
        headers["WWW-Authenticate"] = {
            "description": "The challenge of RFC 6750.",
            "schema": {"type": "string"},
        }
    return {
        "description": description,
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _meaning(problems: Problems, status: int) -> str:
    kinds = [kind for kind in problems if kind.status == status and kind.code != "http_error"]
    return " ".join(f"`{kind.slug}`: {kind.title}." for kind in kinds) or "A problem."


PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "What went wrong, as RFC 9457 has it.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "description": "Names the kind of problem for good, and is the address of a page that explains it.",
        },
        "title": {"type": "string", "description": "The kind of problem, for a person."},
        "status": {"type": "integer", "description": "The HTTP status of this answer."},
        "detail": {"type": "string", "description": "What is wrong with this request, for a person."},
        "instance": {"type": "string", "description": "The path that was asked."},
        "trace_id": {"type": "string", "description": "Finds this request in the logs."},
        "errors": {
            "type": "array",
            "description": "One entry for each value at fault.",
            "items": {
                "type": "object",
                "required": ["code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer to a value in the body."},
                    "parameter": {
                        "type": "string",
                        "description": "Name of a query, path or header parameter.",
                    },
                    "code": {"type": "string", "description": "Why the value is refused, stable."},
                    "detail": {"type": "string", "description": "Why the value is refused, for a person."},
                    "fix": {"type": "string", "description": "What would help."},
                },
            },
        },
    },
    "additionalProperties": True,
    "examples": [
        {
            "type": "https://intake.example.org/problems/not-found",
            "title": "Not found",
            "status": 404,
            "detail": "There is nothing at /v1/complaints/7.",
            "instance": "/v1/complaints/7",
            "trace_id": "0199f0c2d5a17c3e8f4b2a6d9c1e7f30",
        }
    ],
}


def _files() -> dict[str, Path]:
    found = importlib.util.find_spec("fastapi_swagger")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError(
            "fastapi-swagger, which brings the files of the documentation page, is not installed"
        )
    bundle = Path(found.submodule_search_locations[0]) / "resources"
    own = {name: _OWN / name for name in ("docs.js", "pages.css")}
    return own | {
        name: bundle / name for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png")
    }


def _content_policy(public_url: str | None) -> str:
    api = ""
    if public_url:
        parts = urlsplit(public_url)
        api = f" {parts.scheme}://{parts.netloc}"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        f"connect-src 'self'{api}; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
    )


def _list(problems: Problems) -> str:
    rows = "".join(
        f'<tr><td>{kind.status}</td><td><a href="problems/{kind.slug}">{kind.slug}</a></td>'
        f"<td>{html.escape(kind.title)}</td></tr>"
        for kind in problems
    )
    return f"<table><tr><th>Status</th><th>Code</th><th>Title</th></tr>{rows}</table>"


def _explained(kind: ProblemType) -> str:
    return (
        f"<p><code>{kind.slug}</code>, HTTP status {kind.status}</p>"
        f"<h2>What it means</h2><p>{html.escape(kind.explanation)}</p>"
        f"<h2>What helps</h2><p>{html.escape(kind.fix)}</p>"
        '<p><a href="../problems">All problems</a></p>'
    )


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style><h1>{html.escape(title)}</h1>{body}</html>",
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"},
    )


_STYLE: Final = (_OWN / "pages.css").read_text(encoding="utf-8")


class DocumentedApi(FastAPI):
    """An application whose OpenAPI document tells of every problem."""

    problems: Problems
    _completed: dict[str, Any] | None = None

    def openapi(self) -> dict[str, Any]:
        """Give the completed document."""
        schema = super().openapi()
        if schema is not self._completed:
            document_problems(schema, self.problems)
            self._completed = schema
        return schema
