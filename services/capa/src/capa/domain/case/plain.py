"""Values as plain JSON: what is hashed and signed, and what changed from one version to the next."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Final
from uuid import UUID

from capa.domain.case.case import Case
from common.clock import instant_text

_OF_THE_MACHINE: Final = frozenset({"version", "deadlines", "generation", "signatures", "hold"})
"""What a step's name and the other fields tell already, or what has lines of its own."""


def plain(value: object) -> object:
    """Write a value as JSON that reads the same however often it is stored and read."""
    match value:
        case Enum():
            written: object = value.value
        case None | bool() | int() | float() | str():
            written = value
        case UUID() | Decimal():
            written = str(value)
        case datetime():
            written = instant_text(value)
        case dict():
            written = {str(name): plain(each) for name, each in value.items()}
        case tuple() | list():
            written = [plain(each) for each in value]
        case _ if is_dataclass(value):
            written = {each.name: plain(getattr(value, each.name)) for each in fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__} has no plain form")
    return written


def changes(before: Case, after: Case) -> dict[str, object]:
    """List the fields that changed, each from what to what; of a due time only the instant."""
    changed: dict[str, object] = {}
    for field in fields(Case):
        if field.name in _OF_THE_MACHINE:
            continue
        old, new = (_shown(field.name, case) for case in (before, after))
        if old != new:
            changed[field.name] = {"from": old, "to": new}
    return changed


def _shown(name: str, case: Case) -> object:
    if name == "due":
        return None if case.due is None else instant_text(case.due.at)
    return plain(getattr(case, name))
