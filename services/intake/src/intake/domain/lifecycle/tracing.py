"""What a complaint's history keeps of a step: its fact in the clear, and the texts beside the chain."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from common import history
from common.actor import Actor
from common.clock import instant_text
from intake.domain.lifecycle.facts import BY_VERB, StepFact
from intake.domain.lifecycle.records import read, written
from intake.domain.lifecycle.taking import Taken
from intake.domain.trail import ERASED, STATUS_NOTED, Trace, digest

WAITING_ENDED: Final = "waiting_ended_at"
"""Until when the work waited for the customer, where the step ended that."""


def trace_step(taken: Taken, *, last: history.Entry, actor: Actor, now: datetime) -> Trace:
    """Continue a complaint's history with a step; `at` in its changes is when it happened, its own is when it was written."""
    fact, *others = taken.facts
    changes: dict[str, object] = {**written(fact), "state": taken.complaint.state.value}
    if others:
        changes[WAITING_ENDED] = instant_text(others[0].at)
    withheld: dict[str, object] = {name: [None, text] for name, text in taken.texts.items()}
    if withheld:
        # Without salt a short text could be found by trying.
        withheld["salt"] = secrets.token_hex(16)
        changes |= {"withheld": sorted(taken.texts), "withheld_sha256": digest(withheld)}
    entry = history.append(last, at=now, actor=str(actor), action=fact.verb, changes=changes)
    return Trace(entry, withheld or None)


def fact_of(entry: history.Entry) -> StepFact | None:
    """Read the fact that an entry of a history keeps; None where the entry is of no step."""
    kind = BY_VERB.get(entry.action)
    if kind is None:
        return None
    said: Mapping[str, Any] = entry.changes
    return read(kind, said)


def versions(entries: Sequence[history.Entry]) -> Sequence[int]:
    """Tell in which version each entry left the complaint: receipt is the first, whatever changes it makes further ones."""
    found, version = [], 0
    for entry in entries:
        version += entry.action in MAKING_VERSIONS
        found.append(version)
    return found


MAKING_VERSIONS: Final = frozenset({"received", "amended", STATUS_NOTED, ERASED, *BY_VERB})
