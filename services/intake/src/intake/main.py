"""The HTTP process, alone or with the worker in it."""

from collections.abc import Sequence

from chassis.health import operations_app
from chassis.run import Loop, http_loop, run_loops
from events.wake import Wake
from intake.settings import IntakeSettings
from intake.wiring import build_app, build_health, open_intake
from intake.worker import worker_loops


async def run_api(settings: IntakeSettings) -> int:
    """Run the API alone until it is stopped; gives the exit code."""
    return await _serve(settings, Wake(), ())


async def run_all(settings: IntakeSettings) -> int:
    """Run API and worker in one process, with one bell between them; gives the exit code."""
    wake = Wake()
    async with worker_loops(settings, wake) as loops:
        return await _serve(settings, wake, loops)


async def _serve(settings: IntakeSettings, wake: Wake, others: Sequence[Loop]) -> int:
    intake = open_intake(settings, role="api", wake=wake)
    health = build_health(intake, others)
    patience = settings.stop_timeout_seconds
    try:
        api = http_loop(
            "api",
            build_app(intake, health),
            settings.api_host,
            settings.api_port,
            setting="REDRESS_INTAKE_API_PORT",
            stop_timeout_seconds=patience,
        )
        operations = http_loop(
            "metrics",
            operations_app(health),
            settings.metrics_host,
            settings.metrics_port,
            setting="REDRESS_INTAKE_METRICS_PORT",
            stop_timeout_seconds=patience,
        )
        return await run_loops([api, operations, *others], stop_timeout_seconds=patience)
    finally:
        await intake.engine.dispose()
