"""How dates, hours and lengths of time are written for a person and as JSON.

Hours are local to the calendar, as its readers live; where both are given, the instant in UTC stands beside them.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MINUTE = timedelta(minutes=1)
_ONE_DAY = timedelta(days=1)


def said(length: timedelta) -> str:
    """Say a length of time in hours, minutes and seconds."""
    minutes, rest = divmod(length, _MINUTE)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest.total_seconds():g}"
    parts = [
        f"{number} {unit}"
        for number, unit in ((hours, "h"), (minutes, "min"), (seconds, "s"))
        if number not in {0, "0"}
    ]
    return " ".join(parts) or "0 min"


def minutes_of(length: timedelta) -> int | float:
    """Tell a length of time in minutes, whole where it is."""
    minutes, rest = divmod(length, _MINUTE)
    return round(minutes + rest / _MINUTE, 6) if rest else minutes


def day_said(day: date) -> str:
    """Write a date with its weekday."""
    return f"{_WEEKDAYS[day.weekday()]} {day.isoformat()}"


def hands(local: datetime) -> str:
    """Write what the clock on the wall shows, with seconds where there are any."""
    return f"{local:%H:%M:%S}" if local.second or local.microsecond else f"{local:%H:%M}"


def utc_said(instant: datetime) -> str:
    """Write an instant in UTC."""
    return instant.isoformat().replace("+00:00", "Z")


def local_said(zone: ZoneInfo, instant: datetime) -> str:
    """Write the local date and hour of an instant."""
    local = instant.astimezone(zone)
    return f"{day_said(local.date())} {hands(local)}"


def due_said(zone: ZoneInfo, instant: datetime) -> str:
    """Write the local date and hour at which something ends: midnight is 24:00 of the day that is over."""
    local = instant.astimezone(zone)
    if any((local.hour, local.minute, local.second, local.microsecond)):
        return local_said(zone, instant)
    return f"{day_said(local.date() - _ONE_DAY)} 24:00"


def clock_said(zone: ZoneInfo, instant: datetime, day: date) -> str:
    """Write the local hour of an instant on a date: 24:00 at its end, with the other date where it is later still."""
    local = instant.astimezone(zone)
    if local.date() == day:
        return hands(local)
    is_end_of_day = local.date() == day + _ONE_DAY and not any((local.hour, local.minute, local.second))
    return "24:00" if is_end_of_day else f"{hands(local)} on {day_said(local.date())}"


def moment(zone: ZoneInfo, instant: datetime) -> dict[str, object]:
    """Write an instant as JSON values, in UTC and locally."""
    return {"utc": utc_said(instant), "local": instant.astimezone(zone).isoformat()}
