"""The loops that serve a service's API, and its metrics and probes."""

from collections.abc import Callable

from starlette.types import ASGIApp

from chassis.health import Health, operations_app, watch_loop
from chassis.run import Loop, http_loop
from chassis.settings import PREFIX, ServiceSettings


def api_loop(
    settings: ServiceSettings, app: ASGIApp, *, on_stopping: Callable[[], None] | None = None
) -> Loop:
    """Make the loop that serves the API; `on_stopping` lets requests go that wait for something."""
    return http_loop(
        "api",
        app,
        settings.api_host,
        settings.api_port,
        setting=f"{PREFIX}{settings.service.upper()}_API_PORT",
        stop_timeout_seconds=settings.stop_timeout_seconds,
        on_stopping=on_stopping,
    )


def operations_loops(settings: ServiceSettings, health: Health) -> list[Loop]:
    """Make the loop that serves metrics and probes, and the one that keeps `dependency_up` true."""
    metrics = http_loop(
        "metrics",
        operations_app(health),
        settings.metrics_host,
        settings.metrics_port,
        setting=f"{PREFIX}{settings.service.upper()}_METRICS_PORT",
        stop_timeout_seconds=settings.stop_timeout_seconds,
    )
    return [metrics, watch_loop(health)]
