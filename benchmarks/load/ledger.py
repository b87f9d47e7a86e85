"""What was sent and what was answered, on disk: by it every accepted complaint can be looked for afterwards."""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import orjson

LEDGER: Final = "ledger.ndjson"
EVERY: Final = 0.05
"""Seconds between two writes: what a killed generator may lose of its ledger."""


class Ledger:
    """Collects lines and writes them together, each write followed by an fsync in a thread of its own."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._waiting: list[bytes] = []

    def note(self, event: str, **values: Any) -> None:
        """Add a line; it is on disk within `EVERY` and the time of an fsync."""
        self._waiting.append(orjson.dumps({"event": event, **values}, option=orjson.OPT_APPEND_NEWLINE))

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write until the block ends, and then the rest."""
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        over = asyncio.Event()
        writer = asyncio.create_task(self._write(descriptor, over))
        try:
            yield
        finally:
            over.set()
            try:
                await writer
            finally:
                os.close(descriptor)

    async def _write(self, descriptor: int, over: asyncio.Event) -> None:
        last = False
        while not last:
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await over.wait()
            last = over.is_set()
            # Taken here and not in the thread, which would race with what is noted meanwhile.
            lines, self._waiting = self._waiting, []
            if lines:
                await asyncio.to_thread(_write, descriptor, b"".join(lines))


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


@dataclass(slots=True)
class Told:
    """What a ledger says: by complaint, the ids that success was answered with."""

    begun: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    ended: bool = False
    sent: set[int] = field(default_factory=set)
    """Complaints that some request told of, whatever came of it."""
    accepted: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def uncertain(self) -> set[int]:
        """Complaints that were told of and never answered with success: each may be there once, or not at all."""
        return self.sent - self.accepted.keys()


def read_ledger(file: Path) -> Told:
    """Read a ledger; half a line at the end of a killed one is passed over. Raises ValueError for any other file."""
    told = Told()
    for line in _lines(file):
        match line["event"]:
            case "begun":
                told.begun = line
            case "sent" if line["writes"]:
                told.sent.add(line["complaint"])
            case "answered" if line.get("id"):
                told.accepted[line["complaint"]].add(line["id"])
            case "ended":
                told.ended = True
            case _:
                pass
    if not told.begun:
        raise ValueError(f"{file} is no ledger of a run.")
    return told


def _lines(file: Path) -> Iterator[Mapping[str, Any]]:
    with file.open("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                return
            yield orjson.loads(line)
