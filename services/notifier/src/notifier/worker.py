"""The process that listens, fires timers and sends."""

from chassis.run import run_loops
from notifier.settings import Settings
from notifier.wiring import Process


async def work(settings: Settings) -> int:
    """Work until stopped and tell the exit code."""
    return await _run(settings, with_api=False)


async def work_and_serve(settings: Settings) -> int:
    """Do the worker's and the API's work in one process and tell the exit code."""
    return await _run(settings, with_api=True)


async def _run(settings: Settings, *, with_api: bool) -> int:
    process = Process(settings)
    try:
        await process.start()
        loops = [*(process.api_loops() if with_api else []), *process.worker_loops()]
        return await run_loops(
            [*loops, process.operations_loop(loops)], stop_timeout_seconds=settings.stop_timeout_seconds
        )
    finally:
        await process.close()
