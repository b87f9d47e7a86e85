"""The command that verifies every history of a service: `python -m <service> verify-history`.

A chain of hashes shows what was altered, removed or put between. It cannot show that its newest entries were cut off, or
that a whole history is gone: for that the ends of all chains are written down as anchors, kept where nobody of this
system can write, and compared with later.
"""

import argparse
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

from common.clock import Clock, instant_text
from common.history import Entry
from common.refusals import Missing

FORMAT: Final = 1
MOST_TOLD: Final = 100
"""How many broken histories are named; the others are only counted."""


class Follower(Protocol):
    """Follows one history, step by step."""

    @property
    def last(self) -> Entry | None:
        """The entry that was followed last."""
        ...

    @property
    def broken_at(self) -> int | None:
        """Position of the first entry that does not fit, of what was followed so far."""
        ...

    def follow(self, step: Any) -> None:
        """Take the next step."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one history, with the id and the name that a person knows the thing by.

    `of` is what the service's follower takes; None where the thing has no history at all.
    """

    id: str
    name: str
    of: object | None


@dataclass(frozen=True, slots=True)
class Histories:
    """All histories of a service: `steps` by the things' ids as texts, and each history from its start.

    `steps` is asked for one thing by its reference, or for all with None; `begin` makes the follower of one history.
    """

    service: str
    begin: Callable[[], Follower]
    steps: Callable[[str | None], AsyncIterator[Step]]


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of a history as it once was."""

    id: str
    name: str
    position: int
    hash: str


class AnchorsUnusable(Exception):
    """The file of anchors is none, is not whole, or belongs to another service."""


@dataclass(slots=True)
class Verified:
    """What was checked, and what was found wrong."""

    histories: int = 0
    entries: int = 0
    anchors: int = 0
    breaks: int = 0


def add_options(parser: argparse.ArgumentParser, thing: str) -> None:
    """Add the command's options; `thing` is what has a history, for the help."""
    parser.description = (
        "Verifies the chain of hashes of every history, in bounded memory and without holding a transaction open. Ends "
        "with 0 where all hold, with 1 where one is broken, with 2 where the anchors cannot be used."
    )
    parser.add_argument("--only", metavar="REFERENCE", help=f"only the history of {thing}")
    parser.add_argument(
        "--anchors",
        type=Path,
        metavar="FILE",
        help="compare with the ends of histories that an earlier run wrote: finds what was cut off since",
    )
    parser.add_argument(
        "--write-anchors", type=Path, metavar="FILE", help="write the ends of all histories to a new file"
    )


async def command(histories: Histories, options: argparse.Namespace, clock: Clock) -> int:
    """Do what the options ask; gives the exit code."""
    if options.only and (options.anchors or options.write_anchors):
        _say({"error": "--only verifies one history; anchors are of all"})
        return 2
    try:
        with ExitStack() as stack:
            known = iter(()) if options.anchors is None else _read(options.anchors, histories.service, stack)
            out = None if options.write_anchors is None else _Writer(options.write_anchors, stack)
            if out is not None:
                out.begin(histories.service, clock())
            verified = await _Verifying(histories, known, out).run(options.only)
            if out is not None:
                out.end()
    except (AnchorsUnusable, Missing, OSError) as error:
        _say({"error": str(error)})
        return 2
    if options.only and not verified.histories:
        _say({"error": f"there is no {options.only}, or it has no history"})
        return 2
    _say(
        {
            "service": histories.service,
            "histories": verified.histories,
            "entries": verified.entries,
            "anchors": verified.anchors,
            "broken": verified.breaks,
            "intact": not verified.breaks,
        }
    )
    return 1 if verified.breaks else 0


class _Verifying:
    """Follows all histories beside the anchors, both in the order of ids, and holds one of each."""

    def __init__(self, histories: Histories, anchors: Iterator[Anchor], out: "_Writer | None") -> None:
        self._histories = histories
        self._anchors = anchors
        self._anchor = next(anchors, None)
        self._out = out
        self.verified = Verified()

    async def run(self, only: str | None) -> Verified:
        current: Step | None = None
        follower = self._histories.begin()
        async for step in self._histories.steps(only):
            if current is None or step.id != current.id:
                if current is not None:
                    self._ended(current, follower)
                current, follower = step, self._histories.begin()
                self._began(step)
            if step.of is not None:
                follower.follow(step.of)
                self.verified.entries += 1
                self._compare(step, follower.last)
        if current is not None:
            self._ended(current, follower)
        self._skip_to(None)
        return self.verified

    def _began(self, step: Step) -> None:
        self.verified.histories += 1
        self._skip_to(step.id)

    def _ended(self, step: Step, follower: Follower) -> None:
        last = follower.last
        if last is None:
            self._broken(step.name, 1, "has no history")
        elif follower.broken_at is not None:
            self._broken(step.name, follower.broken_at, "does not fit the chain")
        elif self._out is not None:
            self._out.write(Anchor(step.id, step.name, last.position, last.hash))
        anchor = self._anchor
        if anchor is not None and anchor.id == step.id:
            end = 0 if last is None else last.position
            self._broken(step.name, end + 1, f"ends before position {anchor.position}, which is anchored")
            self._next()

    def _compare(self, step: Step, last: Entry | None) -> None:
        anchor = self._anchor
        if anchor is None or last is None or (anchor.id, anchor.position) != (step.id, last.position):
            return
        if last.hash != anchor.hash:
            self._broken(step.name, last.position, "has another hash than the anchor")
        self._next()

    def _skip_to(self, identity: str | None) -> None:
        """Tell of each anchor whose history would have come by now."""
        while self._anchor is not None and (identity is None or self._anchor.id < identity):
            self._broken(self._anchor.name, 1, "is anchored, and is gone")
            self._next()

    def _next(self) -> None:
        self.verified.anchors += 1
        self._anchor = next(self._anchors, None)

    def _broken(self, name: str, position: int, what: str) -> None:
        self.verified.breaks += 1
        if self.verified.breaks <= MOST_TOLD:
            _say({"broken": name, "position": position, "what": what})


class _Writer:
    """Writes anchors to a new file that ends with a count and a digest of itself."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._file: TextIO = stack.enter_context(path.open("x", encoding="utf-8"))
        self._digest = hashlib.sha256()
        self._written = 0

    def begin(self, service: str, at: datetime) -> None:
        self._line({"format": FORMAT, "service": service, "at": instant_text(at)})

    def write(self, anchor: Anchor) -> None:
        self._line({"id": anchor.id, "name": anchor.name, "position": anchor.position, "hash": anchor.hash})
        self._written += 1

    def end(self) -> None:
        self._line({"anchors": self._written, "sha256": self._digest.hexdigest()})

    def _line(self, value: dict[str, object]) -> None:
        line = json.dumps(value) + "\n"
        self._digest.update(line.encode())
        self._file.write(line)


def _read(path: Path, service: str, stack: ExitStack) -> Iterator[Anchor]:
    """Check the whole file first, line by line, and then give its anchors; raises AnchorsUnusable."""
    digest, before, last = hashlib.sha256(), hashlib.sha256(), ""
    count = 0
    with path.open(encoding="utf-8") as file:
        for line in file:
            before, last = digest.copy(), line
            digest.update(line.encode())
            count += 1
    end = _object(path, last)
    if end.get("anchors") != count - 2 or end.get("sha256") != before.hexdigest():
        raise AnchorsUnusable(f"{path} is not whole: its last line does not fit the lines before it")
    opened = stack.enter_context(path.open(encoding="utf-8"))
    head = _object(path, opened.readline())
    if (head.get("format"), head.get("service")) != (FORMAT, service):
        raise AnchorsUnusable(f"{path} holds no anchors of {service}")
    return _anchors(path, opened, count - 2)


def _anchors(path: Path, file: TextIO, count: int) -> Iterator[Anchor]:
    for _ in range(count):
        yield Anchor(**_object(path, file.readline()))


def _object(path: Path, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise AnchorsUnusable(f"{path} holds no anchors")
    return found


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer, ensure_ascii=False), flush=True)  # noqa: T201  (the answer of a command)
