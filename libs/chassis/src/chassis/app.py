"""The application factory: what every API of Redress has, around a service's own routers."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp
from typing_extensions import override

from chassis.answering import install_problem_handlers
from chassis.auth import BEARER, BY_SOURCE, KEYRING, LIMITER, METRICS, Keyring, Verifier
from chassis.documentation import documentation_routes
from chassis.edge import Edge
from chassis.examples import COMMON_WORDS, Words
from chassis.health import Health, health_routes
from chassis.openapi import DocumentedApi
from chassis.problems import Problems, ProblemType
from chassis.rate_limits import RateLimiter
from chassis.refusing import auth_metrics
from chassis.routes import table_of
from chassis.telemetry import REGISTRY, http_metrics

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Any]]


def create_app(
    *,
    title: str,
    version: str,
    description: str,
    routers: Sequence[APIRouter],
    health: Health,
    keyring: Keyring | None = None,
    bearer: Verifier | None = None,
    by_source: bool = False,
    limiter: RateLimiter | None = None,
    problems: Sequence[ProblemType] = (),
    public_url: str | None = None,
    max_body_bytes: int = 1_000_000,
    body_limits: Mapping[str, int] | None = None,
    tags: Sequence[Mapping[str, Any]] = (),
    examples: Words | None = None,
    lifespan: Lifespan | None = None,
    registry: CollectorRegistry = REGISTRY,
) -> FastAPI:
    """Make an API: the routers, problems for every error, probes, metrics, access log, `/docs` and `/openapi.json`.

    `body_limits` sets another limit for single paths or path templates, such as an upload. `keyring` may be left out where no route
    authenticates; `bearer` verifies what is no API key. Keys of a source system are refused unless the service says by
    `by_source` that its routes keep each such key to what is its own. `limiter` says how much each caller may ask. An operation's id is its function's name.
    """
    known = Problems(problems, public_url=public_url)
    app = _Application(
        title=title,
        version=version,
        description=description,
        openapi_tags=[dict(tag) for tag in tags],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": public_url.rstrip("/") if public_url else "/", "description": "This service."}],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_name,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.problems = known
    app.words = {**COMMON_WORDS, **(examples or {})}
    app.state.problems = known
    setattr(app.state, KEYRING, keyring)
    setattr(app.state, BEARER, bearer)
    setattr(app.state, BY_SOURCE, by_source)
    setattr(app.state, METRICS, auth_metrics(registry))
    setattr(app.state, LIMITER, limiter)
    app.edge = partial(
        Edge,
        problems=known,
        metrics=http_metrics(registry),
        max_body_bytes=max_body_bytes,
        body_limits=body_limits or {},
    )
    install_problem_handlers(app, known)
    for router in routers:
        _add(app, router)
    app.router.routes.extend([*health_routes(health), *documentation_routes(known, public_url)])
    http_metrics(registry).initialise(table_of(app))
    return app


class _Application(DocumentedApi):
    edge: Callable[[ASGIApp], ASGIApp]

    @override
    def build_middleware_stack(self) -> ASGIApp:
        # The edge answers every error and bounds every body, so that the layers which FastAPI has for that are left out:
        # a light request would pay more for passing them than for its own work.
        return self.edge(
            ExceptionMiddleware(AsyncExitStackMiddleware(self.router), handlers=self.exception_handlers)
        )


def _add(app: FastAPI, router: APIRouter) -> None:
    # A router of plain routes is taken over route by route: finding a route inside an included router costs FastAPI
    # more than all that the chassis adds to a request. The routes carry their router's prefix, tags and dependencies.
    if all(isinstance(route, APIRoute) for route in router.routes):
        for route in router.routes:
            if isinstance(route, APIRoute):
                route.unique_id = route.operation_id or _name(route)
                app.router.routes.append(route)
    else:
        app.include_router(router)


def _name(route: APIRoute) -> str:
    return route.name
