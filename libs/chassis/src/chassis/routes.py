"""What the application's routes are, as their table: templates, methods and the parameters that each knows."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from re import Pattern
from typing import Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from pydantic import BaseModel
from starlette.requests import Request
from starlette.types import Scope

from chassis.light import LightRoute

UNMATCHED: Final = "unmatched"
_PARAMETER: Final = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One route: its template, its methods, and the query parameters it knows (None where it may know any)."""

    template: str
    pattern: Pattern[str]
    methods: frozenset[str]
    query: frozenset[str] | None
    status: int


class RouteTable:
    """The routes of one application, read once when the first request asks."""

    def __init__(self, app: FastAPI) -> None:
        contexts = [context for context in iter_route_contexts(app.routes) if hasattr(context, "path_regex")]
        self.entries = tuple(_entry(context) for context in contexts)
        self._templates = {
            endpoint: entry.template
            for context, entry in zip(contexts, self.entries, strict=True)
            if (endpoint := context.endpoint) is not None
        }
        self._shadowing = _shadowing(self.entries)
        self._light = {
            (method, route.path): route
            for route in app.routes
            if isinstance(route, LightRoute)
            for method in route.methods or ()
        }

    def light(self, scope: Scope) -> LightRoute | None:
        """Find the light route that takes this request, and note in the scope that it does."""
        route = self._light.get((scope["method"], scope["path"]))
        if route is not None:
            scope["endpoint"] = route.endpoint
            scope["route"] = route
            scope["path_params"] = {}
        return route

    def template(self, scope: Scope) -> str:
        """Give the template of the route that took this request, or `unmatched`."""
        return self._templates.get(scope["endpoint"], UNMATCHED) if "endpoint" in scope else UNMATCHED

    def allowed(self, path: str) -> tuple[str, ...]:
        """List the methods that are answered on this path, sorted: those of the template that says most of it."""
        if path in self._shadowing:
            return tuple(sorted(self._shadowing[path]))
        fitting = [entry for entry in self.entries if entry.pattern.match(path)]
        most = max((_literal(entry.template) for entry in fitting), default=0)
        methods = {
            method for entry in fitting if _literal(entry.template) == most for method in entry.methods
        }
        return tuple(sorted(methods))

    def refuses(self, method: str, path: str) -> bool:
        """Tell whether a path of its own has no such method, although a template that it fits would answer it."""
        return path in self._shadowing and method not in self._shadowing[path]

    def known_query(self, method: str, path: str) -> frozenset[str] | None:
        """Name the query parameters of the route that will take this request; None where nothing can be said."""
        for entry in self.entries:
            if method in entry.methods and entry.pattern.match(path):
                return entry.query
        return None


def _literal(template: str) -> int:
    # A parameter may stand for a whole rest of a path, also for one that another template names.
    return len(_PARAMETER.sub("", template))


def table_of(app: FastAPI) -> RouteTable:
    """Give the application's route table, made on first use."""
    table: RouteTable | None = getattr(app.state, "route_table", None)
    if table is None:
        table = app.state.route_table = RouteTable(app)
    return table


def template_of(request: Request) -> str:
    """Give the template of the route that serves this request."""
    return table_of(request.app).template(request.scope)


def _entry(context: RouteContext) -> Entry:
    return Entry(
        template=context.path_format or "",
        pattern=context.path_regex,
        methods=frozenset(context.methods or ()),
        query=_query_names(context),
        status=getattr(context, "status_code", None) or 200,
    )


def _shadowing(entries: Sequence[Entry]) -> dict[str, frozenset[str]]:
    """Find the paths without parameters that a template fits too, as `/things/export` fits `/things/{name}`.

    Such a path is a thing of its own: its methods are those that are written for it, and not the template's.
    """
    own: dict[str, frozenset[str]] = {}
    for entry in entries:
        if "{" not in entry.template:
            own[entry.template] = own.get(entry.template, frozenset()) | entry.methods
    return {
        path: methods
        for path, methods in own.items()
        if any("{" in entry.template and entry.pattern.match(path) for entry in entries)
    }


def _query_names(context: RouteContext) -> frozenset[str] | None:
    dependant = getattr(context, "dependant", None)
    if dependant is None:
        return None
    declared = (getattr(context, "openapi_extra", None) or {}).get("parameters", ())
    names = {parameter["name"] for parameter in declared if parameter.get("in") == "query"}
    return frozenset(names.union(_declared(dependant)))


def _declared(dependant: Dependant) -> Iterator[str]:
    fields = dependant.query_params
    model = fields[0].field_info.annotation if len(fields) == 1 else None
    if isinstance(model, type) and issubclass(model, BaseModel):
        # FastAPI reads a single model from the query field by field.
        yield from (field.alias or name for name, field in model.model_fields.items())
    else:
        yield from (field.alias for field in fields)
    for dependency in dependant.dependencies:
        yield from _declared(dependency)
