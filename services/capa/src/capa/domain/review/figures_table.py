"""The figures of a period beside those of the one before, as people read them."""

from collections.abc import Iterable, Iterator
from typing import Final

from capa.domain.report.document import Block, Heading, Table
from capa.domain.report.words import NONE, code
from capa.domain.review.values import Review
from quality.durations import Durations
from quality.escalation import LevelFigures
from quality.indicators import PerMillion
from quality.intervals import Share
from quality.words import number, share_text

_MINUTE = 60
_HOUR = 3_600
_DAY = 86_400

Figure = int | Share | Durations | PerMillion
_Row = tuple[str, str, str]

_COMPLAINTS: Final = (
    ("Complaints received", "received"),
    ("Complaints that belong to a nonconformity", "converted"),
    ("Time from receipt to triage", "time_to_triage"),
)
_HANDLING: Final = (
    ("Time to acknowledge", "time_to_acknowledge"),
    ("Acknowledged on time, of those due", "acknowledged_on_time"),
    ("Acknowledged on time, by the first due instant", "acknowledged_on_time_original"),
    ("Acknowledgements overdue at the end", "unacknowledged_late"),
    ("Time to respond", "time_to_respond"),
    ("Answered on time, of those due", "responded_on_time"),
    ("Answered on time, by the first due instant", "responded_on_time_original"),
    ("Answers overdue at the end", "overdue"),
    ("Complaints closed", "closed"),
    ("Time to close", "time_to_close"),
    ("Time to the first closing", "time_to_first_close"),
    ("Working time to close", "working_time_to_close"),
    ("Closed on time, of those due", "closed_on_time"),
    ("Closed on time, by the first due instant", "closed_on_time_original"),
    ("Closings on time, of those closed", "closings_on_time"),
    ("Complaints reopened", "reopened"),
    ("Reopened within 90 days of a closing", "reopened_after_closing"),
    ("Closed without investigation", "closed_without_investigation"),
    ("Complaints that led to a corrective-action case", "led_to_case"),
    ("Complaints open at the end", "backlog"),
    ("Change of the open ones", "backlog_change"),
)
_ACTIONS: Final = (
    ("Actions given", "given"),
    ("Actions completed", "completed"),
    ("Time from giving to completion", "cycle_time"),
    ("Actions on time, of those due", "on_time"),
    ("Actions on time, by the first due instant", "on_time_original"),
    ("Actions whose due instant was moved", "extended"),
    ("Actions open at the end", "backlog"),
    ("Overdue, of those open at the end", "overdue"),
)
_CASES: Final = (
    ("Cases accepted", "accepted"),
    ("Cases closed", "closed"),
    ("Time from acceptance to closing", "cycle_time"),
    ("Cases on time, of those due", "on_time"),
    ("Cases on time, by the first due instant", "on_time_original"),
    ("Cases with an extension", "extended"),
    ("Cases overdue, of those in work", "overdue"),
    ("Change of the open cases", "backlog_change"),
    ("Checks that were effective", "effective"),
    ("Effective at the first check", "effective_at_first"),
    ("Recurred within 12 months", "recurred"),
    ("Causes confirmed by their test", "causes_confirmed"),
)
_SIGNALS: Final = (
    ("Trend signals raised", "raised"),
    ("Signals confirmed, of those decided", "confirmed"),
)
_LEVEL: Final = (
    ("actions told of", "told"),
    ("time to completion", "time_to_done"),
    ("done within two working days", "done_in_time"),
)
_UNTOLD: Final = LevelFigures(0, Durations(0, None, None, None), Share(0, 0, None, None, None))


def figures(review: Review) -> Iterator[Block]:
    """List the indicators by what they are of, now and before."""
    for title, rows in _tables(review):
        yield Heading(title)
        yield Table(("Indicator", "Now", "Before"), tuple(rows), (1.6, 2, 2), numbers=1)


def _tables(review: Review) -> Iterator[tuple[str, Iterable[_Row]]]:
    now, before = review.now.indicators, review.before.indicators
    handled, earlier = review.now.handling, review.before.handling
    complaints = _rows(_COMPLAINTS, now.complaints, before.complaints)
    yield "Complaints", (*complaints, *_rates(review))
    yield "Handling of complaints", _rows(_HANDLING, handled.complaints, earlier.complaints)
    cases = _rows(_CASES, handled.cases, earlier.cases)
    yield "Corrective-action cases", (*cases, *_stages(review))
    yield "Actions", _rows(_ACTIONS, now.actions, before.actions)
    if levels := sorted({*handled.escalation, *earlier.escalation}):
        yield "Escalation", [row for level in levels for row in _of_level(review, level)]
    yield "Trend signals", _rows(_SIGNALS, now.signals, before.signals)


def _rows(named: Iterable[tuple[str, str]], now: object, before: object) -> Iterator[_Row]:
    for name, field in named:
        yield name, said(getattr(now, field)), said(getattr(before, field))


def _rates(review: Review) -> Iterator[_Row]:
    before = review.before.indicators.per_million
    for unit, rate in review.now.indicators.per_million.items():
        yield f"Complaints per million units {unit.replace('_', ' ')}", said(rate), said(before[unit])


def _stages(review: Review) -> Iterator[_Row]:
    before = dict(review.before.handling.cases.time_in_stage)
    for stage, spent in review.now.handling.cases.time_in_stage:
        yield f"Time in {code(stage).lower()}", said(spent), said(before[stage])


def _of_level(review: Review, level: str) -> Iterator[_Row]:
    now, before = (each.handling.escalation.get(level, _UNTOLD) for each in (review.now, review.before))
    return _rows([(f"Level {level}: {name}", field) for name, field in _LEVEL], now, before)


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
