"""The background role of capa: it consumes, relays and counts; with the API in one process where asked to."""

from capa.main import api_loop, operations_loop
from capa.settings import CapaSettings
from capa.wiring import background_loops, health_of, open_core, transport_of
from chassis.migrations import require_schema
from chassis.run import run_loops
from common.clock import utc_now
from events.wake import Wake

# More partitions may be read side by side than there are connections: an event waits rather than fails.
_PATIENCE_SECONDS = 10.0


async def work(settings: CapaSettings, *, with_api: bool = False) -> int:
    """Run the loops until the process is told to stop; gives the exit code."""
    wake = Wake()
    transport, log_engine = transport_of(settings, utc_now)
    core = open_core(settings, wake=wake, patience_seconds=_PATIENCE_SECONDS)
    # The API gets connections of its own, so that a flood of events does not keep its requests waiting.
    api = open_core(settings, wake=wake) if with_api else None
    try:
        await require_schema(core.engine, "capa")
        background = background_loops(core, transport)
        health = health_of(core, background)
        served = [] if api is None else [api_loop(api, health)]
        loops = [*background, *served, operations_loop(core, health)]
        return await run_loops(loops, stop_timeout_seconds=settings.stop_timeout_seconds)
    finally:
        await transport.close()
        for engine in (core.engine, api.engine if api else None, log_engine):
            if engine is not None:
                await engine.dispose()
