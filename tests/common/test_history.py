from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from common.history import Entry, append, first_break

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for step in range(length):
        last = entries[-1] if entries else None
        at = NOON + timedelta(minutes=step)
        entries.append(append(last, at=at, actor="person:anna", action="amended", changes={"step": step}))
    return entries


def test_an_untouched_chain_holds() -> None:
    assert first_break(chain(5)) is None


def test_an_empty_chain_holds() -> None:
    assert first_break([]) is None


@pytest.mark.parametrize(
    "forged",
    [
        {"actor": "person:mallory"},
        {"changes": {"step": 9}},
        {"reason": "because"},
        {"at": NOON},
        {"action": "closed"},
    ],
)
def test_any_altered_field_breaks_the_chain_at_its_entry(forged: dict[str, object]) -> None:
    entries = chain(4)
    entries[2] = replace(entries[2], **forged)  # type: ignore[arg-type]  # the point is what does not fit
    assert first_break(entries) == 3


def test_a_removed_entry_breaks_the_chain() -> None:
    entries = chain(4)
    del entries[1]
    assert first_break(entries) == 2


def test_swapped_entries_break_the_chain() -> None:
    entries = chain(4)
    entries[1], entries[2] = entries[2], entries[1]
    assert first_break(entries) == 2


def test_the_hash_does_not_depend_on_the_zone_that_an_instant_is_written_in() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5)))
    here = append(None, at=NOON, actor="a", action="b", changes={})
    assert append(None, at=there, actor="a", action="b", changes={}).hash == here.hash
