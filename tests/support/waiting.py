"""Waiting for a condition, with a bound."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(
    condition: Callable[[], bool | Awaitable[bool]], *, seconds: float = 20.0, what: str = ""
) -> None:
    """Return as soon as the condition holds; fail when it does not within the bound."""
    end = time.monotonic() + seconds
    while True:
        held = condition()
        if isinstance(held, Awaitable):
            held = await held
        if held:
            return
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what or condition}")
        await asyncio.sleep(0.02)
