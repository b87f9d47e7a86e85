"""Figures as people read them, with what they are made of."""

from typing import Final

from quality.durations import Durations
from quality.indicators import PerMillion
from quality.intervals import Share
from quality.words import number, share_text

NO_DATA: Final = "no data"
"""Stands where there is nothing to divide by or to measure."""

_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400

Figure = int | Share | Durations | PerMillion
"""What an indicator can be."""


def said(value: Figure) -> str:
    """Write a figure with what it is made of."""
    match value:
        case Share(value=None) | PerMillion(value=None) | Durations(n=0):
            return NO_DATA
        case Share(part, whole, found, low, high):
            return f"{share_text(found or 0)} ({part} of {whole}; {share_text(low or 0)} to {share_text(high or 0)})"
        case PerMillion(complaints, units, rate, low, high):
            return f"{number(rate or 0)} ({complaints} from {number(units)}; {number(low or 0)} to {number(high or 0)})"
        case Durations(n, _, median, p90):
            return f"median {_time(median or 0)}, nine of ten within {_time(p90 or 0)} (n = {n})"
        case int():
            return f"{value}"


def _time(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds:.1f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.1f} min"
    return f"{seconds / _HOUR:.1f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:.1f} d"
