from datetime import date
from pathlib import Path

import pytest

from tests.worktime.samples import CONFIG, OFFICE, berlin, office
from worktime import CalendarEmpty, CalendarInvalid, next_opening, parse_calendar, working_time_between

HEAD = 'name = "broken"\nversion = "1"\nzone = "UTC"\n'
NIGHT = f'{HEAD}[hours]\nsunday = ["22:00-06:00"]\nmonday = ["06:00-14:00"]\n'
MONDAYS = f'{HEAD}[hours]\nmonday = ["09:00-17:00"]\n'


@pytest.mark.parametrize("path", sorted(CONFIG.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_calendar_can_be_read_and_is_named_after_its_file(path: Path) -> None:
    calendar = parse_calendar(path.read_text(encoding="utf-8"))

    assert (calendar.name, calendar.doubts) == (path.stem, ())


def test_the_shipped_default_works_seven_hours_a_day() -> None:
    calendar = parse_calendar((CONFIG / "default.toml").read_text(encoding="utf-8"))

    worked = working_time_between(calendar, berlin("2026-11-23 00:00"), berlin("2026-11-24 00:00"))

    assert worked.total_seconds() == 7 * 3600


def test_a_calendar_is_known_by_name_and_version() -> None:
    assert office().reference == "office:7"


def test_a_dated_half_day_goes_before_a_yearly_one() -> None:
    calendar = office(
        '[[half_days]]\nevery = "12-24"\nhours = ["09:00-12:00"]\nreason = "Christmas Eve"\n'
        '[[half_days]]\ndate = 2026-12-24\nhours = ["10:00-11:00"]\nreason = "inventory"\n'
    )

    assert next_opening(calendar, berlin("2026-12-23 20:00")) == berlin("2026-12-24 10:00")
    assert next_opening(calendar, berlin("2027-12-23 20:00")) == berlin("2027-12-24 09:00")


@pytest.mark.parametrize("when", ["date = 2026-12-28", 'every = "12-28"'])
def test_a_removal_by_date_or_rule_that_removes_nothing_is_no_error_but_a_doubt(when: str) -> None:
    calendar = office(f'[[holidays.remove]]\n{when}\nreason = "the desk is staffed"\n')

    assert [doubt.partition(":")[0] for doubt in calendar.doubts] == ["calendar 'office'"]
    assert "12-28 is no public holiday here (DE, holidays 0.109)" in calendar.doubts[0]


def test_a_removal_that_removes_something_is_no_doubt() -> None:
    assert office('[[holidays.remove]]\nevery = "12-25"\nreason = "the desk is staffed"\n').doubts == ()


def test_an_interval_may_end_at_midnight_in_both_spellings() -> None:
    spelt = [parse_calendar(f'{HEAD}[hours]\nmonday = ["22:00-{end}"]\n').hours for end in ("24:00", "00:00")]

    assert spelt[0] == spelt[1]


def test_a_holiday_stays_one_on_a_half_day() -> None:
    calendar = office('[[half_days]]\nevery = "12-25"\nhours = ["09:00-12:00"]\nreason = "no"\n')

    assert calendar.day(date(2026, 12, 25)).spans == ()


@pytest.mark.parametrize("hours", ["", "monday = []\n"])
def test_a_calendar_that_never_opens_is_refused_by_name(hours: str) -> None:
    with pytest.raises(CalendarEmpty, match="calendar 'broken': it never opens") as refused:
        parse_calendar(f"{HEAD}[hours]\n{hours}")
    assert refused.value.code == "calendar_empty"


def test_a_calendar_whose_only_hours_are_all_holidays_is_refused() -> None:
    additions = "".join(
        f'[[holidays.add]]\nevery = "{month:02}-{day:02}"\nname = "off"\nreason = "off"\n'
        for month in range(1, 13)
        for day in range(1, 32)
        if day <= 29 or (day == 30 and month != 2) or (day == 31 and month in {1, 3, 5, 7, 8, 10, 12})
    )

    with pytest.raises(CalendarEmpty):
        parse_calendar(MONDAYS + additions)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "no TOML"),
        ('version = "1"', "name is missing"),
        ('name = "a b"', "name must be a code"),
        ('name = "broken"', "'broken': version is missing"),
        (HEAD.replace('"1"', "1"), "version must be a string, not 1"),
        (HEAD.replace("UTC", "Mars/Olympus"), "'Mars/Olympus' is no IANA zone"),
        (HEAD.replace("UTC", "../UTC"), "is no IANA zone"),
        (HEAD.replace("UTC", "Europe"), "is no IANA zone"),
        (f'{HEAD}hours = "always"', "hours must be a table"),
        (f'{HEAD}[hours]\nmonday = "09:00-17:00"', "hours.monday must be an array"),
        (f"{HEAD}[hours]\nmonday = [9]", r"hours.monday\[0\] must be a string, not 9"),
        (f'{HEAD}[hours]\nmonday = ["9-17"]', r"hours.monday\[0\]: '9-17' is no interval"),
        (f'{HEAD}[hours]\nmonday = ["09:00-24:01"]', "is outside 00:00 to 24:00"),
        (f'{HEAD}[hours]\nmonday = ["24:00-06:00"]', "is outside 00:00 to 24:00"),
        (f'{HEAD}[hours]\nmonday = ["09:00-09:00"]', 'has no length; a whole day is "00:00-24:00"'),
        (
            f'{HEAD}[hours]\nmonday = ["22:00-06:00", "23:00-24:00"]',
            "hours.monday has intervals that overlap",
        ),
        (
            f'{HEAD}[hours]\nsunday = ["22:00-06:00"]\nmonday = ["05:59-14:00"]',
            "hours.sunday goes on over midnight into the hours of monday",
        ),
        (
            f'{NIGHT}[[half_days]]\nevery = "12-24"\nhours = ["05:00-12:00"]\nreason = "y"',
            "half_days: 12-24 collides with a shift that goes on over midnight",
        ),
        (
            f'{MONDAYS}[[half_days]]\nevery = "12-24"\nhours = ["22:00-09:30"]\nreason = "y"',
            "half_days: 12-24 collides with a shift that goes on over midnight",
        ),
        (
            f'{HEAD}[hours]\nmonday = ["09:00-12:00", "11:00-13:00"]',
            "hours.monday has intervals that overlap",
        ),
        (f'{HEAD}[hours]\nmoonday = ["09:00-12:00"]', "unknown: hours.moonday"),
        (f'color = "red"\n{MONDAYS}', "unknown: color"),
        (f'{MONDAYS}[holidays]\ncountry = "XX"', "Country XX not available"),
        (f'{MONDAYS}[holidays]\ncountry = "germany"', "holidays.country must be two capital letters"),
        (f'{MONDAYS}[holidays]\ncountry = "DE"\nsubdivision = "ZZ"', "does not have subdivision ZZ"),
        (f'{MONDAYS}[holidays]\nsubdivision = "BY"', "holidays.country is missing"),
        (f'{MONDAYS}[[holidays.add]]\ndate = 2026-12-28\nname = "x"', r"holidays.add\[0\].reason is missing"),
        (f'{MONDAYS}[[holidays.add]]\nname = "x"\nreason = "y"', "exactly one of date, every"),
        (f'{MONDAYS}[[holidays.add]]\nevery = "02-30"\nname = "x"\nreason = "y"', "must be a month and day"),
        (
            f'{MONDAYS}[[holidays.add]]\nevery = "6th monday of may"\nname = "x"\nreason = "y"',
            "must be a month",
        ),
        (f'{MONDAYS}[[holidays.add]]\nevery = 12\nname = "x"\nreason = "y"', "must be a month and day"),
        (
            f'{MONDAYS}[[holidays.add]]\ndate = "2026-12-28"\nname = "x"\nreason = "y"',
            "a date such as 2026-12-24",
        ),
        (
            f'{MONDAYS}[[holidays.add]]\ndate = 2026-12-28T00:00:00\nname = "x"\nreason = "y"',
            "a date such as 2026-12-24",
        ),
        (
            f'{OFFICE}[[holidays.remove]]\nname = "Witt Monday"\nreason = "y"',
            "Witt Monday is no public holiday here",
        ),
        (
            f'{OFFICE}[[holidays.remove]]\nname = "Pentecost Munday"\nreason = "y"',
            "near it: Pentecost Monday",
        ),
        (f"{OFFICE}[[holidays.remove]]\ndate = 2026-12-25", r"holidays.remove\[0\].reason is missing"),
        (f'{MONDAYS}[[half_days]]\nevery = "12-24"\nreason = "y"', r"half_days\[0\].hours is empty"),
        (
            f'{MONDAYS}[[half_days]]\ndate = 2026-11-24\nhours = ["09:00-10:00"]\nreason = "y"',
            "2026-11-24 is a tuesday, which has no hours",
        ),
        (
            MONDAYS + '[[half_days]]\nevery = "12-24"\nhours = ["09:00-10:00"]\nreason = "y"\n' * 2,
            "half_days names the same day twice",
        ),
    ],
)
def test_what_could_not_work_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(CalendarInvalid, match=says):
        parse_calendar(text)
