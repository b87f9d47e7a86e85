"""The HTTP role of capa."""

from capa.settings import CapaSettings
from capa.wiring import Core, app_of, health_of, open_core
from chassis.health import Health, operations_app
from chassis.migrations import require_schema
from chassis.run import Loop, http_loop, run_loops
from events.wake import Wake


async def serve_api(settings: CapaSettings) -> int:
    """Serve the API until the process is told to stop; gives the exit code."""
    core = open_core(settings, wake=Wake())
    try:
        await require_schema(core.engine, "capa")
        health = health_of(core, [])
        loops = [api_loop(core, health), operations_loop(core, health)]
        return await run_loops(loops, stop_timeout_seconds=settings.stop_timeout_seconds)
    finally:
        await core.engine.dispose()


def api_loop(core: Core, health: Health) -> Loop:
    """Make the loop that serves the API."""
    settings = core.settings
    return http_loop(
        "api",
        app_of(core, health),
        settings.api_host,
        settings.api_port,
        setting="REDRESS_CAPA_API_PORT",
        stop_timeout_seconds=settings.stop_timeout_seconds,
    )


def operations_loop(core: Core, health: Health) -> Loop:
    """Make the loop that serves metrics and probes."""
    settings = core.settings
    return http_loop(
        "metrics",
        operations_app(health),
        settings.metrics_host,
        settings.metrics_port,
        setting="REDRESS_CAPA_METRICS_PORT",
        stop_timeout_seconds=settings.stop_timeout_seconds,
    )
