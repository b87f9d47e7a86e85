"""D7 and D8: what prevents it elsewhere, thanks to the team, and the signatures."""

from collections.abc import Iterable
from typing import Final

from capa.domain.case.case import Case, State
from capa.domain.report.document import Block, Facts, Heading, Paragraph, Pending, Table
from capa.domain.report.words import Wording, code, person

_PREVENTION: Final = (
    ("Documents", "documents"),
    ("FMEA", "fmea"),
    ("Training", "training"),
    ("Horizontal spread", "horizontal_spread"),
    ("Risks and opportunities", "risks_updated"),
    ("Changes of the quality system", "system_changes"),
)


def prevention(case: Case, words: Wording) -> Iterable[Block]:
    """Show what keeps the same from happening elsewhere."""
    if case.lessons is None:
        yield Pending("Prevention is answered when the case is closed; it is not closed yet.")
        return
    answers = tuple((name, getattr(case.lessons, field)) for name, field in _PREVENTION)
    yield Facts((*answers, ("Answered", words.moment(case.closed_at))))


def closing(case: Case, words: Wording) -> Iterable[Block]:
    """Thank the team, and show every signature, those that are void too."""
    yield Heading("Recognition")
    if case.lessons is None:
        yield Pending("The team's work is recognised at the closing; the case is not closed yet.")
    else:
        yield Paragraph(case.lessons.recognition)
    yield Heading("Closing")
    if case.state is State.CLOSED_EFFECTIVE:
        yield Paragraph(f"Closed as effective on {words.moment(case.closed_at)}.")
    elif case.closed_at is not None:
        yield Paragraph(f"{code(case.state.value)} on {words.moment(case.closed_at)}.")
    else:
        yield Pending("The case is not closed yet.")
    yield Heading("Signatures")
    if not case.signatures:
        yield Pending("Nothing is signed yet.")
        return
    yield Table(
        ("Part", "Meaning", "Signed by", "At", "Round", "Stands", "SHA-256 of the part"),
        tuple(
            (
                code(each.covers),
                code(each.meaning),
                f"{each.printed_name} ({person(each.signer)}, by {code(each.credential).lower()})",
                words.moment(each.signed_at),
                str(each.cycle),
                "Yes" if each.voided_at is None else f"Void since {words.moment(each.voided_at)}",
                each.state_hash,
            )
            for each in case.signatures
        ),
        (1.2, 1, 1.9, 1.4, 0.8, 1.1, 2.6),
    )
