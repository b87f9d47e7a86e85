"""The lock that lets one supervisor run over one data folder."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import processes
from local.processes import Process


class HeldError(Exception):
    """Another process holds the lock; `holder` is it, as far as it has said so."""

    def __init__(self, holder: Process | None) -> None:
        super().__init__(f"held by process {holder.pid}" if holder else "held by another process")
        self.holder = holder


@contextmanager
def held(file: Path) -> Iterator[bool]:
    """Hold the lock; the value is True when the last holder was killed before it could let go.

    The operating system frees the lock with its process, so that no crash leaves it locked; what the file says only
    tells who holds it. Raises HeldError when somebody else does.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HeldError(_said_in(file)) from None
        crashed = bool(file.read_text(encoding="utf-8").strip())
        me = processes.find(os.getpid())
        _say(descriptor, json.dumps([me.pid, me.started]) if me else "?")
        try:
            yield crashed
        finally:
            _say(descriptor, "")
    finally:
        os.close(descriptor)


def holder(file: Path) -> Process | None:
    """Tell which process holds the lock; None when nobody does. It never takes the lock, not even for a moment."""
    said = _said_in(file)
    return said if said is not None and said.alive else None


def _said_in(file: Path) -> Process | None:
    try:
        pid, started = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return None
    return Process(pid, started)


def _say(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)
