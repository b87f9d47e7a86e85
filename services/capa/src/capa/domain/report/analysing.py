"""D4: causes with their analyses drawn, how each was tested, and whether the same is found elsewhere."""

from collections.abc import Iterable, Sequence
from typing import Final

from capa.domain.case.analysis import Method, Node
from capa.domain.case.case import Case
from capa.domain.case.values import Cause, CauseKind
from capa.domain.report.document import Block, Drawing, Facts, Heading, Paragraph, Pending, Table
from capa.domain.report.figure import Figure
from capa.domain.report.fishbone import fishbones
from capa.domain.report.outline import levels
from capa.domain.report.tree import trees
from capa.domain.report.words import Wording, code

_METHODS: Final = {
    Method.FIVE_WHYS: "5 Whys",
    Method.ISHIKAWA: "Ishikawa diagram",
    Method.FAULT_TREE: "Fault tree",
}
_KINDS: Final = {
    CauseKind.ROOT: "Root cause",
    CauseKind.ESCAPE: "Escape cause",
}
_MISSING: Final = {
    CauseKind.ROOT: "No root cause of this round is confirmed by a test yet.",
    CauseKind.ESCAPE: "Why it was not noticed (the escape cause) is not confirmed by a test yet.",
}


def named(case: Case) -> dict[object, str]:
    """Name the causes of all rounds, such as "Root cause 2", by their ids."""
    names: dict[object, str] = {}
    for kind in CauseKind:
        found = [cause for cause in case.causes if cause.kind is kind]
        names |= {cause.id: f"{_KINDS[kind]} {nth}" for nth, cause in enumerate(found, 1)}
    return names


def causes(case: Case, words: Wording) -> Iterable[Block]:
    """Show every cause, those of earlier rounds and those that their test refuted too."""
    names = named(case)
    for kind in CauseKind:
        for cause in case.causes:
            if cause.kind is kind:
                yield from _cause(case, cause, names[cause.id], words)
        if not case.confirmed(kind):
            yield Pending(_MISSING[kind])
    for mark, detail in case.warnings():
        if mark == "weak_cause":
            yield Paragraph(f"Note: {detail}")
    yield Heading("Similar elsewhere")
    if case.similar is None:
        yield Pending("It is not answered yet whether the same is found elsewhere.")
        return
    found = "The same is found elsewhere" if case.similar.found else "The same is not found elsewhere"
    yield Paragraph(f"{found}: {case.similar.explanation}")
    rows = [("Answered by", words.signed(case.similar.answered_by, case.similar.answered_at))]
    if case.similar.links:
        rows.append(("Records", ", ".join(f"{link.kind} {link.id}" for link in case.similar.links)))
    yield Facts(tuple(rows))


def _cause(case: Case, cause: Cause, name: str, words: Wording) -> Iterable[Block]:
    round_ = "" if case.cycle == 1 else f", round {cause.cycle}"
    yield Heading(f"{name}{round_}: {_verdict(cause)}")
    yield Paragraph(cause.statement)
    rows = [
        ("Kind of cause", code(cause.nature.value)),
        ("Method", _METHODS[cause.method]),
        ("Evidence", cause.evidence),
        ("Recorded by", words.signed(cause.recorded_by, cause.recorded_at)),
    ]
    if cause.test is not None:
        rows += [
            ("Test", cause.test.test),
            ("Conclusion", cause.test.conclusion),
            ("Tested by", words.signed(cause.test.tested_by, cause.test.tested_at)),
        ]
    yield Facts(tuple(rows))
    drawn = drawings(cause)
    for figure in drawn:
        yield Drawing(figure, f"{figure.title} of {name[0].lower()}{name[1:]}")
    if any(figure.clipped for figure in drawn):
        yield _in_full(cause.analysis)


def drawings(cause: Cause) -> Sequence[Figure]:
    """Draw the analysis of a cause by its method."""
    if cause.method is Method.ISHIKAWA:
        return fishbones(cause.statement, cause.analysis)
    title = "5-Whys tree" if cause.method is Method.FIVE_WHYS else "Fault tree"
    return trees(title, cause.analysis)


def _verdict(cause: Cause) -> str:
    if cause.test is None:
        return "not tested yet"
    return "confirmed by test" if cause.test.passed else "refuted by test"


def _in_full(nodes: Sequence[Node]) -> Table:
    return Table(
        ("Level", "Box", "In full (shortened in the drawing)"),
        tuple(
            (str(depth + 1), " ".join(filter(None, (node.key, node.category, node.gate))), node.text)
            for node, depth in levels(nodes)
        ),
        (0.7, 1.3, 6),
    )
