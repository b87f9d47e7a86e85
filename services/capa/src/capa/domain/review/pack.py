"""The management-review pack: each input of the review with what the records answer, and what somebody has to add."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Final

from capa.domain.case.plain import plain
from capa.domain.case.signing import hash_of
from capa.domain.report.document import (
    Block,
    Document,
    Facts,
    Heading,
    Kind,
    Paragraph,
    Pending,
    Section,
    Table,
)
from capa.domain.report.words import Wording, text_or
from capa.domain.review.complaining import feedback, improvements, trends
from capa.domain.review.correcting import correcting, found_by, loads, risks
from capa.domain.review.figure_words import NO_DATA
from capa.domain.review.inputs import INPUTS, Input
from capa.domain.review.values import Review, Tables

_Answer = Callable[[Review, Wording], Iterable[Block]]


def pack(review: Review, tables: Tables, words: Wording) -> Document:
    """Write the pack of a period; `tables` are its indicators as people read them."""
    days = (
        f"{words.day(review.span.begins_at)} to {words.day(review.span.ends_at - timedelta(microseconds=1))}"
    )
    products = None if review.products is None else tuple(sorted(review.products))
    return Document(
        kind=Kind.MANAGEMENT_REVIEW,
        file=f"management-review-{days.replace(' to ', '-')}",
        title="Management review",
        subtitle=f"Complaints and corrective action, {days}",
        number=f"Management review of {days}",
        version=None,
        record_hash=hash_of(_record(review, products)),
        made_at=review.made_at,
        made=f"Generated {words.moment(review.made_at)} from the records as they stood then",
        head=_head(review, products, words),
        sections=(
            Section("What the review asks for, and who answers it", (_overview(),)),
            *(_section(each, review, tables, words) for each in INPUTS),
        ),
    )


def _record(review: Review, products: tuple[str, ...] | None) -> object:
    # When it was made is left out, so that the same records have the same hash.
    names = (name for name in review.__dataclass_fields__ if name not in {"made_at", "products"})
    return {"products": plain(products)} | {name: plain(getattr(review, name)) for name in names}


def _head(review: Review, products: tuple[str, ...] | None, words: Wording) -> Facts:
    span, earlier = review.span, review.before.indicators.span
    over = (
        ""
        if span.ends_at <= review.made_at
        else "; it is not over yet, and its end is told by what is known now"
    )
    return Facts(
        (
            ("Period", f"{words.moment(span.begins_at)} to {words.moment(span.ends_at)}, not included{over}"),
            (
                "Before",
                f"{words.moment(earlier.begins_at)} to {words.moment(earlier.ends_at)}, the period of the same length before it",
            ),
            ("Products", "All" if products is None else ", ".join(products)),
            (
                "Reading",
                f"{NO_DATA} stands where there is nothing to divide by or to measure; intervals are of 95 %",
            ),
            ("Inputs", "Those of ISO 9001:2015, 9.3.2, in words of our own"),
        )
    )


def _overview() -> Table:
    return Table(
        ("", "The review asks for", "The records answer", "To be added", "By"),
        tuple(
            (each.clause, each.title, text_or(each.here), text_or(each.missing), text_or(each.who))
            for each in INPUTS
        ),
        (0.45, 2, 2.6, 2.2, 1.5),
    )


def _section(asked: Input, review: Review, tables: Tables, words: Wording) -> Section:
    blocks = list(_objectives(tables)) if asked.clause == "c2" else []
    blocks += list(_ANSWERS[asked.clause](review, words)) if asked.clause in _ANSWERS else []
    if not blocks and asked.here is not None:
        blocks.append(Paragraph(f"{asked.here}."))
    if asked.missing is not None:
        blocks.append(Pending(f"Not on record in Redress: {asked.missing}. To be added by {asked.who}."))
    return Section(f"{asked.clause} {asked.title}", tuple(blocks))


def _audits(review: Review, _: Wording) -> Iterable[Block]:
    yield found_by(review, "audit", "Nonconformities that audits found")


def _suppliers(review: Review, _: Wording) -> Iterable[Block]:
    yield found_by(review, "supplier", "Nonconformities of suppliers")


def _objectives(tables: Tables) -> Iterable[Block]:
    for title, rows in tables:
        yield Heading(title)
        told = tuple((row.name, row.definition, row.now, row.before) for row in rows)
        yield Table(("Indicator", "What it tells", "Now", "Before"), told, (1.5, 2.4, 1.4, 1.4), numbers=2)


_ANSWERS: Final[Mapping[str, _Answer]] = {
    "c1": feedback,
    "c3": trends,
    "c4": correcting,
    "c6": _audits,
    "c7": _suppliers,
    "d": loads,
    "e": risks,
    "f": improvements,
}
"""What the records answer, by input; of the others there are words alone."""
