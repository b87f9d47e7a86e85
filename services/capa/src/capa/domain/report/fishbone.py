"""The Ishikawa diagram: six bones for the six categories, each possible cause on a twig of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from capa.domain.case.analysis import Category, Node
from capa.domain.report.figure import LINE, WIDTH, Figure, Label, Shape, Stroke, wrapped
from capa.domain.report.outline import described, levels

_UPPER: Final = (Category.PEOPLE, Category.MACHINE, Category.MATERIAL)
_LOWER: Final = (Category.METHOD, Category.MEASUREMENT, Category.ENVIRONMENT)
_HEAD: Final = 112.0
_SLANT: Final = 26.0
_GAP: Final = 10.0
_TITLE: Final = 22.0
_SLOT: Final = (WIDTH - _HEAD - 24.0) / len(_UPPER)
_TEXT: Final = _SLOT - _SLANT - 2 * _GAP
_INDENT: Final = 8.0
_DEEPEST: Final = 4
_LINES: Final = 4
_MOST_HIGH: Final = 380.0
_LEAST_HIGH: Final = 70.0


@dataclass(frozen=True, slots=True)
class _Twig:
    node: Node
    depth: int
    lines: tuple[str, ...]
    indent: float
    clipped: bool

    @property
    def height(self) -> float:
        return len(self.lines) * LINE + 8.0


def fishbones(effect: str, nodes: Sequence[Node]) -> tuple[Figure, ...]:
    """Draw an Ishikawa diagram: on as many sheets as it takes for every cause to be read, all with the six bones."""
    twigs = _twigs(nodes)
    sheets: list[Mapping[Category, tuple[_Twig, ...]]] = []
    while any(twigs.values()) or not sheets:
        cut = {category: _fitting(each) for category, each in twigs.items()}
        sheets.append({category: twigs[category][:count] for category, count in cut.items()})
        twigs = {category: each[cut[category] :] for category, each in twigs.items()}
    figures = [_sheet(effect, each) for each in sheets]
    if len(figures) == 1:
        return (figures[0],)
    return tuple(
        replace(each, title=f"{each.title} (sheet {nth} of {len(figures)})")
        for nth, each in enumerate(figures, 1)
    )


def _twigs(nodes: Sequence[Node]) -> dict[Category, tuple[_Twig, ...]]:
    found: dict[Category, list[_Twig]] = {category: [] for category in Category}
    branch: Category | None = None
    for node, depth in levels(nodes):
        branch = node.category or branch
        indent = _INDENT * min(depth, _DEEPEST)
        lines, clipped = wrapped(node.text, _TEXT - indent, _LINES)
        if branch is not None:
            found[branch].append(_Twig(node, depth, lines, indent, clipped))
    return {category: tuple(each) for category, each in found.items()}


def _fitting(twigs: Sequence[_Twig]) -> int:
    room, count = _MOST_HIGH, 0
    for twig in twigs:
        room -= twig.height
        if room < 0:
            break
        count += 1
    return count


def _sheet(effect: str, twigs: Mapping[Category, Sequence[_Twig]]) -> Figure:
    upper, lower = (
        max(_LEAST_HIGH, *(sum(twig.height for twig in twigs[each]) for each in row))
        for row in (_UPPER, _LOWER)
    )
    spine = _TITLE + upper + 12.0
    height = spine + lower + 12.0 + _TITLE
    shapes: list[Shape] = [Stroke(points=((4.0, spine), (WIDTH - _HEAD, spine)), heavy=True)]
    head, clipped = wrapped(effect, _HEAD - 12.0, 9)
    tall = len(head) * LINE + 14.0
    shapes.append(
        Label(
            x=WIDTH - _HEAD,
            y=spine - tall / 2,
            width=_HEAD,
            height=tall,
            lines=head,
            style="strong",
            align="middle",
        )
    )
    for nth, category in enumerate(_UPPER):
        shapes += _bone(category, nth, twigs[category], spine, 0.0)
    for nth, category in enumerate(_LOWER):
        shapes += _bone(category, nth, twigs[category], spine, height)
    return Figure(
        height=height,
        title="Ishikawa diagram",
        description=described((twig.node, twig.depth) for each in twigs.values() for twig in each),
        shapes=tuple(shapes),
        clipped=clipped or any(twig.clipped for each in twigs.values() for twig in each),
    )


def _bone(category: Category, nth: int, twigs: Sequence[_Twig], spine: float, edge: float) -> list[Shape]:
    """Draw a bone from its title at the edge to the spine; twigs lie to its left, the one nearest the title first."""
    upwards = edge < spine
    far = edge + _TITLE if upwards else edge - _TITLE
    left = nth * _SLOT + _GAP
    begin, end = left + _TEXT + _GAP, left + _TEXT + _GAP + _SLANT
    shapes: list[Shape] = [
        Label(
            x=left + _TEXT - 84.0,
            y=edge if upwards else edge - _TITLE,
            width=104.0,
            height=_TITLE,
            lines=(category.value.capitalize(),),
            style="strong",
            align="middle",
        ),
        Stroke(points=((begin, far), (end, spine)), heavy=True),
    ]
    # Those of the lower half hang from the spine, so that both halves read from top to bottom.
    room = abs(spine - far) - 12.0 - sum(twig.height for twig in twigs)
    y = (far if upwards else spine + 12.0 + max(0.0, room)) + 2.0
    for twig in twigs:
        base = y + twig.height - 4.0
        along = begin + (base - far) / (spine - far) * _SLANT
        shapes.append(Stroke(points=((left + twig.indent, base), (along, base))))
        shapes.append(
            Label(
                x=left + twig.indent - 6.0,
                y=base - len(twig.lines) * LINE - 1.0,
                width=_TEXT - twig.indent + 6.0,
                height=len(twig.lines) * LINE,
                lines=twig.lines,
                style="none",
            )
        )
        y += twig.height
    return shapes
