"""A case that says something in each of its fields, and what a PDF says."""

import io
import re
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from pypdf import PdfReader

from capa.domain.case.analysis import Category, Gate, Method, Node
from capa.domain.case.case import Case, State
from capa.domain.case.values import Cause, CauseKind, EffectPlan
from capa.domain.report.document import Document
from capa.domain.report.eight_d import Reported, eight_d
from capa.domain.report.words import Wording
from common.ids import new_id
from tests.capa.cases import Story, brought_to
from tests.capa.world import MONDAY, the_case_policy

ZONE = the_case_policy().calendar.zone
LONG = "A sentence that goes on for so long that no drawing has room for all of it. " * 12


def reported(story: Story) -> Document:
    """The report of a case with a nonconformity."""
    found = Reported("NC-1001", "major", MONDAY, 31, "Fees in letters that nobody agreed to")
    return eight_d(story.case, story.actions, [found], now=story.now, words=Wording(ZONE))


def told(state: State) -> Story:
    """A case brought to a state, with a text of its own in each field that people write."""
    story = brought_to(state)
    story.case = replace(_marked(story.case, "case"), description="Grüße & <b>Fees</b>\nΔΣΩ, second line")
    story.actions = [_marked(action, f"action {nth}") for nth, action in enumerate(story.actions)]
    if story.case.causes:
        story.case = replace(story.case, causes=(*story.case.causes, *_analyses(story.case)))
    return story


def _analyses(case: Case) -> list[Cause]:
    first = case.causes[0]
    bones = tuple(
        Node(f"b{nth}", None, f"possible cause {nth} {LONG if nth == 3 else ''}", category)
        for nth, category in enumerate(Category)
    )
    tree = (
        Node("top", None, "the letter leaves the house", None, Gate.OR),
        Node("left", "top", "the table is wrong"),
        Node("right", "top", "the printer mixes up customers"),
    )
    return [
        replace(
            first, id=new_id(), kind=kind, method=method, analysis=nodes, statement=f"found by {method.value}"
        )
        for kind, method, nodes in (
            (CauseKind.ROOT, Method.ISHIKAWA, bones),
            (CauseKind.ESCAPE, Method.FAULT_TREE, tree),
        )
    ]


_NOT_WRITTEN_BY_PEOPLE = {
    "number", "source", "person", "owner", "approver", "team", "product", "category", "table", "policy_version", "calendar",
    "validated_by", "tested_by", "recorded_by", "answered_by", "verified_by", "reviewed_by", "requested_by", "signer",
    "credential", "state_hash", "hash", "key", "parent", "covers", "meaning", "held_by", "state", "completed_by", "by",
    "kind", "parent_kind", "currency",
}  # fmt: skip


def prose_of(value: object) -> list[str]:
    """Every text in a case or action that people wrote."""
    match value:
        case Enum() | None:
            return []
        case str():
            return [value] if value.strip() else []
        case tuple() | list():
            return [text for each in value for text in prose_of(each)]
        case _ if is_dataclass(value) and type(value).__name__ not in {"Due", "Deadline", "Cost"}:
            named = [each.name for each in fields(value) if _is_prose(value, each.name)]
            return [text for name in named for text in prose_of(getattr(value, name))]
        case _:
            return []


def _is_prose(owner: object, name: str) -> bool:
    # A team of a case is people with roles, of an action it is a code; the test of a cause is told, of an effect it is a code.
    if isinstance(owner, EffectPlan) and name == "test":
        return False
    return name not in _NOT_WRITTEN_BY_PEOPLE or (isinstance(owner, Case) and name == "team")


def _marked(value: Any, where: str) -> Any:
    """Write into each text where it stands, so that no two are alike."""
    match value:
        case Enum() | None:
            return value
        case str():
            return f"{value or 'filled'} [{where}]"
        case tuple():
            return tuple(_marked(each, f"{where} {nth}") for nth, each in enumerate(value))
        case _ if is_dataclass(value) and type(value).__name__ not in {"Due", "Deadline", "Cost"}:
            changed = {
                each.name: _marked(getattr(value, each.name), f"{where} {each.name}")
                for each in fields(value)
                if (_is_prose(value, each.name) and isinstance(getattr(value, each.name), str | tuple))
                or _nested(value, each.name)
            }
            return replace(value, **changed)  # type: ignore[type-var]
        case _:
            return value


def _nested(value: Any, name: str) -> bool:
    return is_dataclass(getattr(value, name)) and _is_prose(value, name)


def pdf_text(content: bytes) -> str:
    """All text of a PDF, page by page."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def squeezed(text: str) -> str:
    """A text without blanks and breaks, which layout sets anew; also without the zero-width ones within long words."""
    return re.sub(r"[\s\u200b]+", "", text)
