"""The process that serves the API, alone or with the worker in it."""

from collections.abc import Sequence

from chassis.migrations import require_schema
from chassis.run import Loop, run_loops
from chassis.serving import api_loop, operations_loops
from intake.db.work import Bells
from intake.settings import IntakeSettings
from intake.wiring import SERVICE, build_app, build_health, open_core
from intake.worker import worker_loops


async def run_api(settings: IntakeSettings) -> int:
    """Run the API alone until it is stopped; gives the exit code."""
    return await _serve(settings, Bells(), ())


async def run_all(settings: IntakeSettings) -> int:
    """Run API and worker in one process, with the bells between them; gives the exit code."""
    wake = Bells(hears_all=True)
    async with worker_loops(settings, wake) as loops:
        return await _serve(settings, wake, loops)


async def _serve(settings: IntakeSettings, wake: Bells, others: Sequence[Loop]) -> int:
    # The API has connections of its own, so that a flood of events does not keep its requests waiting.
    core = open_core(settings, role="api", wake=wake)
    try:
        await require_schema(core.engine, SERVICE)
        health = build_health(core, others)
        app = build_app(core, health)
        # Those who wait for changes must not hold up the end of the process.
        serving = api_loop(settings, app, on_stopping=app.state.feed_watch.close)
        loops = [serving, *operations_loops(settings, health), *others]
        return await run_loops(loops, stop_timeout_seconds=settings.stop_timeout_seconds)
    finally:
        await core.engine.dispose()
