"""What a complaint's history says of how it was received, of what was amended since, and of its steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from common import history
from common.actor import Actor
from intake.domain.complaint import Channel, Complaint, Severity
from intake.domain.facts import Amended, Received
from intake.domain.lifecycle.facts import StepFact
from intake.domain.lifecycle.tracing import fact_of, versions
from intake.domain.trail import STATUS_NOTED


def receipt_of(complaint: Complaint, entries: Sequence[history.Entry]) -> tuple[Received, Actor]:
    """Tell a complaint as it was when it was received, as far as it was announced, and who handed it over.

    The codes and times come from the first entry of its history. Texts and personal data are those of today: no event
    carries them.
    """
    first = entries[0]
    said: Mapping[str, Any] = first.changes
    account = replace(
        complaint.account,
        channel=Channel(said["channel"]),
        reported_severity=Severity(said["reported_severity"]),
        product=said["product"],
        category=said["category"],
        lot=said.get("lot"),
        site=said.get("site"),
        occurred_at=_instant(said["occurred_at"]) if "occurred_at" in said else None,
    )
    received = replace(
        complaint,
        account=account,
        aware_at=_instant(said["aware_at"]),
        received_at=_instant(said["received_at"]),
        version=1,
    )
    return Received(received), Actor.parse(first.actor)


def amendment_of(
    complaint: Complaint, entries: Sequence[history.Entry], *, since: Complaint
) -> tuple[Amended, Actor, datetime] | None:
    """Tell all amendments as one, from the complaint as it was received to what it is now, by whom and when the last.

    None where there was none.
    """
    amendments = [entry for entry in entries if entry.action in _AMENDING]
    if not amendments:
        return None
    changed = sorted({name for entry in amendments for name in _changed(entry.changes)})
    last = amendments[-1]
    # Steps that came after it made versions of their own, in which the codes are the same.
    version = versions(entries[: entries.index(last) + 1])[-1]
    amended = replace(complaint, version=version)
    return Amended(since, amended, tuple(changed)), Actor.parse(last.actor), last.at


@dataclass(frozen=True, slots=True)
class StepTold:
    """A step as the history has it: the complaint in the version that it left, what happened, by whom, and when written."""

    complaint: Complaint
    fact: StepFact
    actor: Actor
    at: datetime


def steps_of(complaint: Complaint, entries: Sequence[history.Entry]) -> Sequence[StepTold]:
    """Tell every step that was taken, first to last."""
    return [
        StepTold(replace(complaint, version=version), fact, Actor.parse(entry.actor), entry.at)
        for entry, version in zip(entries, versions(entries), strict=True)
        if (fact := fact_of(entry)) is not None
    ]


_AMENDING: Final = frozenset({"amended", STATUS_NOTED})


def _changed(changes: Mapping[str, Any]) -> set[str]:
    return (changes.keys() - {"withheld", "withheld_sha256"}) | set(changes.get("withheld", ()))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
