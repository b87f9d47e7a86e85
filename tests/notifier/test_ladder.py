"""Ladders and the moments of their steps."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from chassis.settings import CannotStart
from notifier.domain.errors import LadderInvalid
from notifier.domain.ladder import ladder_of, parse_offset
from notifier.domain.moments import moment
from notifier.settings import Settings, parse_ladders, read_ladders
from tests.notifier.world import CONFIG
from worktime import parse_calendar

CALENDAR = parse_calendar((CONFIG / "calendars" / "default.toml").read_text())
BREACH = {"name": "overdue", "kind": "breach", "offset": "0s", "to": "owner"}


@pytest.mark.parametrize(
    ("anchor", "offset", "expected"),
    [
        ("2026-11-16T12:00", "0s", "2026-11-16T12:00"),
        ("2026-11-16T12:00", "-1d", "2026-11-15T12:00"),
        ("2026-11-16T12:00", "-1wd", "2026-11-13T08:00"),
        ("2026-11-15T12:00", "-1wd", "2026-11-13T08:00"),
        ("2026-11-16T12:00", "-4wh", "2026-11-13T15:00"),
        ("2026-11-16T12:00", "-1wh", "2026-11-16T10:00"),
        ("2026-11-13T12:00", "1wd", "2026-11-16T16:00"),
        ("2026-11-13T12:00", "1cd", "2026-11-14T23:00"),
        ("2026-12-28T09:00", "-1wd", "2026-12-24T08:00"),
        ("2026-10-26T12:00", "-1wd", "2026-10-23T07:00"),
    ],
)
def test_an_offset_counts_working_time_on_both_sides(anchor: str, offset: str, expected: str) -> None:
    found = moment(CALENDAR, datetime.fromisoformat(anchor).replace(tzinfo=UTC), parse_offset(offset))
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [BREACH, BREACH],
        [BREACH, BREACH | {"name": "again"}],
        [BREACH | {"offset": "1wd"}],
        [BREACH | {"offset": "soon"}],
        [BREACH | {"offset": "0cd"}],
        [{"name": "soon", "kind": "reminder", "offset": "-2cd", "to": "owner"}, BREACH],
        [BREACH | {"kind": "alarm"}],
        [BREACH, {"name": "late", "kind": "escalation", "offset": "-1wd", "to": "manager"}],
        [{"name": "soon", "kind": "reminder", "offset": "1wd", "to": "owner"}, BREACH],
        [BREACH, {"name": "soon", "kind": "reminder", "offset": "-1wd", "to": "owner"}],
        [{"name": "overdue", "kind": "breach"}],
    ],
)
def test_a_ladder_that_would_be_silent_or_contradicts_itself_is_refused(steps: list[dict[str, str]]) -> None:
    with pytest.raises(LadderInvalid):
        ladder_of("default", "1", steps)


@pytest.mark.parametrize("name", ["ladders.toml", "ladders.demo.toml"])
def test_the_ladders_of_the_configuration_are_valid(name: str) -> None:
    steps = parse_ladders((CONFIG / name).read_text())["default"].steps
    assert [(step.name, step.to) for step in steps] == [("overdue", "owner"), ("overdue-manager", "manager")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = 1", "version must be a text"),
        ('version = "1"', "named default"),
        ('version = "1"\nladders.default = 3', "array of tables"),
        ("version =", "is no TOML"),
        ('version = "1"\n[[ladders.default]]\nname = "a"', "step 1"),
    ],
)
def test_a_bad_ladder_file_stops_the_process_with_the_file_and_the_place(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "ladders.toml"
    file.write_text(text)
    with pytest.raises(CannotStart, match=said) as stopped:
        read_ladders(Settings(database_url=SecretStr("postgresql://"), ladders=file))
    assert str(file) in str(stopped.value)
