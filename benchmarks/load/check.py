"""After a run: every accepted complaint is in intake once, and capa has decided about it once. Asked through the APIs."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from benchmarks.load.ledger import Told
from benchmarks.load.target import Target

PAGE: Final = 100
_AROUND: Final = timedelta(minutes=1)
"""How far the clocks of ledger and services may differ."""
_PAUSE: Final = 1.0
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was compared and what is wrong; each finding names complaints by their number in the run."""

    accepted: int
    uncertain: int
    found: int
    decided: int
    findings: Mapping[str, Sequence[object]] = field(default_factory=dict)
    notes: Mapping[str, Sequence[object]] = field(default_factory=dict)

    @property
    def fine(self) -> bool:
        """Whether nothing is lost and nothing doubled."""
        return not self.findings

    def lines(self) -> Iterator[str]:
        """Say it for a person."""
        yield (
            f"{self.accepted:,} complaints were accepted, {self.uncertain:,} more were sent without an answer of success;"
            f" intake has {self.found:,}, capa has decided about {self.decided:,} of them."
        )
        for said, which in (*self.findings.items(), *self.notes.items()):
            shown = ", ".join(map(str, which[:_SHOWN]))
            yield f"  {said}: {len(which):,} ({shown}{', …' if len(which) > _SHOWN else ''})"
        yield "Nothing lost, nothing doubled." if self.fine else "NOT as promised."


def compare(told: Told, kept: Mapping[int, Sequence[str]], decisions: Mapping[str, int]) -> Verdict:
    """Compare the ledger with the ids that intake keeps for each complaint, and the first decisions for each id."""
    complaints = {identity for identities in kept.values() for identity in identities}
    findings = {
        "accepted and not in intake": [number for number in told.accepted if number not in kept],
        "more than once in intake": [number for number, ids in kept.items() if len(ids) > 1],
        "answered with another id than intake has": [
            number
            for number, ids in told.accepted.items()
            if number in kept and ids != set(kept[number]) and len(kept[number]) == 1
        ],
        "without a decision in capa": [
            number for number, ids in kept.items() if not any(decisions.get(identity) for identity in ids)
        ],
        "decided about more than once": [
            number for number, ids in kept.items() if any(decisions.get(identity, 0) > 1 for identity in ids)
        ],
    }
    strange = {
        "in intake, and the ledger never sent it": [number for number in kept if number not in told.sent]
    }
    notes: dict[str, list[int]] = {}
    if told.ended:
        findings |= strange
    else:  # a killed generator may have sent what it had no time to write down
        notes |= {f"{said}; its last lines are lost": which for said, which in strange.items()}
    notes["sent without an answer of success, and in intake once"] = [
        number for number in told.uncertain if len(kept.get(number, ())) == 1
    ]
    return Verdict(
        accepted=len(told.accepted),
        uncertain=len(told.uncertain),
        found=len(kept),
        decided=sum(1 for identity in complaints if decisions.get(identity)),
        findings={said: sorted(which) for said, which in findings.items() if which},
        notes={said: sorted(which) for said, which in notes.items() if which},
    )


def check(told: Told, target: Target, *, within: float) -> Verdict:
    """Read both services' lists and compare; what is not decided yet is waited for, at most `within` seconds."""
    run, since = str(told.begun["run"]), datetime.fromisoformat(told.begun["at"]) - _AROUND
    with (
        _client(target.intake[0].url, target.intake_key) as intake,
        _client(target.capa.url, target.capa_key) as capa,
    ):
        kept = _kept(intake, run, since)
        ids = {identity for identities in kept.values() for identity in identities}
        decisions = _count(_since(pages(capa, "/v1/triage-decisions"), since), ids)
        end = time.monotonic() + within
        while ids - decisions.keys() and time.monotonic() < end:
            time.sleep(_PAUSE)
            # The first that is not decided yet ends the round: asking for all of many would slow what is waited for.
            for identity in ids - decisions.keys():
                if not (decided := _of(capa, identity)):
                    break
                decisions |= decided
        for identity in ids - decisions.keys():
            decisions |= _of(capa, identity)
    return compare(told, kept, decisions)


def decided_at(target: Target) -> list[datetime]:
    """Read when capa decided on receipt of each complaint, in order of time."""
    with _client(target.capa.url, target.capa_key) as capa:
        found = pages(capa, "/v1/triage-decisions")
        return sorted(
            datetime.fromisoformat(item["decided_at"]) for item in found if item["trigger"] == "received"
        )


def pages(client: httpx.Client, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
    """Read a list item by item; raises httpx.HTTPStatusError where a page is refused."""
    parameters: dict[str, str | int] = {"limit": PAGE, **query}
    while True:
        page = client.get(path, params=parameters).raise_for_status().json()
        yield from page["items"]
        if not page["has_more"]:
            return
        parameters["cursor"] = page["next_cursor"]


def _client(url: str, key: str) -> httpx.Client:
    # Loopback never goes through a proxy, whatever the environment says.
    return httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30.0, trust_env=False
    )


def _kept(intake: httpx.Client, run: str, since: datetime) -> dict[int, list[str]]:
    """Read which complaints of the run intake has, with their ids."""
    kept: dict[int, list[str]] = defaultdict(list)
    for item in pages(intake, "/v1/complaints", received_from=since.isoformat()):
        name, _, number = (item["serial"] or "").rpartition("-")
        if name == run and number.isdecimal():
            kept[int(number)].append(item["id"])
    return dict(kept)


def _since(items: Iterable[Mapping[str, Any]], since: datetime) -> Iterator[Mapping[str, Any]]:
    """Take what was decided since then from a list that has the latest first."""
    for item in items:
        if datetime.fromisoformat(item["decided_at"]) < since:
            return
        yield item


def _of(capa: httpx.Client, identity: str) -> Counter[str]:
    return _count(pages(capa, "/v1/triage-decisions", complaint_id=identity), {identity})


def _count(items: Iterable[Mapping[str, Any]], ids: set[str]) -> Counter[str]:
    """Count the decisions on receipt: an amendment may rightly lead to a second one, of another trigger."""
    return Counter(
        item["complaint_id"]
        for item in items
        if item["trigger"] == "received" and item["complaint_id"] in ids
    )
