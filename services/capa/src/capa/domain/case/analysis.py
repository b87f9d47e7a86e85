"""How a cause was found: 5 Whys as a tree, an Ishikawa diagram, or a fault tree, each as nodes with a parent."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from capa.domain.errors import AnalysisInvalid
from common.refusals import FieldError


class Method(StrEnum):
    """The method of an analysis."""

    FIVE_WHYS = "five_whys"
    ISHIKAWA = "ishikawa"
    FAULT_TREE = "fault_tree"


class Category(StrEnum):
    """The six branches of an Ishikawa diagram."""

    PEOPLE = "people"
    MACHINE = "machine"
    MATERIAL = "material"
    METHOD = "method"
    MEASUREMENT = "measurement"
    ENVIRONMENT = "environment"


class Gate(StrEnum):
    """How the children of a fault tree's node lead to it: all together, or any one."""

    AND = "and"
    OR = "or"


@dataclass(frozen=True, slots=True)
class Node:
    """One box: an answer to "why?", a possible cause, or an event; `key` names it within its analysis."""

    key: str
    parent: str | None
    text: str
    category: Category | None = None
    gate: Gate | None = None


MOST_NODES: Final = 200


def check(method: Method, nodes: Sequence[Node]) -> None:
    """Refuse with AnalysisInvalid nodes that are no such analysis.

    Every method wants unique keys and parents that stand before their children, so that there is no circle. 5 Whys and a
    fault tree grow from one node. On an Ishikawa diagram the first node of each branch has a category; in a fault tree
    exactly the nodes with children have a gate.
    """
    seen: set[str] = set()
    for nth, node in enumerate(nodes):
        if node.key in seen:
            raise _invalid(nth, "key", f"The key {node.key} stands twice.", "give each node a key of its own")
        if node.parent is not None and node.parent not in seen:
            raise _invalid(
                nth,
                "parent",
                f"No node {node.parent} stands before {node.key}.",
                "put parents before their children",
            )
        seen.add(node.key)
    roots = [node for node in nodes if node.parent is None]
    if not roots or (method is not Method.ISHIKAWA and len(roots) > 1):
        raise _invalid(
            0, "parent", f"{method} grows from one node without a parent.", "give the others a parent"
        )
    _check_marks(method, nodes)


def _check_marks(method: Method, nodes: Sequence[Node]) -> None:
    parents = {node.parent for node in nodes}
    for nth, node in enumerate(nodes):
        if (node.category is not None) != (method is Method.ISHIKAWA and node.parent is None):
            raise _invalid(
                nth,
                "category",
                f"{node.key}: a category stands on the first node of each branch of an Ishikawa diagram, and nowhere else.",
                "add or remove it",
            )
        if (node.gate is not None) != (method is Method.FAULT_TREE and node.key in parents):
            raise _invalid(
                nth,
                "gate",
                f"{node.key}: a gate stands on each node of a fault tree that has children, and nowhere else.",
                "add or remove it",
            )


def _invalid(nth: int, field: str, detail: str, fix: str) -> AnalysisInvalid:
    return AnalysisInvalid(detail, FieldError(f"/analysis/{nth}/{field}", "analysis_invalid", detail, fix))
