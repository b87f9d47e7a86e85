"""Waits for a condition, within a bound."""

import asyncio
import time
from collections.abc import Awaitable, Callable

READY_WITHIN = 60.0  # seconds for one attempt; a loaded machine needs many times what an idle one does


async def until(holds: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Ask again and again until the condition holds; False when it does not within the bound."""
    deadline = time.monotonic() + seconds
    while not await holds():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True
