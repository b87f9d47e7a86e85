"""Values of the lifecycle as plain JSON, and plain JSON as these values."""

from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from common.clock import instant_text

T = TypeVar("T")
"""A dataclass."""


def written(value: Any) -> dict[str, object]:
    """Write a value; what is empty is left out."""
    found = {field.name: getattr(value, field.name) for field in fields(value)}
    return {name: _plain(each) for name, each in found.items() if each is not None and each != ()}


def read(kind: type[T], said: Mapping[str, Any]) -> T:
    """Read what `written` wrote; what a later release may have added is passed over."""
    hints = _hints(cast("Hashable", kind))
    return kind(**{name: _value(hints[name], each) for name, each in said.items() if name in hints})


def _plain(value: Any) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return written(value) if is_dataclass(value) else value


def _value(kind: Any, said: Any) -> Any:
    if get_origin(kind) in {Union, UnionType}:
        kind = next(member for member in get_args(kind) if member is not NoneType)
    if get_origin(kind) is tuple:
        return tuple(_value(get_args(kind)[0], each) for each in said)
    if kind is datetime:
        return datetime.fromisoformat(said)
    if kind is UUID or issubclass(kind, Enum):
        return kind(said)
    if not is_dataclass(kind):
        return said
    made: Any = kind
    return read(made, said)


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
