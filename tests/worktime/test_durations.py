from datetime import timedelta

import pytest

from tests.worktime.samples import berlin, office
from worktime import Duration, DurationInvalid, Unit, due, parse_duration


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("3wh", timedelta(hours=3)),
        ("30wm", timedelta(minutes=30)),
        ("10ws", timedelta(seconds=10)),
        ("8w", timedelta(weeks=8)),
        ("8d", timedelta(days=8)),
        ("4h", timedelta(hours=4)),
        ("5m", timedelta(minutes=5)),
        ("90s", timedelta(seconds=90)),
    ],
)
def test_a_duration_has_the_length_that_its_unit_says_and_is_written_as_it_was_read(
    text: str, length: timedelta
) -> None:
    duration = parse_duration(text)

    assert (duration.length, str(duration)) == (length, text)


@pytest.mark.parametrize("text", ["2wd", "15cd", "8cw", "3mo"])
def test_what_counts_dates_has_no_length_of_its_own(text: str) -> None:
    assert (str(parse_duration(text)), parse_duration(text).length) == (text, None)
    assert parse_duration("2wd") == Duration(2, Unit.WORKING_DAYS)


@pytest.mark.parametrize(
    "text", ["", "2", "wd", "-2d", "2.5h", "2 wd", "2wd ", "2W", "2ww", "1d12h", "٣d", "123456789s"]
)
def test_what_is_no_whole_number_with_a_known_unit_is_refused(text: str) -> None:
    with pytest.raises(DurationInvalid, match="is no duration"):
        parse_duration(text)


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(DurationInvalid, match="negative"):
        Duration(-1, Unit.DAYS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1wd", "2026-11-23 17:00"),
        ("3wh", "2026-11-23 10:00"),
        ("30wm", "2026-11-20 15:30"),
        ("3h", "2026-11-20 18:00"),
        ("1d", "2026-11-21 15:00"),
        ("1cd", "2026-11-22 00:00"),
        ("0cd", "2026-11-21 00:00"),
        ("2cw", "2026-12-05 00:00"),
        ("3mo", "2027-02-21 00:00"),
        ("90s", "2026-11-20 15:01:30"),
    ],
)
def test_a_policy_s_duration_counts_what_its_unit_says(text: str, expected: str) -> None:
    friday = berlin("2026-11-20 15:00")

    assert due(office(), friday, parse_duration(text)).due_at == berlin(expected)
