from datetime import date

import pytest
from dateutil.easter import easter  # type: ignore[import-untyped]  # it ships no types; another computation

from worktime.recurring import easter_sunday, falls_on, parse_yearly


def dates(text: str, year: int) -> list[str]:
    rule = parse_yearly(text)
    assert rule is not None
    return sorted(day.isoformat() for day in rule.dates(year))


def test_easter_is_when_another_computation_says_in_every_year_computed_with() -> None:
    assert [easter_sunday(year) for year in range(1900, 2200)] == [easter(year) for year in range(1900, 2200)]


@pytest.mark.parametrize(
    ("text", "year", "expected"),
    [
        ("12-24", 2026, ["2026-12-24"]),
        ("02-29", 2027, []),
        ("02-29", 2028, ["2028-02-29"]),
        ("easter", 2026, ["2026-04-05"]),
        ("2 days before easter", 2026, ["2026-04-03"]),
        ("60 days after easter", 2026, ["2026-06-04"]),
        ("1st monday of may", 2026, ["2026-05-04"]),
        ("3rd sunday of november", 2026, ["2026-11-15"]),
        ("5th friday of october", 2026, ["2026-10-30"]),
        ("5th friday of november", 2026, []),
        ("last monday of october", 2026, ["2026-10-26"]),
        ("1 day after 4th thursday of november", 2026, ["2026-11-27"]),
        ("1 day after 12-31", 2026, ["2026-01-01"]),
        ("7 days before 01-01", 2026, ["2026-12-25"]),
    ],
)
def test_a_rule_names_its_days_of_a_year(text: str, year: int, expected: list[str]) -> None:
    assert dates(text, year) == expected


def test_a_rule_may_name_a_day_of_every_month() -> None:
    found = dates("2nd saturday of every month", 2026)

    assert len(found) == 12
    assert (found[0], found[-1]) == ("2026-01-10", "2026-12-12")


@pytest.mark.parametrize(
    "text",
    [
        *("", "christmas", "13-01", "04-31", "1-1", "Easter"),
        *("6th monday of may", "1st monday of mai", "1st of may", "monday of may"),
        *("days before easter", "400 days after easter", "2 days around easter", "2 days before"),
    ],
)
def test_what_is_no_rule_is_told_apart(text: str) -> None:
    assert parse_yearly(text) is None


def test_a_date_of_one_year_is_not_one_of_another() -> None:
    assert falls_on(date(2026, 12, 24), date(2026, 12, 24))
    assert not falls_on(date(2026, 12, 24), date(2027, 12, 24))
