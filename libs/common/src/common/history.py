"""What happened to one thing, as a chain of entries that shows any later change.

Each entry carries the SHA-256 over its own content and its predecessor's hash, so that altering, removing or
reordering an entry breaks every hash after it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from common.canonical import canonical
from common.clock import instant_text

GENESIS = "0" * 64
"""The predecessor of a first entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step: who did what and when (server time), what changed, and why."""

    position: int
    at: datetime
    actor: str
    action: str
    changes: Mapping[str, object]
    reason: str
    previous: str
    hash: str


def append(
    last: "Entry | None",
    *,
    at: datetime,
    actor: str,
    action: str,
    changes: Mapping[str, object],
    reason: str = "",
) -> Entry:
    """Make the entry that follows `last` (None for a first one); `changes` must be plain JSON."""
    position, previous = (1, GENESIS) if last is None else (last.position + 1, last.hash)
    own = _digest(position, at, actor, action, changes, reason, previous)
    return Entry(position, at, actor, action, changes, reason, previous, own)


class Following:
    """Follows one chain from its first entry, and remembers where it breaks first; holds no entry but the last."""

    def __init__(self) -> None:
        self.last: Entry | None = None
        self.broken_at: int | None = None

    def follow(self, entry: Entry) -> None:
        """Take the next entry; after a break the rest proves nothing and changes nothing."""
        expected, previous = (1, GENESIS) if self.last is None else (self.last.position + 1, self.last.hash)
        fits = entry.position == expected and entry.previous == previous and entry.hash == _digest_of(entry)
        if not fits and self.broken_at is None:
            self.broken_at = expected
        self.last = entry


def first_break(entries: Iterable[Entry]) -> int | None:
    """Find the position of the first entry that does not fit the chain, or None where it holds."""
    following = Following()
    for entry in entries:
        following.follow(entry)
        if following.broken_at is not None:
            break
    return following.broken_at


def _digest_of(entry: Entry) -> str:
    return _digest(
        entry.position, entry.at, entry.actor, entry.action, entry.changes, entry.reason, entry.previous
    )


def _digest(  # noqa: PLR0917 - an entry's fields in their order, which is the order of the hashed content
    position: int,
    at: datetime,
    actor: str,
    action: str,
    changes: Mapping[str, object],
    reason: str,
    previous: str,
) -> str:
    content = canonical([position, instant_text(at), actor, action, changes, reason, previous])
    return hashlib.sha256(content).hexdigest()
