"""5 Whys and fault trees: from the top down where they fit a page so, else indented, over as many sheets as it takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from capa.domain.case.analysis import Node
from capa.domain.report.figure import LINE, PAD, TALLEST, WIDTH, Figure, Label, Shape, Stroke, Style, wrapped
from capa.domain.report.outline import children, described, levels

_MOST_LEAVES: Final = 5
_WIDEST: Final = 330.0
_GAP: Final = 12.0
_DROP: Final = 30.0
_GATE_DROP: Final = 54.0
_GATE: Final = 40.0
_LINES: Final = 8
_STEP: Final = 26.0
_LEAST_TEXT: Final = 300.0


def trees(title: str, nodes: Sequence[Node]) -> tuple[Figure, ...]:
    """Draw a tree of 5 Whys, or a fault tree with its gates."""
    below = children(nodes)
    leaves = sum(not below[node.key] for node in nodes)
    if leaves <= _MOST_LEAVES:
        whole = _top_down(title, nodes, leaves)
        if whole.height <= TALLEST and not whole.clipped:
            return (whole,)
    return _indented(title, nodes)


@dataclass(slots=True)
class _Placed:
    node: Node
    depth: int
    lines: tuple[str, ...]
    middle: float = 0.0


def _top_down(title: str, nodes: Sequence[Node], leaves: int) -> Figure:
    slot = WIDTH / leaves
    width = min(_WIDEST, slot - _GAP)
    below = children(nodes)
    placed: dict[str, _Placed] = {}
    clipped = False
    for node, depth in levels(nodes):
        lines, cut = wrapped(node.text, width - 2 * PAD, _LINES)
        placed[node.key] = _Placed(node, depth, lines)
        clipped = clipped or cut
    leaf = 0
    for each in placed.values():
        if not below[each.node.key]:
            each.middle = (leaf + 0.5) * slot
            leaf += 1
    for each in reversed(placed.values()):
        if under := below[each.node.key]:
            each.middle = (placed[under[0].key].middle + placed[under[-1].key].middle) / 2
    drop = _GATE_DROP if any(node.gate for node in nodes) else _DROP
    tops, y = {}, 2.0
    heights = {}
    for depth in range(max(each.depth for each in placed.values()) + 1):
        most = max(len(each.lines) for each in placed.values() if each.depth == depth)
        tops[depth], heights[depth] = y, most * LINE + 2 * PAD
        y += heights[depth] + drop
    shapes: list[Shape] = []
    for each in placed.values():
        top = tops[each.depth]
        bottom = top + heights[each.depth]
        under = below[each.node.key]
        shapes.append(
            Label(
                x=each.middle - width / 2,
                y=top,
                width=width,
                height=heights[each.depth],
                lines=each.lines,
                style=_style(each.depth, leaf=not under),
                align="middle",
            )
        )
        if under:
            shapes += _joined(each, bottom, [placed[child.key].middle for child in under], drop)
    return Figure(
        height=y - drop + 2.0,
        title=title,
        description=described(levels(nodes)),
        shapes=tuple(shapes),
        clipped=clipped,
    )


def _joined(above: _Placed, bottom: float, middles: Sequence[float], drop: float) -> list[Shape]:
    bar = bottom + drop - 10.0
    shapes: list[Shape] = [Stroke(points=((above.middle, bottom), (above.middle, bar)))]
    if len(middles) > 1:
        shapes.append(Stroke(points=((middles[0], bar), (middles[-1], bar))))
    shapes += [Stroke(points=((middle, bar), (middle, bottom + drop))) for middle in middles]
    if above.node.gate is not None:
        shapes.append(
            Label(
                x=above.middle - _GATE / 2,
                y=bottom + 12.0,
                width=_GATE,
                height=LINE + PAD,
                lines=(above.node.gate.value.upper(),),
                style="muted",
                align="middle",
            )
        )
    return shapes


def _indented(title: str, nodes: Sequence[Node]) -> tuple[Figure, ...]:
    """Draw one box under the other; a line joins each to the one that it explains."""
    below = children(nodes)
    rows = list(levels(nodes))
    step = min(_STEP, (WIDTH - _LEAST_TEXT) / max(1, *(depth for _, depth in rows)))
    sheets: list[list[tuple[Node, int, Label]]] = [[]]
    y, clipped = 2.0, False
    for node, depth in rows:
        x = 2.0 + depth * step
        gate = f"{node.gate.value.upper()}: " if node.gate else ""
        lines, cut = wrapped(gate + node.text, WIDTH - x - 2 * PAD - 2.0, _LINES)
        clipped = clipped or cut
        height = len(lines) * LINE + 2 * PAD
        if y + height > TALLEST:
            sheets.append([])
            y = 2.0
        style = _style(depth, leaf=not below[node.key])
        label = Label(x=x, y=y, width=WIDTH - x - 2.0, height=height, lines=lines, style=style)
        sheets[-1].append((node, depth, label))
        y += height + 8.0
    figures = [
        Figure(
            height=max(label.y + label.height for *_, label in sheet) + 2.0,
            title=title,
            description=described((node, depth) for node, depth, _ in sheet),
            shapes=(*_elbows(sheet, step), *(label for *_, label in sheet)),
            clipped=clipped,
        )
        for sheet in sheets
    ]
    if len(figures) == 1:
        return (figures[0],)
    return tuple(
        replace(each, title=f"{title} (sheet {nth} of {len(figures)})") for nth, each in enumerate(figures, 1)
    )


def _elbows(sheet: Sequence[tuple[Node, int, Label]], step: float) -> list[Shape]:
    boxes = {node.key: label for node, _, label in sheet}
    shapes: list[Shape] = []
    for node, depth, label in sheet:
        if depth == 0:
            continue
        above = boxes.get(node.parent or "")
        # A box whose parent stands on an earlier sheet hangs from the top edge.
        top = above.y + above.height if above else 0.0
        x, y = label.x - step / 2, label.y + label.height / 2
        shapes.append(Stroke(points=((x, top), (x, y), (label.x, y))))
    return shapes


def _style(depth: int, *, leaf: bool) -> Style:
    if depth == 0:
        return "strong"
    return "end" if leaf else "plain"
