"""An inspection pack as plain JSON."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from chassis.auth import Principal
from common.clock import instant_text
from common.history import GENESIS
from intake.api.clocks import shape_clock
from intake.api.erasure import shape_hold
from intake.api.instants import instant
from intake.api.personal_reads import may_read_personal
from intake.api.shaping import FILES, shape, shape_file, shape_history
from intake.api.timeline import shape_entry
from intake.usecases.inspection_pack import PackContents

FORMAT: Final = "redress-inspection-pack/1"
CHECKER: Final = "verify_pack.py"
_ALGORITHM: Final = (
    "hash = SHA-256, in hexadecimal, over the JSON array [position, at, actor, action, changes, reason, previous]",
    "JSON is written in UTF-8 with the names of objects sorted and without spaces between its parts",
    "previous = the hash of the entry before; of the first entry 64 zeros",
    "changes.withheld_sha256 = SHA-256 over the JSON object `withheld` of the same entry, written in the same way",
    "withheld.told_sha256 = SHA-256 over the JSON object of `salt` and of what was told at first, without what is null or empty",
    "told at first = title, description, remedy_sought, serial, complainant and attachments of the complaint, but of what was amended",
    "the first value that the first entry `amended` has of it in `withheld`",
    "positions count from 1 without gaps",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the reader of a pack may see."""

    personal: bool
    files: bool

    @classmethod
    def to(cls, principal: Principal) -> "Shown":
        """Tell by the caller's scopes."""
        return cls(may_read_personal(principal), FILES in principal.scopes)


def shows_personal(contents: PackContents, shown: Shown) -> bool:
    """Tell whether a pack shows personal data: who complains, or texts of the past."""
    return shown.personal and (
        contents.view.complaint.account.complainant is not None
        or any(trace.shows_words for trace in contents.history.traces)
    )


def pack_document(
    contents: PackContents, shown: Shown, *, principal: Principal, version: str, now: datetime
) -> dict[str, Any]:
    """Write a pack; who complains and texts of the past only where they may be shown, and marked where they may not."""
    complaint = shape(contents.view, now=now, personal=shown.personal, files=False)
    complaint.setdefault("complainant", None)
    # Of a complaint itself the latest of each name are told, of its pack all that there ever were.
    del complaint["clocks"]
    history = shape_history(contents.history, personal=shown.personal)
    # As the hashes were made over them, so that whoever verifies need not write instants anew.
    for item, trace in zip(history["items"], contents.history.traces, strict=True):
        item["at"] = instant_text(trace.entry.at)
    last = contents.history.traces[-1].entry
    return {
        "format": FORMAT,
        "generated_at": instant(now),
        "generated_for": str(principal.actor),
        "redress_version": version,
        "personal_data": _personal_data(contents, shown),
        "complaint": complaint,
        "hold": None if contents.hold is None else shape_hold(contents.hold),
        "attachments": {
            "shown": shown.files,
            "items": [shape_file(file) for file in contents.files] if shown.files else [],
        },
        "clocks": [shape_clock(clock, now) for clock in contents.clocks],
        "timeline": [shape_entry(entry, personal=shown.personal) for entry in contents.timeline],
        "timeline_complete": contents.timeline_complete,
        "history": history,
        "verification": {
            "checker": CHECKER,
            "algorithm": list(_ALGORITHM),
            "genesis": GENESIS,
            "head": {"position": last.position, "hash": last.hash},
        },
    }


def _personal_data(contents: PackContents, shown: Shown) -> str:
    if contents.view.complaint.erased_at is not None:
        return "erased"
    return "shown" if shown.personal else "withheld"
