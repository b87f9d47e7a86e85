"""The process that serves the API."""

from chassis.run import run_loops
from notifier.settings import Settings
from notifier.wiring import Process


async def serve(settings: Settings) -> int:
    """Serve until stopped and tell the exit code."""
    process = Process(settings)
    try:
        await process.start()
        loops = process.api_loops()
        return await run_loops(
            [*loops, process.operations_loop(loops)], stop_timeout_seconds=settings.stop_timeout_seconds
        )
    finally:
        await process.close()
