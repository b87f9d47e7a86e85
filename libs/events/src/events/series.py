"""Events of one kind that differ in a few fields: what they have in common is checked and written once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, create_model

from common.clock import instant_text
from common.ids import new_id
from events.codec import Attributes, attributes_of, schema_uri, value_of
from events.envelope import Contract, Event


@dataclass(frozen=True, slots=True)
class Written:
    """An event in the form in which it is carried."""

    type: str
    key: str
    attributes: Attributes
    value: bytes


Announced = Event[Contract] | Written
"""What an outbox takes."""


class Series:
    """Data like that of a first event, but for a few fields that each further one has of its own.

    What the first one says is checked as every producer's data is, and so is what each further one says instead.
    """

    def __init__(self, first: Contract, *, own: tuple[str, ...]) -> None:
        self.type: Final = first.type
        self._first: Final[Mapping[str, Any]] = orjson.loads(value_of(first))
        self._check: Final = _own_fields(type(first), own).__pydantic_validator__

    def value(self, **own: object) -> bytes:
        """Write the data of one more, which gives each of its own fields; raises ValueError as `value_of` does."""
        self._check.validate_python(own, strict=True)
        return orjson.dumps({**self._first, **own}, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)


def written(event: Event[Contract]) -> Written:
    """Write an event; raises ValueError as `value_of` does."""
    return Written(event.type, event.key, attributes_of(event), value_of(event.data))


class Beside:
    """Writes events that are told in the same breath as another: of the same subject, by the same actor, at the same time."""

    def __init__(self, told: Event[Contract]) -> None:
        self._key: Final = told.key
        self._attributes: Final = dict(attributes_of(told))

    def write(self, event_type: str, value: bytes) -> Written:
        """Write an event with an id of its own."""
        attributes = {
            **self._attributes,
            "ce_id": str(new_id()),
            "ce_type": event_type,
            "ce_dataschema": schema_uri(event_type),
        }
        return Written(event_type, self._key, tuple(attributes.items()), value)


@cache
def _own_fields(contract: type[Contract], own: tuple[str, ...]) -> type[BaseModel]:
    fields: dict[str, Any] = {name: (contract.model_fields[name].rebuild_annotation(), ...) for name in own}
    return create_model(f"{contract.__name__}Own", __config__=ConfigDict(extra="forbid"), **fields)


def _plain(value: object) -> str:
    return instant_text(value) if isinstance(value, datetime) else str(value)
