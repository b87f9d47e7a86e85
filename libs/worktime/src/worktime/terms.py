"""What a clock profile says of a deadline: how much, from when, and what happens at its end.

A term is data. `term_of` reads it from a table of a policy file; `due` computes with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from worktime.durations import Duration, Unit, parse_duration
from worktime.refusals import DurationInvalid, TermInvalid

_PERIODS_REGULATION: Final = "1182/71"
_DAYS_OF_A_SHORT_PERIOD: Final = 2
_WORKING_DAYS_OF_A_PERIOD: Final = 2
_Choice = TypeVar("_Choice", bound=StrEnum)


class Begins(StrEnum):
    """From when hours are counted; units that count dates always begin with the day after that of the start."""

    AT_ONCE = "at_once"
    NEXT_HOUR = "next_hour"
    NEXT_DAY = "next_day"


class Roll(StrEnum):
    """What becomes of a deadline that falls on a day that is not worked.

    Regulatory clocks of elapsed days do not roll. A rolled deadline is a due date: it ends with the last working
    interval of its new day, unless the term says `end_of_day`. One that would roll back before the start rolls on.
    """

    NONE = "none"
    NEXT_WORKING_DAY = "next_working_day"
    PREVIOUS_WORKING_DAY = "previous_working_day"


class Ends(StrEnum):
    """When on its day a deadline is over.

    As counted: elapsed and working time at the instant reached, working days with their last working interval,
    calendar days, weeks and months at midnight. Otherwise with the last working interval, or at 24:00 local time.
    """

    AS_COUNTED = "as_counted"
    CLOSE_OF_BUSINESS = "close_of_business"
    END_OF_DAY = "end_of_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A limit with the rules of its begin and end; refuses with TermInvalid what contradicts itself.

    `at_least_working_days` moves a deadline on until that many working days lie after the day of the start.
    """

    limit: Duration
    begins: Begins = Begins.AT_ONCE
    roll: Roll = Roll.NONE
    ends: Ends = Ends.AS_COUNTED
    at_least_working_days: int = 0

    def __post_init__(self) -> None:
        unit = self.limit.unit
        if unit.counts_dates and self.begins is not Begins.AT_ONCE:
            raise TermInvalid(f"{self.limit} never counts the day of the start; leave begins at at_once")
        if self.at_least_working_days < 0:
            raise TermInvalid(f"at_least_working_days is {self.at_least_working_days}; it must be 0 or more")
        if self.ends is not Ends.CLOSE_OF_BUSINESS or unit.is_working:
            return
        if not unit.counts_dates:
            raise TermInvalid(
                f"{self.limit} of elapsed time ends at an instant that may lie after the close of business; "
                "give the limit in days (cd, wd), or end it as_counted or end_of_day"
            )
        if self.roll is Roll.NONE:
            raise TermInvalid(
                f"{self.limit} may end on a day without hours, which has no close of business; give it a roll"
            )


def eu_period(limit: Duration) -> Term:
    """Give a limit the rules that the European Union's legal acts use where they say nothing else.

    Regulation (EEC, Euratom) No 1182/71, Article 3: (1) the hour or the day of the event is not counted; (2) a period
    ends with the last hour of its last day, in months with the day of the same number or, where the month has none,
    with its last day; (3) weekends and holidays count, unless the period is in working days; (4) a last day that is a
    holiday, Sunday or Saturday moves the end to the last hour of the next working day, but not for hours; (5) a period
    of two days or more has at least two working days. The calendar must hold the holidays of the place meant
    (Article 2: those of the member state or institution) and hours from Monday to Friday.

    Refuses working and elapsed time other than hours, days and weeks with TermInvalid: the regulation has none.
    """
    match limit.unit:
        case Unit.WORKING_DAYS:
            return Term(limit=limit, ends=Ends.END_OF_DAY)
        case Unit.HOURS:
            return Term(limit=limit, begins=Begins.NEXT_HOUR)
        case Unit.CALENDAR_DAYS | Unit.CALENDAR_WEEKS | Unit.CALENDAR_MONTHS:
            short = limit.unit is Unit.CALENDAR_DAYS and limit.count < _DAYS_OF_A_SHORT_PERIOD
            return Term(
                limit=limit,
                roll=Roll.NEXT_WORKING_DAY,
                ends=Ends.END_OF_DAY,
                at_least_working_days=0 if short or not limit.count else _WORKING_DAYS_OF_A_PERIOD,
            )
        case _:
            raise TermInvalid(
                f"{limit}: Regulation 1182/71 knows hours (h), calendar days, weeks and months (cd, cw, mo) "
                "and working days (wd)"
            )


def term_of(data: Mapping[str, object]) -> Term:
    """Read a term from plain data, as a policy file has it: `limit`, and where needed the other settings.

    `regulation = "1182/71"` stands for the settings of `eu_period`. Refuses with TermInvalid, naming the key.
    """
    left = dict(data)
    limit = _limit(left.pop("limit", None))
    regulation = left.pop("regulation", None)
    if regulation is not None:
        _nothing_left(left)
        if regulation != _PERIODS_REGULATION:
            raise TermInvalid(f'regulation is {regulation!r}; known: "{_PERIODS_REGULATION}"')
        return eu_period(limit)
    begins = _choice(Begins, "begins", left.pop("begins", Begins.AT_ONCE))
    roll = _choice(Roll, "roll", left.pop("roll", Roll.NONE))
    ends = _choice(Ends, "ends", left.pop("ends", Ends.AS_COUNTED))
    least = left.pop("at_least_working_days", 0)
    if type(least) is not int:  # True is an int to isinstance.
        raise TermInvalid(f"at_least_working_days must be a whole number, not {least!r}")
    _nothing_left(left)
    return Term(limit=limit, begins=begins, roll=roll, ends=ends, at_least_working_days=least)


def _limit(value: object) -> Duration:
    if not isinstance(value, str):
        raise TermInvalid(f'limit must be a duration in quotes such as "15cd", not {value!r}')
    try:
        return parse_duration(value)
    except DurationInvalid as refusal:
        raise TermInvalid(f"limit: {refusal.detail}") from None


def _choice(kind: type[_Choice], key: str, value: object) -> _Choice:
    found = next((each for each in kind if each == value), None)
    if found is None:
        raise TermInvalid(f"{key} is {value!r}; known: {', '.join(kind)}")
    return found


def _nothing_left(left: Mapping[str, object]) -> None:
    if left:
        raise TermInvalid(f"unknown: {', '.join(map(str, left))}")
