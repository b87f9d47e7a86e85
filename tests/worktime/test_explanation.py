import json
from datetime import timedelta

from tests.worktime.samples import always, always_in_berlin, berlin, office, shipped, utc
from worktime import (
    Begins,
    Pause,
    Roll,
    Term,
    add_elapsed,
    add_working_days,
    add_working_time,
    due,
    parse_duration,
)

CHRISTMAS_EVE = '[[half_days]]\nevery = "12-24"\nhours = ["09:00-12:00"]\nreason = "Christmas Eve"\n'


def test_each_interval_counted_and_each_day_skipped_is_written_for_a_person() -> None:
    explanation = add_working_time(
        office(CHRISTMAS_EVE), berlin("2026-12-23 18:00"), timedelta(hours=5)
    ).explanation

    assert explanation.as_text().splitlines()[4:] == [
        "  Wed 2026-12-23 skipped: the hours of this day are over",
        "  Thu 2026-12-24 09:00 to 12:00 counts 3 h (half day: Christmas Eve)",
        "  Fri 2026-12-25 skipped: Christmas Day",
        "  Sat 2026-12-26 skipped: weekend, no hours on this weekday",
        "  Sun 2026-12-27 skipped: weekend, no hours on this weekday",
        "  Mon 2026-12-28 09:00 to 11:00 counts 2 h",
    ]


def test_the_head_says_when_it_is_due_by_which_rule_and_calendar() -> None:
    explanation = add_working_days(office(), berlin("2026-11-20 15:00"), 2).explanation

    due, rule, calendar, start, *_ = explanation.as_text().splitlines()

    assert due == "Due Tue 2026-11-24 17:00 Europe/Berlin, 2026-11-24T16:00:00Z"
    assert (
        rule == "Rule: 2 working days after the day of the start, until the end of its last working interval"
    )
    assert calendar == "Calendar: office, version 7 (holidays of DE, holidays 0.109)"
    assert start == "Start Fri 2026-11-20 15:00 Europe/Berlin, 2026-11-20T14:00:00Z"


def test_as_data_it_says_the_same_and_goes_through_json_unchanged() -> None:
    data = add_working_time(office(), berlin("2026-11-20 16:00"), timedelta(minutes=90)).explanation.as_dict()

    assert json.loads(json.dumps(data)) == data
    assert data == {
        "calendar": {
            "name": "office",
            "version": "7",
            "zone": "Europe/Berlin",
            "holidays": "DE, holidays 0.109",
        },
        "rule": "1 h 30 min of working time",
        "start": {"utc": "2026-11-20T15:00:00Z", "local": "2026-11-20T16:00:00+01:00"},
        "due": {"utc": "2026-11-23T08:30:00Z", "local": "2026-11-23T09:30:00+01:00"},
        "steps": [
            {
                "kind": "counted_time",
                "date": "2026-11-20",
                "from": "16:00",
                "to": "17:00",
                "minutes": 60,
                "note": "",
            },
            {"kind": "skipped", "date": "2026-11-21", "why": "weekend", "name": ""},
            {"kind": "skipped", "date": "2026-11-22", "why": "weekend", "name": ""},
            {
                "kind": "counted_time",
                "date": "2026-11-23",
                "from": "09:00",
                "to": "09:30",
                "minutes": 30,
                "note": "",
            },
        ],
    }


def test_an_end_of_day_is_written_as_24_00_of_that_date() -> None:
    step = add_working_time(always(), utc("2026-11-20 23:00"), timedelta(hours=1)).explanation.as_dict()[
        "steps"
    ]

    assert step == [
        {
            "kind": "counted_time",
            "date": "2026-11-20",
            "from": "23:00",
            "to": "24:00",
            "minutes": 60,
            "note": "",
        }
    ]


def test_a_removed_holiday_says_why_it_counts() -> None:
    calendar = office('[[holidays.remove]]\ndate = 2026-12-25\nreason = "the desk is staffed"\n')

    text = add_working_days(calendar, berlin("2026-12-24 10:00"), 1).explanation.as_text()

    assert text.endswith(
        "Fri 2026-12-25 is working day 1, until 17:00 (Christmas Day is worked: the desk is staffed)"
    )


def test_a_change_of_the_clocks_is_noted_with_its_hours() -> None:
    lines = add_working_time(
        always_in_berlin(), berlin("2026-03-29 00:00"), timedelta(hours=23)
    ).explanation.as_text()

    assert lines.splitlines()[4:] == [
        "  Sun 2026-03-29 the clocks go forward from 02:00 to 03:00, by 1 h",
        "  Sun 2026-03-29 00:00 to 24:00 counts 23 h",
    ]


def test_a_change_of_the_clocks_is_noted_for_elapsed_time_too_and_as_data() -> None:
    steps = add_elapsed(office(), berlin("2026-10-24 18:00"), timedelta(days=1)).explanation.as_dict()[
        "steps"
    ]

    assert steps == [
        {
            "kind": "clocks_changed",
            "date": "2026-10-25",
            "utc": "2026-10-25T01:00:00Z",
            "from": "2026-10-25T03:00:00",
            "to": "2026-10-25T02:00:00",
            "minutes": -60,
        }
    ]


def test_a_change_of_the_clocks_just_after_the_deadline_is_not_noted() -> None:
    before = add_elapsed(office(), berlin("2026-10-24 18:00"), timedelta(hours=7)).explanation

    assert before.steps == ()


def test_over_more_years_than_a_search_goes_the_changes_of_the_clocks_are_not_listed() -> None:
    start = berlin("2026-11-23 10:00")

    listed = [
        len(add_elapsed(office(), start, timedelta(days=days)).explanation.steps)
        for days in (3 * 365, 40_000)
    ]

    assert listed == [6, 0]


def test_a_shift_over_midnight_says_the_date_on_which_it_ends() -> None:
    text = add_working_time(shipped("vienna-plant"), berlin("2026-11-20 22:00"), timedelta(hours=8))

    assert text.explanation.as_text().splitlines()[4:] == [
        "  Fri 2026-11-20 22:00 to 06:00 on Sat 2026-11-21 counts 8 h"
    ]


def test_an_end_at_midnight_is_told_as_24_00_of_the_day_that_is_over() -> None:
    text = due(office(), berlin("2026-11-20 15:00"), parse_duration("1cd")).explanation.as_text()

    assert text.splitlines()[0] == "Due Sat 2026-11-21 24:00 Europe/Berlin, 2026-11-21T23:00:00Z"


def test_a_hold_is_told_from_when_to_when_and_the_days_that_it_took() -> None:
    pause = Pause(berlin("2026-11-23 14:00"), berlin("2026-11-25 10:00"))

    text = due(office(), berlin("2026-11-20 15:00"), parse_duration("1wd"), [pause]).explanation.as_text()

    assert text.splitlines()[4:] == [
        "  Fri 2026-11-20 skipped: the day of the start is not counted",
        "  Sat 2026-11-21 skipped: weekend, no hours on this weekday",
        "  Sun 2026-11-22 skipped: weekend, no hours on this weekday",
        "  Mon 2026-11-23 14:00 on hold until Wed 2026-11-25 10:00",
        "  Mon 2026-11-23 skipped: the clock was on hold",
        "  Tue 2026-11-24 skipped: the clock was on hold",
        "  Wed 2026-11-25 is working day 1, until 17:00",
    ]


def test_a_roll_names_the_days_passed_and_why() -> None:
    term = Term(limit=parse_duration("3cd"), roll=Roll.NEXT_WORKING_DAY)

    text = due(office(), berlin("2026-12-22 15:00"), term).explanation.as_text()

    assert text.splitlines()[4:] == [
        "  Tue 2026-12-22 skipped: the day of the start is not counted",
        "  Wed 2026-12-23 to Fri 2026-12-25: 3 calendar days counted, worked or not",
        "  Fri 2026-12-25 skipped: Christmas Day",
        "  Sat 2026-12-26 skipped: weekend, no hours on this weekday",
        "  Sun 2026-12-27 skipped: weekend, no hours on this weekday",
        "  Fri 2026-12-25 moves to Mon 2026-12-28, until 17:00 (the day is not worked, so on to the next working day)",
    ]


def test_every_kind_of_step_goes_through_json_unchanged() -> None:
    term = Term(limit=parse_duration("14cd"), roll=Roll.PREVIOUS_WORKING_DAY)
    hold = Pause(berlin("2026-10-20 14:00"), berlin("2026-10-21 10:00"))
    late = Term(limit=parse_duration("1wh"), begins=Begins.NEXT_HOUR)
    data = [
        due(office(), berlin("2026-10-16 15:10"), rule, [hold]).explanation.as_dict()
        for rule in (term, late, parse_duration("60wd"), parse_duration("12wh"))
    ]

    kinds = {step["kind"] for each in data for step in each["steps"]}  # type: ignore[attr-defined]  # JSON values

    assert json.loads(json.dumps(data)) == data
    assert kinds == {
        *("counted_time", "counted_day", "counted_dates", "counted_weeks", "skipped"),
        *("began", "on_hold", "clocks_changed", "moved"),
    }


def test_elapsed_time_needs_no_steps() -> None:
    explanation = add_elapsed(office(), berlin("2026-11-20 15:00"), timedelta(days=1, seconds=90)).explanation

    assert explanation.rule == "1 d 1 min 30 s of elapsed time, day and night"
    assert explanation.as_dict()["steps"] == []


def test_a_long_span_is_summed_up_by_whole_weeks_and_still_names_every_special_day() -> None:
    text = (
        add_working_days(office(CHRISTMAS_EVE), berlin("2026-12-18 15:00"), 60)
        .explanation.as_text()
        .splitlines()[4:]
    )

    assert text == [
        "  Fri 2026-12-18 skipped: the day of the start is not counted",
        "  Sat 2026-12-19 skipped: weekend, no hours on this weekday",
        "  Sun 2026-12-20 skipped: weekend, no hours on this weekday",
        "  Mon 2026-12-21 to Sun 2027-03-14: 58 working days counted, 24 weekend days skipped, among them",
        "    Thu 2026-12-24 is working day 4, until 12:00 (half day: Christmas Eve)",
        "    Fri 2026-12-25 skipped: Christmas Day",
        "    Fri 2027-01-01 skipped: New Year's Day",
        "  Mon 2027-03-15 is working day 59, until 17:00",
        "  Tue 2027-03-16 is working day 60, until 17:00",
    ]


def test_the_time_summed_up_and_the_time_listed_make_the_whole() -> None:
    amount = timedelta(hours=4_000)

    steps = add_working_time(office(), berlin("2026-11-20 15:00"), amount).explanation.as_dict()["steps"]

    assert isinstance(steps, list)
    assert sum(step.get("minutes", 0) for step in steps) == amount / timedelta(minutes=1)
    assert len(json.dumps(steps)) < 8_000
