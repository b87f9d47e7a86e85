"""How a loop waits for work."""

import asyncio
from datetime import datetime


def seconds_until(moment: datetime | None, now: datetime, longest: float) -> float:
    """Tell how long to sleep: until the moment, at most `longest` seconds."""
    if moment is None:
        return longest
    return min(max((moment - now).total_seconds(), 0.0), longest)


async def rest(stop: asyncio.Event, ticket: asyncio.Event, seconds: float) -> None:
    """Wait for the stop, the bell or the time, whichever is first."""
    waiting = {asyncio.create_task(stop.wait()), asyncio.create_task(ticket.wait())}
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
