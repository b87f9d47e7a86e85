"""The worker: the relay, the consumer and the jobs of intake."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.migrations import require_schema
from chassis.run import Loop, run_loops
from chassis.serving import operations_loops
from intake.db.work import Bells
from intake.settings import IntakeSettings
from intake.wiring import SERVICE, build_health, build_loops, build_transport, open_core


@asynccontextmanager
async def worker_loops(settings: IntakeSettings, wake: Bells) -> AsyncIterator[list[Loop]]:
    """Open what the worker works with, and give its loops."""
    core = open_core(settings, role="worker", wake=wake)
    try:
        transport = build_transport(core)
        try:
            await require_schema(core.engine, SERVICE)
            yield build_loops(core, transport)
        finally:
            await transport.close()
    finally:
        await core.engine.dispose()


async def run_worker(settings: IntakeSettings) -> int:
    """Run the worker alone until it is stopped; gives the exit code."""
    async with worker_loops(settings, Bells()) as loops:
        # Probes have a connection of their own, so that they ask the database and not the queue for a connection.
        core = open_core(settings, role="probe", wake=Bells())
        try:
            operations = operations_loops(settings, build_health(core, loops))
            return await run_loops([*operations, *loops], stop_timeout_seconds=settings.stop_timeout_seconds)
        finally:
            await core.engine.dispose()
