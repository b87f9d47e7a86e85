"""Lets one process at a time work on the cache."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path


@contextlib.asynccontextmanager
async def locked(file: Path) -> AsyncIterator[None]:
    """One process at a time; the lock goes with the process that held it."""
    await asyncio.to_thread(file.parent.mkdir, parents=True, exist_ok=True)
    with _opened(file) as descriptor:
        await asyncio.to_thread(fcntl.flock, descriptor, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[int]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
