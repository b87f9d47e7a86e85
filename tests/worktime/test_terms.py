from collections.abc import Mapping

import pytest

from tests.worktime.samples import always_in_berlin, berlin, office, shipped
from worktime import (
    Begins,
    Ends,
    InstantOutOfRange,
    NoWorkingTime,
    Roll,
    Term,
    TermInvalid,
    due,
    eu_period,
    parse_calendar,
    parse_duration,
    term_of,
)


def test_a_term_is_read_from_data_and_its_settings_default_to_a_bare_duration() -> None:
    assert term_of({"limit": "15cd"}) == Term(limit=parse_duration("15cd"))
    assert term_of(
        {
            "limit": "8cw",
            "roll": "previous_working_day",
            "ends": "close_of_business",
            "at_least_working_days": 2,
        }
    ) == Term(
        limit=parse_duration("8cw"),
        roll=Roll.PREVIOUS_WORKING_DAY,
        ends=Ends.CLOSE_OF_BUSINESS,
        at_least_working_days=2,
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({}, "limit must be a duration in quotes"),
        ({"limit": 15}, "limit must be a duration in quotes"),
        ({"limit": "15 days"}, "limit: '15 days' is no duration"),
        ({"limit": "15cd", "roll": "forward"}, "roll is 'forward'; known: none, next_working_day, previous"),
        ({"limit": "15cd", "roll": None}, "roll is None"),
        ({"limit": "15cd", "ends": "noon"}, "ends is 'noon'"),
        ({"limit": "15h", "begins": "later"}, "begins is 'later'"),
        ({"limit": "15cd", "rolls": "none"}, "unknown: rolls"),
        ({"limit": "15cd", "at_least_working_days": "2"}, "must be a whole number"),
        ({"limit": "15cd", "at_least_working_days": True}, "must be a whole number"),
        ({"limit": "15cd", "at_least_working_days": -1}, "must be 0 or more"),
        ({"limit": "15cd", "begins": "next_day"}, "never counts the day of the start"),
        ({"limit": "2wd", "begins": "next_hour"}, "never counts the day of the start"),
        ({"limit": "15cd", "ends": "close_of_business"}, "give it a roll"),
        ({"limit": "15d", "roll": "next_working_day", "ends": "close_of_business"}, "elapsed time ends"),
        ({"limit": "15cd", "regulation": "1/1"}, "regulation is '1/1'; known: \"1182/71\""),
        ({"limit": "15cd", "regulation": "1182/71", "roll": "none"}, "unknown: roll"),
        ({"limit": "3wh", "regulation": "1182/71"}, "Regulation 1182/71 knows hours"),
        ({"limit": "15d", "regulation": "1182/71"}, "Regulation 1182/71 knows hours"),
    ],
)
def test_a_term_that_contradicts_itself_or_says_nothing_known_is_refused(
    data: Mapping[str, object], says: str
) -> None:
    with pytest.raises(TermInvalid, match=says):
        term_of(data)


@pytest.mark.parametrize(
    ("start", "limit", "settings", "expected"),
    [
        # A deadline on a working day does not move, whatever the roll.
        ("2026-11-23 10:00", "1d", {"roll": "next_working_day"}, "2026-11-24 10:00"),
        ("2026-11-23 10:00", "1cd", {"roll": "previous_working_day"}, "2026-11-25 00:00"),
        # On a day that is not worked it moves only if the term says so, to the end of its new day.
        ("2026-11-20 10:00", "1d", {}, "2026-11-21 10:00"),
        ("2026-11-20 10:00", "1d", {"roll": "next_working_day"}, "2026-11-23 17:00"),
        ("2026-11-20 10:00", "1d", {"roll": "next_working_day", "ends": "end_of_day"}, "2026-11-24 00:00"),
        ("2026-11-19 10:00", "2cd", {"roll": "previous_working_day"}, "2026-11-20 17:00"),
        (
            "2026-11-19 10:00",
            "2cd",
            {"roll": "previous_working_day", "ends": "end_of_day"},
            "2026-11-21 00:00",
        ),
        # A whole run of holidays and weekend is passed.
        ("2026-12-24 10:00", "1cd", {"roll": "next_working_day"}, "2026-12-28 17:00"),
        ("2026-12-20 10:00", "1cw", {"roll": "previous_working_day"}, "2026-12-24 17:00"),
        # It never rolls back before the start, but on.
        ("2026-11-21 10:00", "1cd", {"roll": "previous_working_day"}, "2026-11-23 17:00"),
        ("2026-11-20 18:00", "1cd", {"roll": "previous_working_day"}, "2026-11-23 17:00"),
        # Midnight belongs to the day that it ends.
        ("2026-11-20 00:00", "24h", {"roll": "next_working_day"}, "2026-11-21 00:00"),
        ("2026-11-19 00:00", "48h", {"ends": "end_of_day"}, "2026-11-21 00:00"),
        # The end of a day.
        ("2026-11-20 10:00", "4h", {"ends": "end_of_day"}, "2026-11-21 00:00"),
        ("2026-11-20 10:00", "1wh", {"ends": "close_of_business"}, "2026-11-20 17:00"),
        ("2026-11-20 10:00", "1wh", {"ends": "end_of_day"}, "2026-11-21 00:00"),
        ("2026-11-20 10:00", "1wd", {"ends": "end_of_day"}, "2026-11-24 00:00"),
        (
            "2026-11-20 10:00",
            "3cd",
            {"roll": "next_working_day", "ends": "close_of_business"},
            "2026-11-23 17:00",
        ),
        # What was over at the start rolls on.
        (
            "2026-11-20 18:00",
            "0cd",
            {"roll": "next_working_day", "ends": "close_of_business"},
            "2026-11-23 17:00",
        ),
        # Another begin.
        ("2026-11-20 10:20", "2h", {"begins": "next_hour"}, "2026-11-20 13:00"),
        ("2026-11-20 10:00", "2h", {"begins": "next_hour"}, "2026-11-20 13:00"),
        ("2026-11-20 10:20", "2h", {"begins": "next_day"}, "2026-11-21 02:00"),
        ("2026-11-20 10:20", "2wh", {"begins": "next_day"}, "2026-11-23 11:00"),
        # A least number of working days.
        ("2026-11-20 10:00", "3cd", {"at_least_working_days": 2}, "2026-11-24 17:00"),
        ("2026-11-23 10:00", "3cd", {"at_least_working_days": 2}, "2026-11-27 00:00"),
    ],
)
def test_a_term_ends_as_its_settings_say(
    start: str, limit: str, settings: Mapping[str, object], expected: str
) -> None:
    assert due(office(), berlin(start), term_of({"limit": limit, **settings})).due_at == berlin(expected)


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        # Article 3(1): the day of the event does not count.  3(2): the end is the last hour of the last day.
        ("2026-11-23 10:00", "3cd", "2026-11-27 00:00"),
        ("2026-11-23 23:59", "3cd", "2026-11-27 00:00"),
        # Article 3(2)(c): months end with the day of the same number, or the last of the month.
        ("2026-03-31 10:00", "1mo", "2026-05-01 00:00"),
        ("2027-12-29 10:00", "2mo", "2028-03-01 00:00"),
        ("2026-11-23 10:00", "1cw", "2026-12-01 00:00"),
        # Article 3(4): not on a holiday, Sunday or Saturday.
        ("2026-11-18 10:00", "3cd", "2026-11-24 00:00"),
        ("2026-11-30 10:00", "25cd", "2026-12-29 00:00"),
        # Article 3(5): a period of two days or more has two working days; one of one day need not.
        ("2026-11-20 10:00", "2cd", "2026-11-25 00:00"),
        ("2026-11-20 10:00", "1cd", "2026-11-24 00:00"),
        # Article 3(3): working days are counted as such.
        ("2026-11-20 10:00", "2wd", "2026-11-25 00:00"),
        # Article 3(1) for hours: the hour of the event does not count; 3(4): hours do not roll.
        ("2026-11-20 10:20", "24h", "2026-11-21 11:00"),
    ],
)
def test_a_european_period_ends_as_regulation_1182_71_says(start: str, limit: str, expected: str) -> None:
    assert due(office(), berlin(start), eu_period(parse_duration(limit))).due_at == berlin(expected)


def test_the_end_of_the_day_of_a_shift_over_midnight_is_not_before_the_time_counted() -> None:
    term = Term(limit=parse_duration("6wh"), ends=Ends.END_OF_DAY)

    assert due(shipped("vienna-plant"), berlin("2026-11-20 22:00"), term).due_at == berlin("2026-11-22 00:00")


def test_a_day_of_23_hours_ends_at_midnight() -> None:
    assert due(always_in_berlin(), berlin("2026-03-29 01:00"), parse_duration("0cd")).due_at == berlin(
        "2026-03-30 00:00"
    )


def test_the_next_hour_is_the_full_hour_of_the_calendar_s_zone() -> None:
    mumbai = shipped("mumbai")
    start = berlin("2026-11-23 10:10")  # 14:40 in Mumbai
    term = Term(limit=parse_duration("1h"), begins=Begins.NEXT_HOUR)

    assert due(mumbai, start, term).due_at == berlin("2026-11-23 11:30")


def test_a_roll_that_finds_no_working_day_within_three_years_is_refused() -> None:
    closed = "".join(
        f'[[holidays.add]]\nevery = "{place} monday of every month"\nname = "off"\nreason = "off"\n'
        for place in ("1st", "2nd", "3rd", "4th")
    )
    rare = parse_calendar(
        'name = "rare"\nversion = "1"\nzone = "UTC"\n[hours]\nmonday = ["09:00-10:00"]\n' + closed
    )
    term = Term(limit=parse_duration("1cd"), at_least_working_days=30)

    with pytest.raises(NoWorkingTime, match="'rare' version 1 does not reach 30 working days"):
        due(rare, berlin("2026-11-23 10:00"), term)


@pytest.mark.parametrize("limit", ["99999999cd", "99999999cw", "99999999mo", "2100mo"])
def test_dates_beyond_the_years_computed_with_are_refused(limit: str) -> None:
    with pytest.raises(InstantOutOfRange):
        due(office(), berlin("2026-11-23 10:00"), parse_duration(limit))
