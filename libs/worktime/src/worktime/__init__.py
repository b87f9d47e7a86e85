"""Working time: calendars, holidays, deadlines and their explanation.

Read a calendar with `parse_calendar`, a policy's duration with `parse_duration`, and ask `due` when it is over. The
answer carries an explanation that a person can follow. Nothing here reads a clock, a file or a network.
"""

from worktime.calendar import Calendar
from worktime.calendar_text import parse_calendar
from worktime.deadlines import (
    Deadline,
    add_elapsed,
    add_working_days,
    add_working_time,
    due,
    is_working_day,
    next_opening,
    working_time_between,
)
from worktime.durations import Duration, Unit, parse_duration
from worktime.explanation import Explanation
from worktime.pauses import Pause
from worktime.refusals import (
    CalendarEmpty,
    CalendarInvalid,
    DurationInvalid,
    HolidaysUnknown,
    InstantNaive,
    InstantOutOfRange,
    NoWorkingTime,
    PauseInvalid,
    TermInvalid,
)
from worktime.terms import Begins, Ends, Roll, Term, eu_period, term_of

__all__ = [
    "Begins",
    "Calendar",
    "CalendarEmpty",
    "CalendarInvalid",
    "Deadline",
    "Duration",
    "DurationInvalid",
    "Ends",
    "Explanation",
    "HolidaysUnknown",
    "InstantNaive",
    "InstantOutOfRange",
    "NoWorkingTime",
    "Pause",
    "PauseInvalid",
    "Roll",
    "Term",
    "TermInvalid",
    "Unit",
    "add_elapsed",
    "add_working_days",
    "add_working_time",
    "due",
    "eu_period",
    "is_working_day",
    "next_opening",
    "parse_calendar",
    "parse_duration",
    "term_of",
    "working_time_between",
]
