"""The steps of the demo: load the file, wait for triage, hurry some actions, watch their owners being told."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import islice, zip_longest
from typing import Any, Final

from local.demo.complaints import Source
from local.demo.desk import DemoError, Desk, Item, answered, pages

HURRIED: Final = 20
"""Actions whose due time is moved to seconds from now."""
LOADED_WITHIN: Final = 300.0
"""Seconds for the import, which a big file may need."""
DECIDED_WITHIN: Final = 45.0
"""Seconds that triage is waited for; what is left then goes on behind."""
TOLD_WITHIN: Final = 60.0
"""Seconds after the due time within which the owners are told, or are known to be told later."""

_LOOK: Final = 0.5
_ENDED: Final = frozenset({"finished", "failed", "aborted"})
_GRAVEST_FIRST: Final = {"critical": 0, "major": 1, "minor": 2}
_CHANGED_MEANWHILE: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED})


@dataclass(frozen=True, slots=True)
class Hurry:
    """The actions that were made due soon, each with the generation of its new deadline."""

    due_at: datetime
    generations: dict[str, int]


@dataclass(slots=True)
class Telling:
    """How far the owners of the hurried actions were told."""

    expected: int
    told: set[str] = field(default_factory=set)
    later: dict[str, datetime] = field(default_factory=dict)
    """Actions whose notice is held back for a digest, and until when."""

    @property
    def missing(self) -> int:
        """Actions of which nobody has heard or is known to hear."""
        return self.expected - len(self.told) - len(self.later)


def load(desk: Desk, source: Source, show: Callable[[int], None]) -> Item:
    """Hand the file to the bulk import, show how many rows are done, and give the import as it ended."""
    posted = answered(
        desk.intake.post(
            "/v1/imports",
            params={"profile": source.profile, "source_system": source.source_system},
            content=source.content,
            headers={"Content-Type": source.media_type},
            timeout=LOADED_WITHIN,
        )
    )
    found: Item = posted

    def ended() -> bool:
        nonlocal found
        found = answered(desk.intake.get(f"/v1/imports/{posted['id']}"))
        show(found["processed"])
        return found["state"] in _ENDED

    if not _until(ended, seconds=LOADED_WITHIN):
        raise DemoError(f"The import is not done after {LOADED_WITHIN:.0f} s: GET /v1/imports/{posted['id']}")
    if found["state"] != "finished":
        raise DemoError(f"The import {found['state']}: {found['detail']}")
    return found


def refused_rows(desk: Desk, imported: Item, most: int = 3) -> list[str]:
    """Tell what was wrong with the first rows that were refused."""
    if not imported["rejected"]:
        return []
    rows = desk.intake.get(
        f"/v1/imports/{imported['id']}/results", params={"outcome": "rejected", "format": "csv"}
    )
    if rows.is_error:
        answered(rows)
    return rows.text.splitlines()[1 : 1 + most]


def wait_for_triage(desk: Desk, expected: int, show: Callable[[Counter[str]], None]) -> None:
    """Wait within a bound until no complaint is pending, and show what was decided since this was called."""
    seen: set[str] = set()
    decided: Counter[str] = Counter()
    known = next((decision["id"] for decision in pages(desk.capa, "/v1/triage-decisions")), None)

    def all_decided() -> bool:
        # The newest come first, so that each look reads only what is new since the last one.
        for decision in islice(pages(desk.capa, "/v1/triage-decisions"), expected):
            if decision["id"] == known or decision["id"] in seen:
                break
            seen.add(decision["id"])
            decided[decision["outcome"]] += 1
        show(decided)
        return not answered(desk.intake.get("/v1/complaints", params={"triage": "pending", "limit": 1}))[
            "items"
        ]

    _until(all_decided, seconds=DECIDED_WITHIN)


def hurry(desk: Desk, due_in: float) -> Hurry:
    """Move the due time of some open actions to seconds from now, over as many owners as there are."""
    chosen = in_turns(pages(desk.capa, "/v1/actions", state="open"))
    # One instant for all: what is late at the same time reaches its owner as one mail.
    due_at = datetime.now(UTC) + timedelta(seconds=due_in)
    generations: dict[str, int] = {}
    for action in chosen:
        if len(generations) == HURRIED:
            break
        answer = desk.capa.post(
            f"/v1/actions/{action['id']}/change-due",
            json={"due_at": due_at.isoformat(), "reason": "The demo cannot wait for days."},
            headers={"If-Match": f'"v{action["version"]}"'},
        )
        if answer.status_code not in _CHANGED_MEANWHILE:
            generations[str(action["id"])] = answered(answer)["generation"]
    return Hurry(due_at, generations)


def in_turns(actions: Iterable[Item]) -> list[Item]:
    """Order actions so that every owner has a turn: first those that are not late yet, the gravest before others.

    An owner's first action is the gravest, since a mail with a critical one waits for no digest.
    """
    by_owner: dict[str, list[Item]] = {}
    for action in sorted(actions, key=lambda action: (action["overdue"], _GRAVEST_FIRST[action["severity"]])):
        if action["owner"]:
            by_owner.setdefault(action["owner"], []).append(action)
    turns = zip_longest(*by_owner.values())
    return sorted(
        (action for turn in turns for action in turn if action), key=lambda action: action["overdue"]
    )


def watch(desk: Desk, hurried: Hurry, show: Callable[[Telling], None]) -> Telling:
    """Wait within a bound until each owner was told of the new deadline, or is known to be told in a later digest."""
    telling = Telling(expected=len(hurried.generations))
    end = hurried.due_at + timedelta(seconds=TOLD_WITHIN)
    held: dict[str, datetime | None] = {}

    def nothing_missing() -> bool:
        for action in hurried.generations.keys() - telling.told - telling.later.keys():
            notices = answered(desk.notifier.get("/v1/notices", params={"subject_id": action, "limit": 100}))[
                "items"
            ]
            # A notice of an earlier generation is about a deadline that was moved away, by an earlier demo perhaps.
            fresh = [notice for notice in notices if notice["generation"] == hurried.generations[action]]
            if any(notice["state"] == "sent" for notice in fresh):
                telling.told.add(action)
                continue
            for notice in fresh:
                at = _next_attempt(desk, notice, held)
                if at is not None and at > end:
                    telling.later[action] = at
        held.clear()
        show(telling)
        return not telling.missing

    _until(nothing_missing, seconds=(end - datetime.now(UTC)).total_seconds())
    return telling


def _next_attempt(desk: Desk, notice: Item, known: dict[str, datetime | None]) -> datetime | None:
    """Tell when the message that carries a notice goes out, None when that is not planned."""
    if notice["state"] != "planned":
        return None
    number = notice["delivery_id"]
    if number not in known:
        at: Any = answered(desk.notifier.get(f"/v1/deliveries/{number}"))["next_attempt_at"]
        known[number] = datetime.fromisoformat(at) if at else None
    return known[number]


def newest(items: Iterable[Item], since: datetime, at: str = "created_at") -> Sequence[Item]:
    """Take the items of a list that has the newest first, until the first that is older."""
    taken = []
    for item in items:
        if datetime.fromisoformat(item[at]) < since:
            break
        taken.append(item)
    return taken


def _until(holds: Callable[[], bool], *, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() >= end:
            return False
        time.sleep(_LOOK)
    return True
