"""The pages that explain the API: the problem types, and the OpenAPI document's page, all without internet."""

import html
import importlib.util
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from chassis.problems import Problems, ProblemType

_OWN: Final = Path(__file__).with_name("pages")


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
