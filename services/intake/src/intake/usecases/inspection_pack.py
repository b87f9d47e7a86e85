"""An inspection pack: all that is on record of one complaint at one moment, to be read and verified without Redress."""

from dataclasses import dataclass
from typing import Final, Protocol

from intake.domain.attached_file import AttachedFile
from intake.domain.retention import Hold
from intake.usecases.clock_views import ClockView
from intake.usecases.timeline import TimelineEntry
from intake.usecases.views import ComplaintView, HistoryPage

MOST_ENTRIES: Final = 10_000
"""How many entries of a timeline a pack holds at most; the history is always whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackContents:
    """What a pack holds; `files` are the attachments, those that were deleted too, and `clocks` those of all runs."""

    view: ComplaintView
    history: HistoryPage
    timeline: tuple[TimelineEntry, ...]
    timeline_complete: bool
    files: tuple[AttachedFile, ...]
    clocks: tuple[ClockView, ...]
    hold: Hold | None


class Packs(Protocol):
    """Reads what a pack holds, all of it as it was at one moment."""

    async def read(self, reference: str, *, within: str | None) -> PackContents:
        """Read it; raises NoSuchComplaint."""
        ...
