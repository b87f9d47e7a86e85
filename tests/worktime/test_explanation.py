import json
from datetime import timedelta

from tests.worktime.samples import always, always_in_berlin, berlin, office, utc
from worktime import add_elapsed, add_working_days, add_working_time

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


def test_a_change_of_the_clocks_is_noted_where_it_matters() -> None:
    text = add_working_time(
        always_in_berlin(), berlin("2026-03-29 00:00"), timedelta(hours=23)
    ).explanation.as_text()

    assert text.endswith("Sun 2026-03-29 00:00 to 24:00 counts 23 h (the clocks change)")


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
