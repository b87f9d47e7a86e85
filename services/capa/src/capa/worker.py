"""The worker: the relay, the consumer, the gauges and the signals of capa."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from capa.settings import CapaSettings
from capa.wiring import SERVICE, build_health, build_loops, build_transport, open_core
from chassis.migrations import require_schema
from chassis.run import Loop, run_loops
from chassis.serving import operations_loops
from events.wake import Wake

_PATIENCE_SECONDS = 10.0
"""More partitions may be read side by side than there are connections: an event waits rather than fails."""


@asynccontextmanager
async def worker_loops(settings: CapaSettings, wake: Wake) -> AsyncIterator[list[Loop]]:
    """Open what the worker works with, and give its loops."""
    core = open_core(settings, role="worker", wake=wake, patience_seconds=_PATIENCE_SECONDS)
    try:
        transport = build_transport(core)
        try:
            await require_schema(core.engine, SERVICE)
            yield build_loops(core, transport)
        finally:
            await transport.close()
    finally:
        await core.engine.dispose()


async def run_worker(settings: CapaSettings) -> int:
    """Run the worker alone until it is stopped; gives the exit code."""
    async with worker_loops(settings, Wake()) as loops:
        # Probes have a connection of their own, so that they ask the database and not the queue for a connection.
        core = open_core(settings, role="probe", wake=Wake())
        try:
            operations = operations_loops(settings, build_health(core, loops))
            return await run_loops([*operations, *loops], stop_timeout_seconds=settings.stop_timeout_seconds)
        finally:
            await core.engine.dispose()
