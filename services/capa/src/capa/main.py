"""The process that serves the API, alone or with the worker in it."""

from collections.abc import Sequence

from capa.settings import CapaSettings
from capa.wiring import SERVICE, build_app, build_health, open_core
from capa.worker import worker_loops
from chassis.migrations import require_schema
from chassis.run import Loop, run_loops
from chassis.serving import api_loop, operations_loops
from events.wake import Wake


async def run_api(settings: CapaSettings) -> int:
    """Run the API alone until it is stopped; gives the exit code."""
    return await _serve(settings, Wake(), ())


async def run_all(settings: CapaSettings) -> int:
    """Run API and worker in one process, with one bell between them; gives the exit code."""
    wake = Wake(hears_all=True)
    async with worker_loops(settings, wake) as loops:
        return await _serve(settings, wake, loops)


async def _serve(settings: CapaSettings, wake: Wake, others: Sequence[Loop]) -> int:
    # The API has connections of its own, so that a flood of events does not keep its requests waiting.
    core = open_core(settings, role="api", wake=wake)
    try:
        await require_schema(core.engine, SERVICE)
        health = build_health(core, others)
        loops = [api_loop(settings, build_app(core, health)), *operations_loops(settings, health), *others]
        return await run_loops(loops, stop_timeout_seconds=settings.stop_timeout_seconds)
    finally:
        await core.engine.dispose()
