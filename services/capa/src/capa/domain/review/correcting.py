"""What was done about nonconformities, by whom it is to be done, what it cost, and what risk is left."""

from collections.abc import Iterable, Mapping
from typing import Final

from capa.domain.report.document import Block, Facts, Heading, Paragraph, Table
from capa.domain.report.words import NONE, Wording, code, text_or
from capa.domain.review.complaining import ranking
from capa.domain.review.figure_words import said
from capa.domain.review.values import Review
from quality.intervals import share

UNASSESSED: Final = "unassessed"
"""The risk of a case that has none yet."""


def correcting(review: Review, words: Wording) -> Iterable[Block]:
    """Show nonconformities, cases, checks, late actions and costs."""
    found, before = review.now.nonconformities, review.before.nonconformities
    cases, earlier = review.now.cases, review.before.cases
    yield Table(
        ("", "Now", "Before"),
        (
            ("Nonconformities raised", _listed(found.raised), _listed(before.raised)),
            ("Nonconformities closed", str(found.closed), str(before.closed)),
            ("Nonconformities open at the end", str(found.open), str(before.open)),
            ("Cases requested", str(cases.requested), str(earlier.requested)),
            ("Cases ended", _listed(cases.ended), _listed(earlier.ended)),
            ("Cases open at the end", str(cases.open), str(earlier.open)),
            ("Checks of the effect", _listed(cases.checks), _listed(earlier.checks)),
            ("of them effective", said(share(*review.now.effective)), said(share(*review.before.effective))),
        ),
        (1.6, 2, 2),
        numbers=1,
    )
    yield Heading("Actions past their due instant at the end of the period")
    yield from _late(review, words)
    overdue = review.now.indicators.actions.overdue.part
    if overdue > len(review.late):
        yield Paragraph(f"and {overdue - len(review.late)} more.")
    yield Facts((("Overdue by how long", _listed(dict(review.now.indicators.actions.overdue_by_age))),))
    yield Heading("Costs of actions")
    yield from _costs(review)


def _late(review: Review, words: Wording) -> Iterable[Block]:
    if not review.late:
        yield Paragraph("None.")
        return
    yield Table(
        ("Action", "What", "Who", "Due", "Moved"),
        tuple(
            (
                each.number,
                each.title,
                text_or(each.owner or each.team, NONE),
                words.day(each.due_at),
                str(each.due_changes),
            )
            for each in review.late
        ),
        (0.9, 3.2, 1.4, 1.1, 0.8),
        numbers=4,
    )


def _costs(review: Review) -> Iterable[Block]:
    if not review.costs:
        yield Paragraph(
            "No cost is on record of an action that ended in the period, or was given in it and is open."
        )
        return
    for each in review.costs:
        actions = f"{each.actions} {'action' if each.actions == 1 else 'actions'}"
        yield Facts((("In all", f"{each.amount:.2f} {each.currency}, of {actions}"),))
        yield from ranking(
            f"What it was spent on ({each.currency})", each.currency, each.kinds, lambda value: f"{value:.2f}"
        )


def found_by(review: Review, origin: str, what: str) -> Block:
    """Tell how many nonconformities were noticed somewhere."""
    now, before = review.now.nonconformities.raised, review.before.nonconformities.raised
    return Facts(((what, f"{now.get(origin, 0)}; before: {before.get(origin, 0)}"),))


def loads(review: Review, _: Wording) -> Iterable[Block]:
    """List who has how many open actions."""
    if not review.loads:
        yield Paragraph("No action was open at the end of the period.")
        return
    yield Table(
        ("Owner, or else team", "Open at the end", "Overdue"),
        tuple((text_or(each.who, "Nobody"), str(each.open), str(each.overdue)) for each in review.loads),
        (3, 1, 1),
        numbers=1,
    )


def risks(review: Review, _: Wording) -> Iterable[Block]:
    """Show the risk of open cases, confirmed trends and results of checks."""
    yield Facts(
        (
            ("Open cases by risk", _listed(review.now.cases.risk)),
            ("Signals confirmed, of those decided", said(review.now.indicators.signals.confirmed)),
            ("Checks of the effect", _listed(review.now.cases.checks)),
        )
    )


def _listed(numbers: Mapping[str, int]) -> str:
    """Write numbers by name with their sum; those that are 0 are left out."""
    named = [f"{code(name).lower()} {number}" for name, number in numbers.items() if number]
    total = sum(numbers.values())
    return f"{total} ({', '.join(named)})" if named else str(total)
