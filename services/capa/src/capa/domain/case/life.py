"""A case as its history tells it: when it came into each stage, and by when the work of each round was due and done."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from capa.domain.case.case import Case, State
from quality.cases import CaseLife, CauseTest, Check, Move, Round

Changes = Mapping[str, Any]
"""What an entry of the history says of `state`, `due` and `cycle`: from what to what each went."""


def life_of(case: Case, entries: Iterable[tuple[datetime, Changes]]) -> CaseLife:
    """Tell it from the entries of its history, first to last, and from the tests and checks that a case keeps."""
    moves: list[Move] = []
    rounds: list[Round] = []
    for at, changes in entries:
        _count_round(rounds, at, changes)
        if (state := _to(changes, "state")) is not None:
            moves.append(Move(at, state))
            if rounds and (_from(changes), state) == (State.VERIFYING, State.MONITORING):
                rounds[-1] = replace(rounds[-1], done_at=at)
    tests = sorted((each.test for each in case.causes if each.test), key=lambda test: test.tested_at)
    return CaseLife(
        requested_at=case.requested_at,
        accepted_at=case.accepted_at,
        original_due_at=case.original_due_at,
        due_changes=case.due_changes,
        moves=tuple(moves),
        rounds=tuple(rounds),
        checks=tuple(Check(each.reviewed_at, each.result.value) for each in case.reviews),
        tests=tuple(CauseTest(each.tested_at, each.passed) for each in tests),
    )


def _count_round(rounds: list[Round], at: datetime, changes: Changes) -> None:
    """Begin a round where the case was accepted or began another, and else move the due instant of the present one."""
    due = _to(changes, "due")
    if "cycle" in changes and rounds:
        rounds.append(Round(at, rounds[-1].due_at if due is None else datetime.fromisoformat(due)))
    elif due is not None and rounds:
        rounds[-1] = replace(rounds[-1], due_at=datetime.fromisoformat(due))
    elif due is not None:
        rounds.append(Round(at, datetime.fromisoformat(due)))


def _to(changes: Changes, name: str) -> str | None:
    found: str | None = (changes.get(name) or {}).get("to")
    return found


def _from(changes: Changes) -> str | None:
    found: str | None = (changes.get("state") or {}).get("from")
    return found
