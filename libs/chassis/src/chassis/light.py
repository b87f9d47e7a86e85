"""A route for what must be fast: documented like any other, and served without FastAPI's layers around it."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]


class LightRoute(APIRoute):
    """A route whose endpoint takes the request alone and gives the whole answer.

    FastAPI documents it; its dependency resolution, exit stacks and response model, which cost more than a light
    request itself, are left out. What the endpoint raises is answered by the edge as everywhere. Make a router with
    `APIRouter(route_class=LightRoute)`; the path has no parameters.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        if self.param_convertors or self.dependant.dependencies:
            raise ValueError(f"{path}: a light route has no parameters and no dependencies")
        self.app = _served(endpoint)


def _served(endpoint: Endpoint) -> ASGIApp:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(Request(scope, receive))
        await response(scope, receive, send)

    return serve
