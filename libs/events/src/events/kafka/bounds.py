"""What keeps aiokafka within bounds: its failures become the port's, and its goodbyes end."""

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from aiokafka.errors import (  # type: ignore[import-untyped]  # it ships no types
    ConsumerStoppedError,
    KafkaError,
)

from events.failures import CannotOpen, TransportAway

log = logging.getLogger(__name__)

_IGNORED_CANCEL = 1.0
"""Seconds that cancelled work gets before it is left to itself."""

_unfinished: set[asyncio.Task[bool]] = set()
"""The event loop itself holds tasks only weakly."""


@contextmanager
def as_away(what: str) -> Iterator[None]:
    """Turn whatever Kafka's client raises into TransportAway; `what` says what was tried."""
    try:
        yield
    except CannotOpen as error:
        # At the start it was well: somebody is renewing the file, and the next attempt reads it again.
        raise TransportAway(f"Kafka, {what}: {error}") from error
    except (KafkaError, ConsumerStoppedError, OSError, TimeoutError, AssertionError) as error:
        # The client asserts what a broker may change under it, such as a topic that is deleted meanwhile.
        said = f": {error}" if str(error) else ""
        raise TransportAway(f"Kafka, {what}: {type(error).__name__}{said}") from error


async def bounded(work: Coroutine[Any, Any, object], seconds: float) -> bool:
    """Let work end within the bound; False when it failed or was given up.

    It goes on in the background, to its bound, when the caller is cancelled meanwhile: goodbyes are said in full.
    """
    task = asyncio.create_task(_within(work, seconds))
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)
    return await asyncio.shield(task)


def _hear_out(task: asyncio.Task[object]) -> None:
    """Take note of what a task that was given up says at last, so that the event loop does not."""
    if not task.cancelled():
        task.exception()


async def _within(work: Coroutine[Any, Any, object], seconds: float) -> bool:
    task = asyncio.create_task(work)
    _, running = await asyncio.wait({task}, timeout=seconds)
    if running:
        task.cancel()
        # Not awaited: what ignores its cancellation must not hold up the caller.
        await asyncio.wait({task}, timeout=_IGNORED_CANCEL)
        task.add_done_callback(_hear_out)
        return False
    if task.cancelled():
        return False
    if error := task.exception():
        log.warning("Kafka's client failed on its way out", extra={"error": repr(error)})
        return False
    return True
