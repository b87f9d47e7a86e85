from datetime import date

import pytest

from tests.worktime.samples import office
from worktime import CalendarInvalid, is_working_day
from worktime.holiday_rules import AddedHoliday, HolidayRules, RemovedHoliday
from worktime.recurring import Yearly, parse_yearly


def rule(text: str) -> Yearly:
    found = parse_yearly(text)
    assert found is not None
    return found


def test_an_added_holiday_is_off_and_named_with_its_reason() -> None:
    calendar = office('[[holidays.add]]\ndate = 2026-12-28\nname = "Bridge"\nreason = "works agreement"\n')

    assert not is_working_day(calendar, date(2026, 12, 28))
    assert calendar.day(date(2026, 12, 28)).note == "Bridge (works agreement)"
    assert is_working_day(calendar, date(2027, 12, 28))


def test_a_yearly_addition_is_off_each_year() -> None:
    calendar = office('[[holidays.add]]\nevery = "12-31"\nname = "Inventory"\nreason = "stock is counted"\n')

    assert [is_working_day(calendar, date(year, 12, 31)) for year in (2026, 2027)] == [False, False]


def test_an_addition_on_29_february_is_off_in_leap_years() -> None:
    calendar = office('[[holidays.add]]\nevery = "02-29"\nname = "Leap"\nreason = "tradition"\n')

    assert not is_working_day(calendar, date(2028, 2, 29))
    assert is_working_day(calendar, date(2027, 3, 1))


@pytest.mark.parametrize(
    ("removal", "worked", "off"),
    [
        ('name = "Pentecost Monday"', date(2027, 5, 17), date(2027, 3, 29)),
        ('every = "01-01"', date(2027, 1, 1), date(2027, 3, 29)),
        ("date = 2026-12-25", date(2026, 12, 25), date(2028, 12, 25)),
        ('name = "Pentecost*"', date(2027, 5, 17), date(2027, 3, 29)),
        ('every = "50 days after easter"', date(2027, 5, 17), date(2027, 3, 29)),
    ],
)
def test_a_removed_holiday_is_worked_with_its_reason_and_no_other(
    removal: str, worked: date, off: date
) -> None:
    calendar = office(f'[[holidays.remove]]\n{removal}\nreason = "the desk is staffed"\n')

    assert is_working_day(calendar, worked)
    assert calendar.day(worked).note.endswith("is worked: the desk is staffed")
    assert not is_working_day(calendar, off)


def test_a_subdivision_has_holidays_of_its_own() -> None:
    epiphany = date(2027, 1, 6)

    assert is_working_day(office(), epiphany)
    assert not is_working_day(office('subdivision = "BY"\n'), epiphany)


def test_a_year_has_the_substitute_day_of_next_year_s_holiday_and_no_date_of_another_year() -> None:
    year = HolidayRules(country="US").year(2027)

    assert year.off[date(2027, 12, 31)] == "New Year's Day (observed)"
    assert {day.year for day in year.off} == {2027}


def test_a_frozen_year_cannot_be_changed() -> None:
    off = HolidayRules(country="DE").year(2026).off

    with pytest.raises(TypeError, match="does not support item assignment"):
        off[date(2026, 1, 2)] = "mine"  # type: ignore[index]  # it is what is refused


def test_a_date_off_for_two_reasons_names_both() -> None:
    year = HolidayRules(country="KR").year(2028)

    assert set(year.off[date(2028, 10, 3)].split("; ")) == {"Chuseok", "National Foundation Day"}


def test_a_date_off_for_two_reasons_stays_off_when_one_is_removed() -> None:
    removed = RemovedHoliday("National Foundation Day", "the desk is staffed")

    year = HolidayRules(country="KR", removed=(removed,)).year(2028)

    assert year.off[date(2028, 10, 3)] == "Chuseok"


def test_names_do_not_depend_on_the_language_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "de")

    assert HolidayRules(country="DE").year(2026).off[date(2026, 12, 25)] == "Christmas Day"


def test_names_come_in_the_language_asked_for() -> None:
    assert HolidayRules(country="DE", language="de").year(2026).off[date(2026, 1, 1)] == "Neujahr"


def test_a_language_without_names_is_refused() -> None:
    with pytest.raises(CalendarInvalid, match=r"no names in 'fr'.*known: .*de"):
        HolidayRules(country="DE", language="fr").year(2026)


def test_additions_and_removals_by_rule_hold_when_the_list_changes_under_them() -> None:
    rules = HolidayRules(
        country="DE",
        added=(AddedHoliday(rule("1 day after 4th thursday of november"), "Bridge", "agreed"),),
        removed=(RemovedHoliday(rule("50 days after easter"), "staffed"),),
    )
    pentecost, bridge = date(2027, 5, 17), date(2027, 11, 26)
    lists = [
        [(pentecost, "Pentecost Monday")],  # as it is today
        [(pentecost, "Whit Monday")],  # renamed
        [],  # dropped
        [(pentecost, "Whit Monday"), (bridge, "Day of Repose")],  # what was added is now a public holiday
    ]

    years = [rules.amended(2027, public) for public in lists]

    assert [dict(year.off) for year in years] == [{bridge: "Bridge (agreed)"}] * 4


def test_a_removal_by_name_with_a_wildcard_takes_the_substitute_day_too() -> None:
    removed = RemovedHoliday("Independence Day*", "worked")

    year = HolidayRules(country="US", removed=(removed,)).year(2026)

    assert {date(2026, 7, 3), date(2026, 7, 4)} <= set(year.worked)
    assert not {date(2026, 7, 3), date(2026, 7, 4)} & set(year.off)
