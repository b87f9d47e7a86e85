"""An analysis in the order in which it is read: each box before those that explain it, with its depth."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from capa.domain.case.analysis import Node
from capa.domain.report.figure import ELLIPSIS

_MOST: Final = 200
"""How much of a box's text a description has; the table beside a shortened drawing has all of it."""


def levels(nodes: Sequence[Node]) -> Iterator[tuple[Node, int]]:
    """Give each box with its depth from 0, parents before their children, and branches one after the other."""
    below = children(nodes)
    waiting = [(node, 0) for node in reversed(below[None])]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting += [(child, depth + 1) for child in reversed(below[node.key])]


def children(nodes: Sequence[Node]) -> dict[str | None, list[Node]]:
    """Group the boxes by the key of the box that they explain; None has those that explain none."""
    below: dict[str | None, list[Node]] = defaultdict(list)
    for node in nodes:
        below[node.parent].append(node)
    return below


def described(shown: Iterable[tuple[Node, int]]) -> str:
    """Say in words what a drawing of these boxes, each with its depth, shows."""
    return "; ".join(_said(node, depth) for node, depth in shown) + "."


def _said(node: Node, depth: int) -> str:
    marks = [each for each in (node.category, node.gate and f"{node.gate.value} gate") if each]
    mark = f" ({', '.join(marks)})" if marks else ""
    text = node.text if len(node.text) <= _MOST else f"{node.text[:_MOST]}{ELLIPSIS}"
    return f"level {depth + 1}, {node.key}{mark}: {text}"
