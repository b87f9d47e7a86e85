"""The process that serves the API, alone or with the worker in it."""

from collections.abc import Sequence

from chassis.migrations import require_schema
from chassis.run import Loop, run_loops
from chassis.serving import api_loop, operations_loops
from events.wake import Wake
from notifier.db.work import Wakes
from notifier.settings import Settings
from notifier.wiring import SERVICE, build_app, build_health, open_core
from notifier.worker import worker_loops


async def run_api(settings: Settings) -> int:
    """Run the API alone until it is stopped; gives the exit code."""
    return await _serve(settings, Wakes(), ())


async def run_all(settings: Settings) -> int:
    """Run API and worker in one process, with the same bells between them; gives the exit code."""
    wakes = Wakes(outbox=Wake(hears_all=True))
    async with worker_loops(settings, wakes) as loops:
        return await _serve(settings, wakes, loops)


async def _serve(settings: Settings, wakes: Wakes, others: Sequence[Loop]) -> int:
    # The API has connections of its own, so that a flood of events does not keep its requests waiting.
    core = open_core(settings, role="api", wakes=wakes)
    try:
        await require_schema(core.engine, SERVICE)
        health = build_health(core, others)
        loops = [api_loop(settings, build_app(core, health)), *operations_loops(settings, health), *others]
        return await run_loops(loops, stop_timeout_seconds=settings.stop_timeout_seconds)
    finally:
        await core.engine.dispose()
