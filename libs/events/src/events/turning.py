"""How delivery's loops show that they turn, to whoever watches over the process."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Beat = Callable[[], None]
"""Called by a loop at each turn, empty ones too."""


def unwatched() -> None:
    """Serve as the beat of a loop that nobody watches."""


@dataclass(frozen=True, slots=True)
class Turning:
    """A loop that beats at each turn; it ends within a bound after its event is set."""

    run: Callable[[asyncio.Event, Beat], Awaitable[None]]
    longest_turn: float
    """Seconds that a turn takes at most, whatever is away; a loop that is silent for longer is stuck."""
