"""The worker: the relay, the consumer and the jobs of intake."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.health import operations_app
from chassis.run import Loop, http_loop, run_loops
from events.wake import Wake
from intake.settings import IntakeSettings
from intake.wiring import build_health, build_worker_loops, open_carrier, open_intake


@asynccontextmanager
async def worker_loops(settings: IntakeSettings, wake: Wake) -> AsyncIterator[list[Loop]]:
    """Open what the worker works with, and give its loops."""
    intake = open_intake(settings, role="worker", wake=wake)
    carrier = open_carrier(intake)
    try:
        yield list(build_worker_loops(intake, carrier.transport).values())
    finally:
        await carrier.close()
        await intake.engine.dispose()


async def run_worker(settings: IntakeSettings) -> int:
    """Run the worker alone until it is stopped; gives the exit code."""
    async with worker_loops(settings, Wake()) as loops:
        intake = open_intake(settings, role="probe", wake=Wake())
        try:
            operations = http_loop(
                "metrics",
                operations_app(build_health(intake, loops)),
                settings.metrics_host,
                settings.metrics_port,
                setting="REDRESS_INTAKE_METRICS_PORT",
                stop_timeout_seconds=settings.stop_timeout_seconds,
            )
            return await run_loops([*loops, operations], stop_timeout_seconds=settings.stop_timeout_seconds)
        finally:
            await intake.engine.dispose()
