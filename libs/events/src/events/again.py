"""Telling again what stands in a service's records, a bounded part at a time.

A service's records are told in sections, such as its decisions and then its actions, and each section in the order of its
keys. A `Place` names how far the telling has come, so that it can be broken off and taken up again anywhere.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from events.envelope import Contract, Event

Keys = tuple[str, ...]
"""The keys of the record told last; empty before the first."""


@dataclass(frozen=True, slots=True)
class Place:
    """A section, and the record in it that was told last; written as `actions` or `actions:0197…`."""

    section: str
    after: Keys = ()

    def __str__(self) -> str:
        return f"{self.section}:{'/'.join(self.after)}" if self.after else self.section

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Read what `str` wrote."""
        section, _, after = text.partition(":")
        return cls(section, tuple(after.split("/")) if after else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is asked for at once: at most so many records after a place, and of them those that changed since an instant.

    A dry run reads and counts, and tells nobody.
    """

    place: Place
    since: datetime | None
    records: int
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Told:
    """The events that were told, or would be, of so many records, and where to go on; None where this was the end."""

    events: Sequence[Event[Contract]]
    records: int
    next: Place | None


AnnouncePart = Callable[[Part], Awaitable[Told]]
"""Tells one part in one transaction; raises UnknownPlace."""


class UnknownPlace(ValueError):
    """There is no such section, or the keys are none of its."""


def following(sections: Sequence[str], place: Place, keys: Sequence[Keys], records: int) -> Place | None:
    """Tell where to go on after these keys were told of a section: in it while it gives as many as were asked for."""
    if len(keys) == records:
        return Place(place.section, keys[-1])
    later = sections[sections.index(place.section) + 1 :]
    return Place(later[0]) if later else None
