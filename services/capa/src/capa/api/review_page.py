"""The management-review pack as one HTML page, with its charts in it: nothing is fetched, and a browser prints it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from capa.api.drawing import bars, control_chart
from capa.api.review_indicators import NO_DATA, Row, tables
from capa.usecases.management_review import Late, Review
from quality.pareto import Pareto

_STYLE: Final = (
    "body{font:15px/1.45 system-ui,sans-serif;color:#222;max-width:900px;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.2rem;margin-top:2rem;border-bottom:1px solid #ccc}"
    "h3{font-size:1rem;margin:1.4rem 0 0}td .note{max-width:34rem}"
    "table{border-collapse:collapse;width:100%;margin:.8rem 0}th,td{text-align:left;padding:.3rem .5rem;"
    "border-bottom:1px solid #ddd;vertical-align:top}td.n,th.n{text-align:right;min-width:8rem}"
    "svg{max-width:100%;height:auto}.note{color:#555;font-size:.9rem}"
    "@page{size:A4;margin:16mm}@media print{body{margin:0;max-width:none}h2,svg,tr{break-inside:avoid}}"
)

_INPUTS: Final = (
    ("Actions from earlier reviews", "Section 4, as far as they were given as actions in Redress"),
    ("Changes in internal and external issues", "Not kept by Redress: add it"),
    (
        "Customer satisfaction and feedback",
        "Sections 1 and 2: complaints and how they are handled; surveys are not in this pack",
    ),
    ("Quality objectives", "Section 1 gives the figures; the objectives are yours: add them"),
    ("Process performance and conformity", "Section 1: time and punctuality; section 3: trend signals"),
    ("Nonconformities and corrective action", "Sections 1 and 4"),
    ("Monitoring and measurement", "Sections 1 to 3"),
    ("Audit results", "Not kept by Redress: add them"),
    ("External providers", "Not told apart by Redress: add them"),
    ("Resources", "Section 4 shows what is late and with whom; the judgement is yours"),
    ("Risks and opportunities", "Section 3 shows which trends were confirmed; the judgement is yours"),
    ("Opportunities for improvement", "Section 2: the vital few"),
)


def page(review: Review) -> str:
    """Write the pack."""
    zone = ZoneInfo(review.zone)
    first, then = _day(review.span.begins_at, zone), _day(review.span.ends_at, zone)
    chosen = "all products" if review.products is None else ", ".join(sorted(review.products))
    head = (
        f"<h1>Management review: complaints and corrective action</h1><p>{first} until {then} (not included), "
        f"{escape(chosen)}.</p><p class='note'>From the records as of {_minute(review.made_at, zone)} ({review.zone}). "
        f"Before is the period of the same length before it; {NO_DATA} stands where there is nothing to divide by or to "
        "measure. Intervals are of 95 %.</p>"
    )
    parts = [
        head,
        "<h2>What a review asks, and where it is answered</h2>",
        _table(("Input", "Where"), _INPUTS),
        "<h2>1. Indicators</h2>",
        *(f"<h3>{escape(title)}</h3>{_figures(rows)}" for title, rows in tables(review)),
        "<h2>2. Complaints</h2>",
        bars(
            f"Complaints received, by {review.length}",
            [(each.label, float(each.complaints), True) for each in review.bins],
            "complaints",
        ),
        _pareto("What complaints were about", "complaints", review.by_count),
        _pareto("The same, weighed by severity (minor 1, major 3, critical 9)", "weight", review.by_severity),
        "<h2>3. Trend signals</h2>",
        *_signals(review, zone),
        "<h2>4. Actions past their due instant at the end of the period</h2>",
        _late(review.late, zone),
    ]
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'><title>Management review "
        f"{first} to {then}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def _figures(rows: Iterable[Row]) -> str:
    """Write indicators, each with its definition below its name."""
    head = "<thead><tr><th>Indicator</th><th class='n'>Now</th><th class='n'>Before</th></tr></thead>"
    body = "".join(
        f"<tr><td>{escape(row.name)}<div class='note'>{escape(row.definition)}</div></td>"
        f"<td class='n'>{escape(row.now)}</td><td class='n'>{escape(row.before)}</td></tr>"
        for row in rows
    )
    return f"<table>{head}<tbody>{body}</tbody></table>"


def _pareto(title: str, unit: str, table: Pareto) -> str:
    if not table.bars:
        return f"<p>{escape(title)}: there were none.</p>"
    shown = [*table.bars, *([] if table.other is None else [table.other])]
    drawn = bars(
        title, [(each.name, each.value, each.vital) for each in shown], f"{unit}; dark: the vital few"
    )
    rows = [(each.name, f"{each.value:g}", f"{each.share:.1%}", f"{each.cumulative:.1%}") for each in shown]
    return drawn + _table(
        ("Product / category", unit.capitalize(), "Share", "Cumulative"), rows, numbers=True
    )


def _signals(review: Review, zone: ZoneInfo) -> Iterable[str]:
    if not review.signals:
        yield "<p>No signal was raised in the period, and none was open when it began.</p>"
        return
    yield _table(
        ("Signal", "Product / category / site", "Rule", "Raised", "State", "Why"),
        [
            (
                each.number,
                each.episode.about,
                each.episode.rule,
                _day(each.raised_at, zone),
                each.state.value,
                each.clear_reason or each.reason or "none",
            )
            for each in review.signals
        ],
    )
    for each in review.signals:
        title = f"{each.number}: {each.episode.about}"
        yield control_chart(title, each.episode.evidence)
        yield f"<p class='note'>{escape(each.episode.explanation)}</p>"


def _late(late: Sequence[Late], zone: ZoneInfo) -> str:
    if not late:
        return "<p>None.</p>"
    rows = [
        (
            each.number,
            each.title,
            each.owner or each.team or "nobody",
            _day(each.due_at, zone),
            f"{each.due_changes}",
        )
        for each in late
    ]
    return _table(("Action", "What", "Who", "Due", "Moved"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = False) -> str:
    kind = " class='n'" if numbers else ""

    def cells(tag: str, values: Sequence[str]) -> str:
        first, *others = values
        said = "".join(f"<{tag}{kind}>{escape(value)}</{tag}>" for value in others)
        return f"<tr><{tag}>{escape(first)}</{tag}>{said}</tr>"

    return f"<table><thead>{cells('th', head)}</thead><tbody>{''.join(cells('td', row) for row in rows)}</tbody></table>"


def _day(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).date().isoformat()


def _minute(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
