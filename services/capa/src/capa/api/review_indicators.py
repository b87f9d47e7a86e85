"""The indicators of a management review, each with its name, its definition, and its values now and before."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from capa.api.figure_schemas import FigureOut
from capa.api.handling_figures import CaseFiguresOut, HandlingFiguresOut, LevelFiguresOut
from capa.api.indicators import ActionFiguresOut, ComplaintFiguresOut, IndicatorsOut, SignalFiguresOut
from capa.domain.review.figure_words import said
from capa.domain.review.values import Review, Row, Tables
from quality.durations import Durations
from quality.escalation import LevelFigures
from quality.intervals import Share

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
    ("Cases requested", "requested"),
    ("Cases accepted", "accepted"),
    ("Cases closed", "closed"),
    ("Time from acceptance to closing", "cycle_time"),
    ("Cases on time, of those due", "on_time"),
    ("Cases on time, by the first due instant", "on_time_original"),
    ("Cases with an extension", "extended"),
    ("Cases overdue, of those in work", "overdue"),
    ("Cases open at the end", "backlog"),
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


def tables(review: Review) -> Tables:
    """Give the tables of a review, each with its title."""
    return list(_tables(review))


def _tables(review: Review) -> Iterator[tuple[str, Sequence[Row]]]:
    now, before = review.now.indicators, review.before.indicators
    handled, earlier = review.now.handled, review.before.handled
    yield (
        "Complaints",
        [
            *_rows(_COMPLAINTS, ComplaintFiguresOut, now.complaints, before.complaints),
            *_rates(review),
            Row(
                "Nonconformities raised",
                _defined(IndicatorsOut, "nonconformities_raised"),
                said(now.nonconformities),
                said(before.nonconformities),
            ),
        ],
    )
    yield (
        "Handling of complaints",
        list(_rows(_HANDLING, HandlingFiguresOut, handled.complaints, earlier.complaints)),
    )
    yield (
        "Corrective-action cases",
        [*_rows(_CASES, CaseFiguresOut, handled.cases, earlier.cases), *_stages(review)],
    )
    yield "Actions", list(_rows(_ACTIONS, ActionFiguresOut, now.actions, before.actions))
    if levels := sorted({*handled.escalation, *earlier.escalation}):
        yield "Escalation", [row for level in levels for row in _of_level(review, level)]
    yield "Trend signals", list(_rows(_SIGNALS, SignalFiguresOut, now.signals, before.signals))


def _rows(
    named: Iterable[tuple[str, str]], shown: type[FigureOut], now: object, before: object
) -> Iterator[Row]:
    for name, field in named:
        yield Row(name, _defined(shown, field), said(getattr(now, field)), said(getattr(before, field)))


def _rates(review: Review) -> Iterator[Row]:
    definition = _defined(IndicatorsOut, "per_million")
    for unit, rate in review.now.indicators.per_million.items():
        name = f"Complaints per million units {unit.replace('_', ' ')}"
        yield Row(name, definition, said(rate), said(review.before.indicators.per_million[unit]))


def _stages(review: Review) -> Iterator[Row]:
    definition = _defined(CaseFiguresOut, "time_in_stage")
    before = dict(review.before.handled.cases.time_in_stage)
    for stage, spent in review.now.handled.cases.time_in_stage:
        name = f"Time in stage {stage.replace('_', ' ')}"
        yield Row(name, definition, said(spent), said(before[stage]))


def _of_level(review: Review, level: str) -> Iterator[Row]:
    now, before = (
        each.escalation.get(level, _UNTOLD) for each in (review.now.handled, review.before.handled)
    )
    named = [(f"Level {level}: {name}", field) for name, field in _LEVEL]
    return _rows(named, LevelFiguresOut, now, before)


def _defined(shown: type[FigureOut], field: str) -> str:
    return shown.model_fields[field].description or ""
