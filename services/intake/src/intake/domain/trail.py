"""What a complaint's history keeps of each change.

The hash chain holds codes and times in the clear. Texts and personal data stand beside it, so that they can be erased
and the chain still holds; it binds them by a salted digest.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from common import history
from common.actor import Actor
from common.canonical import canonical
from intake.domain.amendment import contents
from intake.domain.complaint import ACCOUNT, WITHHELD, NewComplaint, plain
from intake.domain.facts import Amended, StatusNoted

STATUS_NOTED: Final = "crm_status_noted"
"""The action of the entry that keeps the source's own status, which makes a version of the complaint."""

ERASED: Final = "erased"
"""The action of the entry that says that a complaint lost its person, which makes a version of it."""

HISTORY_ERASED: Final = "history_erased"
"""The action of the entry that says that what stood beside the history alone was erased; it makes no version."""

_ERASING: Final = frozenset({ERASED, HISTORY_ERASED})

TOLD: Final = "told_sha256"
"""The name under which the digest of a first telling stands beside the first entry."""

_SALT: Final = "salt"
_OPEN: Final = tuple(name for name in ACCOUNT if name not in WITHHELD)


@dataclass(frozen=True, slots=True)
class Trace:
    """A history entry, and what is kept beside the chain: former and new texts and personal data by name.

    With a first entry that is read `present` has the texts and the complainant of the complaint as they are now.
    """

    entry: history.Entry
    withheld: Mapping[str, object] | None = None
    present: Mapping[str, object] | None = None

    @property
    def shows_words(self) -> bool:
        """Whether texts or personal data stand beside it, and not only what binds them."""
        return words_beside(self.withheld) is not None


def trace_receipt(complaint: NewComplaint, *, actor: Actor) -> Trace:
    """Begin a complaint's history.

    Its texts and its complainant need no copy as long as the complaint still has them; what was told at first is bound by
    a salted digest beside the chain, which goes with the person.
    """
    changes: dict[str, object] = {
        name: plain(value) for name in _OPEN if (value := getattr(complaint.account, name)) is not None
    }
    changes |= {"aware_at": plain(complaint.aware_at), "received_at": plain(complaint.received_at)}
    if complaint.historical:
        changes["historical"] = True
    told = {name: plain(getattr(complaint.account, name)) for name in WITHHELD}
    salt = secrets.token_hex(16)
    withheld: dict[str, object] = {_SALT: salt, TOLD: _digest_of_told(told, salt)}
    changes["withheld_sha256"] = digest(withheld)
    entry = history.append(
        None, at=complaint.recorded_at, actor=str(actor), action="received", changes=changes
    )
    return Trace(entry, withheld)


def trace_amendment(
    amended: Amended, *, last: history.Entry, actor: Actor, reason: str, now: datetime
) -> Trace:
    """Continue a complaint's history with what changed, as [before, after]."""
    before, after = contents(amended.before), contents(amended.after)
    pairs = {name: [plain(before[name]), plain(after[name])] for name in amended.changed}
    changes: dict[str, object] = {name: pair for name, pair in pairs.items() if name not in WITHHELD}
    withheld: dict[str, object] = {name: pair for name, pair in pairs.items() if name in WITHHELD}
    if withheld:
        # Without salt a short value, such as a telephone number, could be found by trying.
        withheld["salt"] = secrets.token_hex(16)
        changes |= {"withheld": sorted(withheld.keys() - {"salt"}), "withheld_sha256": digest(withheld)}
    entry = history.append(last, at=now, actor=str(actor), action="amended", changes=changes, reason=reason)
    return Trace(entry, withheld or None)


def trace_status(noted: StatusNoted, *, last: history.Entry, actor: Actor, now: datetime) -> Trace:
    """Continue a complaint's history with its source's own status; the note stands beside the chain."""
    before, after = (_status(one) for one in (noted.before, noted.after))
    pairs = {name: [before.get(name), after.get(name)] for name in ("code", "reference", "at")}
    changes: dict[str, object] = {"crm_status": pairs}
    withheld: dict[str, object] | None = None
    if before.get("note") != after.get("note"):
        withheld = {
            "crm_status": [before.get("note"), after.get("note")],
            "salt": secrets.token_hex(16),
        }
        changes |= {"withheld": ["crm_status"], "withheld_sha256": digest(withheld)}
    entry = history.append(last, at=now, actor=str(actor), action=STATUS_NOTED, changes=changes)
    return Trace(entry, withheld)


class FollowTrail:
    """Follows one complaint's history: the chain, and what stands beside it.

    What stood beside an entry may only be missing where a later entry says that it was erased. What the complaint has now is
    what the last amendment says or, of what was never amended, what was told at first.
    """

    def __init__(self) -> None:
        self._chain = history.Following()
        self._altered: int | None = None
        self._missing: int | None = None
        self._first: Trace | None = None
        self._before: dict[str, object] = {}
        self._after: dict[str, tuple[int, object]] = {}

    @property
    def last(self) -> history.Entry | None:
        """The entry that was followed last."""
        return self._chain.last

    @property
    def broken_at(self) -> int | None:
        """Position of the first entry that does not fit, or whose texts and personal data were tampered with."""
        places = (self._chain.broken_at, self._altered, self._missing)
        found = [at for at in places if at is not None]
        # Where the chain itself does not hold, what the complaint has now proves nothing more.
        return min(found or self._differing(), default=None)

    def follow(self, trace: Trace) -> None:
        """Take the next step."""
        entry = trace.entry
        self._chain.follow(entry)
        bound = entry.changes.get("withheld_sha256")
        if trace.withheld is not None:
            if bound != digest(trace.withheld) and self._altered is None:
                self._altered = entry.position
        elif bound is not None and self._missing is None:
            self._missing = entry.position
        if entry.action in _ERASING:
            self._missing = None
        if self._first is None:
            self._first = trace
        elif entry.action == "amended" and trace.withheld is not None:
            for name, pair in trace.withheld.items():
                if name != _SALT and isinstance(pair, (list, tuple)):
                    self._before.setdefault(name, pair[0])
                    self._after[name] = (entry.position, pair[1])

    def _differing(self) -> Iterator[int]:
        """Give the positions of entries that say otherwise than the complaint has it now."""
        first = self._first
        if first is None or first.present is None or first.withheld is None or TOLD not in first.withheld:
            return
        told = {**first.present, **self._before}
        if first.withheld[TOLD] != _digest_of_told(told, first.withheld.get(_SALT)):
            yield first.entry.position
        for name, (position, value) in self._after.items():
            if (_bare(value) or None) != (_bare(first.present.get(name)) or None):
                yield position


def first_break(traces: Iterable[Trace]) -> int | None:
    """Find the first position where the chain, or what stands beside it, was tampered with; erasure is none."""
    following = FollowTrail()
    for trace in traces:
        following.follow(trace)
    return following.broken_at


def digest(withheld: Mapping[str, object]) -> str:
    """Compute what binds texts and personal data to the chain."""
    return hashlib.sha256(canonical(withheld)).hexdigest()


def words_beside(withheld: Mapping[str, object] | None) -> Mapping[str, object] | None:
    """Give what stands beside an entry where there are texts or personal data, and not only what binds them."""
    return None if withheld is None or withheld.keys() <= {_SALT, TOLD} else withheld


def _digest_of_told(told: Mapping[str, object], salt: object) -> str:
    """Compute what binds a first telling: what is empty is left out, so that a field of a later release changes nothing."""
    bare = {name: value for name in WITHHELD if (value := _bare(told.get(name)))}
    return digest({**bare, _SALT: salt})


def _bare(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: each for name, each in value.items() if each is not None}
    if isinstance(value, (list, tuple)):
        return [_bare(each) for each in value]
    return value


def _status(complaint: NewComplaint) -> Mapping[str, object]:
    status = complaint.crm_status
    if status is None:
        return {}
    return {name: plain(getattr(status, name)) for name in ("code", "reference", "at", "note")}
