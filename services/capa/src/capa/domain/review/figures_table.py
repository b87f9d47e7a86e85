"""The figures of a period beside those of the one before, as people read them."""

from collections.abc import Callable

from capa.domain.report.document import Table
from capa.domain.report.words import NONE
from capa.domain.review.values import Indicators, Review
from quality.durations import Durations
from quality.indicators import PerMillion
from quality.intervals import Share
from quality.words import number, share_text

_MINUTE = 60
_HOUR = 3_600
_DAY = 86_400

Figure = int | Share | Durations | PerMillion


def figures_table(review: Review) -> Table:
    """List the indicators of complaints, actions and signals, now and before."""
    now, before = review.now.indicators, review.before.indicators

    def row(name: str, read: Callable[[Indicators], Figure]) -> tuple[str, str, str]:
        return name, said(read(now)), said(read(before))

    rates = [
        (
            f"Complaints per million units {unit.replace('_', ' ')}",
            said(rate),
            said(before.per_million[unit]),
        )
        for unit, rate in now.per_million.items()
    ]
    rows = (
        row("Complaints received", lambda each: each.complaints.received),
        row("Complaints that belong to a nonconformity", lambda each: each.complaints.converted),
        row("Time from receipt to triage", lambda each: each.complaints.time_to_triage),
        *rates,
        row("Actions given", lambda each: each.actions.given),
        row("Actions completed", lambda each: each.actions.completed),
        row("Time from giving to completion", lambda each: each.actions.cycle_time),
        row("Actions on time, of those due", lambda each: each.actions.on_time),
        row(
            "Actions on time, by the first due instant",
            lambda each: each.actions.on_time_original,
        ),
        row("Actions whose due instant was moved", lambda each: each.actions.extended),
        row("Actions open at the end", lambda each: each.actions.backlog),
        row("Overdue, of those open at the end", lambda each: each.actions.overdue),
        row("Trend signals raised", lambda each: each.signals.raised),
        row("Signals confirmed, of those decided", lambda each: each.signals.confirmed),
    )
    return Table(("Indicator", "Now", "Before"), rows, (1.6, 2, 2), numbers=1)


def said(value: Figure) -> str:
    """Write a figure with what it is made of."""
    match value:
        case Share(value=None) | PerMillion(value=None) | Durations(n=0):
            return NONE
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
