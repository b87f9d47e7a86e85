"""What customers complained about, what shows a trend, and what is most worth improving."""

from collections.abc import Callable, Iterable

from capa.domain.report.document import Block, Drawing, Facts, Heading, Paragraph, Table
from capa.domain.report.ranking_chart import ranking_chart
from capa.domain.report.time_chart import columns_chart, control_chart
from capa.domain.report.words import NONE, Wording, code, text_or
from capa.domain.review.figure_words import said
from capa.domain.review.values import Review
from capa.domain.signals.signal import Signal
from quality.pareto import Pareto
from quality.words import number, share_text


def feedback(review: Review, _: Wording) -> Iterable[Block]:
    """Show complaints over time, and what they were about, by number and weighed by severity."""
    figures = review.now.indicators.complaints
    yield Facts(
        (
            (
                "Complaints received",
                f"{figures.received}; before: {review.before.indicators.complaints.received}",
            ),
            ("Of them in a nonconformity", said(figures.converted)),
            ("Time from receipt to triage", said(figures.time_to_triage)),
        )
    )
    if not figures.received:
        yield Paragraph("No complaint was received in the period.")
        return
    yield Drawing(
        columns_chart(
            f"Complaints received, by {review.length}",
            "complaints",
            [(each.label, each.complaints) for each in review.bins],
        ),
        f"Complaints received, by {review.length}; each is named by its first day",
    )
    yield from ranking("What complaints were about", "Complaints", review.by_count, number)
    yield from ranking(
        "The same, weighed by severity (minor 1, major 3, critical 9)", "Weight", review.by_severity, number
    )


def ranking(title: str, unit: str, table: Pareto, say: Callable[[float], str]) -> Iterable[Block]:
    """Draw a Pareto table, and write it in full below."""
    rows = [*table.bars, *([] if table.other is None else [table.other])]
    yield Heading(title)
    yield Drawing(
        ranking_chart(title, table, say),
        "Shares of all, as bars, and added up, as the line; dark are the few that make up 80 % (dashed)",
    )
    yield Table(
        ("Product / category", unit, "Share", "Added up"),
        tuple(
            (each.name, say(each.value), share_text(each.share), share_text(each.cumulative)) for each in rows
        ),
        (4, 1.1, 0.9, 1),
        numbers=1,
    )


def trends(review: Review, words: Wording) -> Iterable[Block]:
    """List signals, and draw the chart of each."""
    for unit, rate in review.now.indicators.per_million.items():
        if rate.value is not None:
            name = f"Complaints per million units {unit.replace('_', ' ')}"
            yield Facts(
                ((name, f"{said(rate)}; before: {said(review.before.indicators.per_million[unit])}"),)
            )
    if not review.signals:
        yield Paragraph("No trend signal was raised in the period, and none was open when it began.")
        return
    yield Table(
        ("Signal", "Product / category / site", "Rule", "Raised", "State", "Why"),
        tuple(
            (
                each.number,
                _name(each),
                code(each.episode.rule),
                words.day(each.raised_at),
                code(each.state.value),
                text_or(each.clear_reason or each.reason, NONE),
            )
            for each in review.signals
        ),
        (0.8, 3, 1.3, 1.1, 1.1, 1.8),
    )
    for each in review.signals:
        yield Heading(f"{each.number}: {_name(each)}")
        yield Drawing(
            control_chart(f"{each.number}: {_name(each)}", each.episode.evidence),
            "Points with their centre line and control limits (dashed); the large dots are the evidence",
        )
        yield Paragraph(each.episode.explanation)


def improvements(review: Review, _: Wording) -> Iterable[Block]:
    """Name the vital few kinds of complaints."""
    vital = [each for each in review.by_severity.bars if each.vital]
    if not vital:
        yield Paragraph("No complaint was received in the period.")
        return
    few, together = vital[-1], len(vital)
    yield Paragraph(
        f"{together} {'kind' if together == 1 else 'kinds'} of complaints made up {share_text(few.cumulative)} of the weight "
        f"by severity; the gravest: {vital[0].name} ({share_text(vital[0].share)})."
    )


def _name(signal: Signal) -> str:
    return signal.episode.about
