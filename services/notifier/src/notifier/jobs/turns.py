"""How a loop that tells people takes its turns."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from chassis.correlation import correlated
from chassis.database import is_away
from chassis.logging import get_logger
from chassis.run import Beat
from events.wake import Pace, Wake, rest
from notifier.jobs.gate import Gate

_LONGEST_GATHERING_SECONDS: Final = 0.25
"""So long what was planned may wait for more, while much is planned."""

log = get_logger(__name__)


async def take_turns(
    turn: Callable[[], Awaitable[float]],
    stop: asyncio.Event,
    beat: Beat,
    *,
    loop: str,
    gate: Gate,
    wake: Wake,
    poll: float,
) -> None:
    """Take turns from the gate's opening until stopped, and rest in between for the seconds that the turn tells.

    The bell cuts a rest short, but what comes shortly after a turn is gathered for a moment; while the database is away, every `poll` seconds another turn is tried.
    """
    await gate.passed(stop, beat)
    pace = Pace(times=50.0, longest=_LONGEST_GATHERING_SECONDS)
    while not stop.is_set():
        beat()
        await pace.keep(stop)
        began = time.monotonic()
        # Taken before the turn looks for work, so that a ring meanwhile is not slept through.
        ticket = wake.ticket()
        # What a turn logs for no story in particular is found together.
        with correlated():
            try:
                pause = await turn()
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("database_away", loop=loop)
                pause = poll
        if pause:
            pace.worked(began)
            await rest(stop, ticket, pause)
