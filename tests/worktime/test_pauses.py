from datetime import datetime, timedelta

import pytest

from tests.worktime.samples import berlin, office, utc
from worktime import InstantNaive, Pause, PauseInvalid, due, parse_duration

START = berlin("2026-11-23 10:00")


def due_at(limit: str, *pauses: tuple[str, str]) -> datetime:
    held = [Pause(berlin(begins), berlin(ends)) for begins, ends in pauses]
    return due(office(), START, parse_duration(limit), held).due_at


@pytest.mark.parametrize(
    ("limit", "pauses", "expected"),
    [
        ("4wh", [("2026-11-23 11:00", "2026-11-23 14:00")], "2026-11-23 17:00"),
        ("4wh", [("2026-11-23 12:15", "2026-11-23 12:45")], "2026-11-23 15:00"),
        ("4wh", [("2026-11-23 16:00", "2026-11-24 09:30")], "2026-11-23 15:00"),
        ("4wh", [("2026-11-23 10:00", "2026-11-24 09:00")], "2026-11-24 14:00"),
        (
            "4wh",
            [("2026-11-23 10:30", "2026-11-23 11:00"), ("2026-11-23 13:00", "2026-11-23 13:30")],
            "2026-11-23 16:00",
        ),
        ("1d", [("2026-11-23 11:00", "2026-11-23 14:00")], "2026-11-24 13:00"),
        ("1d", [("2026-11-24 10:00", "2026-11-24 14:00")], "2026-11-24 10:00"),
        ("1d", [("2026-11-24 09:59", "2026-11-24 14:00")], "2026-11-24 14:01"),
        ("2cd", [("2026-11-24 23:00", "2026-11-25 01:00")], "2026-11-27 00:00"),
        ("2cd", [("2026-11-24 01:00", "2026-11-24 23:00")], "2026-11-26 00:00"),
        ("2cd", [("2026-11-24 23:00", "2026-11-26 01:00")], "2026-11-28 00:00"),
        ("1mo", [("2026-12-23 23:00", "2026-12-24 01:00")], "2026-12-25 00:00"),
    ],
)
def test_what_passes_on_hold_is_not_counted(limit: str, pauses: list[tuple[str, str]], expected: str) -> None:
    assert due_at(limit, *pauses) == berlin(expected)


@pytest.mark.parametrize(
    ("pause", "expected"),
    [
        (("2026-11-24 09:00", "2026-11-24 16:59"), "2026-11-24 17:00"),
        (("2026-11-24 16:59", "2026-11-24 17:00"), "2026-11-25 17:00"),
        (("2026-11-24 17:00", "2026-11-25 16:00"), "2026-11-24 17:00"),
        (("2026-11-24 12:00", "2026-11-27 12:00"), "2026-11-27 17:00"),
    ],
)
def test_a_working_day_does_not_count_when_the_clock_was_on_hold_as_it_ended(
    pause: tuple[str, str], expected: str
) -> None:
    assert due_at("1wd", pause) == berlin(expected)


def test_a_hold_over_a_holiday_takes_only_the_working_time_in_it() -> None:
    start = berlin("2026-12-23 16:00")
    pause = Pause(berlin("2026-12-23 16:30"), berlin("2026-12-28 09:30"))

    assert due(office(), start, parse_duration("1wh"), [pause]).due_at == berlin("2026-12-28 10:00")


def test_holds_that_overlap_touch_or_come_in_any_order_take_their_time_once() -> None:
    parts = [
        ("2026-11-23 13:00", "2026-11-23 14:00"),
        ("2026-11-23 10:30", "2026-11-23 11:30"),
        ("2026-11-23 11:00", "2026-11-23 13:00"),
    ]

    assert due_at("4wh", *parts) == due_at("4wh", ("2026-11-23 10:30", "2026-11-23 14:00"))


def test_what_was_held_before_the_start_or_for_no_time_changes_nothing() -> None:
    idle = [("2026-11-20 10:00", "2026-11-23 10:00"), ("2026-11-23 11:00", "2026-11-23 11:00")]

    assert due_at("4wh", *idle) == due_at("4wh")


def test_a_hold_that_began_before_the_start_counts_from_the_start() -> None:
    assert due_at("1d", ("2026-11-22 10:00", "2026-11-23 11:00")) == START + timedelta(hours=25)


def test_a_pause_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(PauseInvalid, match="ends before it begins"):
        due_at("4wh", ("2026-11-24 10:00", "2026-11-24 09:00"))


def test_a_pause_without_an_offset_is_refused() -> None:
    naive = Pause(datetime(2026, 11, 23, 11), utc("2026-11-23 12:00"))  # noqa: DTZ001 - it is what is refused

    with pytest.raises(InstantNaive):
        due(office(), START, parse_duration("4wh"), [naive])
