"""What working time refuses, each with a code of its own."""

from typing import ClassVar

from common.refusals import Unacceptable


class CalendarInvalid(Unacceptable):
    """A calendar's text breaks a rule; the sentence names the calendar, the place and what would help."""

    code: ClassVar[str] = "calendar_invalid"


class CalendarEmpty(CalendarInvalid):
    """A calendar never opens, so that no deadline could ever be computed with it."""

    code: ClassVar[str] = "calendar_empty"


class HolidaysUnknown(Unacceptable):
    """The holiday rules do not reach a year; guessing that it has no holidays would be wrong in silence."""

    code: ClassVar[str] = "holidays_unknown"


class NoWorkingTime(Unacceptable):
    """Within the horizon after the start, the calendar has less working time than was asked for."""

    code: ClassVar[str] = "no_working_time"


class InstantNaive(Unacceptable):
    """An instant without an offset could mean any hour, so nothing is computed from it."""

    code: ClassVar[str] = "instant_naive"


class InstantOutOfRange(Unacceptable):
    """An instant lies outside the years 1900 to 2199, where zones and holidays mean something."""

    code: ClassVar[str] = "instant_out_of_range"


class DurationInvalid(Unacceptable):
    """A duration is negative, or its text is not a whole number with a known unit."""

    code: ClassVar[str] = "duration_invalid"


class PauseInvalid(Unacceptable):
    """A pause ends before it begins."""

    code: ClassVar[str] = "pause_invalid"


class TermInvalid(Unacceptable):
    """A term contradicts itself or has a setting that does not exist; the sentence names it and what would help."""

    code: ClassVar[str] = "term_invalid"
