"""Events of one kind that differ in a few places: what they have in common is checked and written once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, get_args

import orjson
from pydantic import TypeAdapter, ValidationError

from common.clock import instant_text
from common.ids import new_id
from common.json_pattern import JsonPattern, Path
from events.codec import Attributes, attributes_of, schema_uri, value_of
from events.envelope import Contract, Event, Part


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
    """Data like that of a first event, but for places where each further one has a value of its own.

    What the first one says is checked as every producer's data is, and so is what each further one says instead; inside of
    a field of `Detail`, only that it is JSON.
    """

    def __init__(self, first: Contract, places: Sequence[Path]) -> None:
        self.type: Final = first.type
        self._places: Final = places
        self._check: Final = _checker(tuple(_kind(type(first), path) for path in places))
        self._pattern: Final = JsonPattern(orjson.loads(value_of(first)), places)

    def value(self, own: Sequence[object]) -> bytes:
        """Write the data of one more, which gives what stands in each place; raises ValueError as `value_of` does."""
        try:
            self._check.validate_python(tuple(own), strict=True)
        except ValidationError as error:
            raise ValueError(f"{self.type}: {self._first(error)}") from error
        return self._pattern.fill(own, _plain)

    def _first(self, error: ValidationError) -> str:
        """Name the first place that is wrong, and what is."""
        found = error.errors()[0]
        places = [
            self._places[nth] for nth in found["loc"][:1] if isinstance(nth, int) and nth < len(self._places)
        ]
        return ": ".join([*(".".join(map(str, place)) for place in places), found["msg"]])


def written(event: Event[Contract]) -> Written:
    """Write an event; raises ValueError as `value_of` does."""
    return Written(event.type, event.key, attributes_of(event), value_of(event.data))


class Beside:
    """Writes events that are told in the same breath as another: of the same subject, by the same actor, at the same time."""

    def __init__(self, told: Written) -> None:
        self._key: Final = told.key
        self._attributes: Final = dict(told.attributes)

    def write(self, event_type: str, value: bytes) -> Written:
        """Write an event with an id of its own."""
        attributes = {
            **self._attributes,
            "ce_id": str(new_id()),
            "ce_type": event_type,
            "ce_dataschema": schema_uri(event_type),
        }
        return Written(event_type, self._key, tuple(attributes.items()), value)


def _kind(holder: type[Contract | Part], path: Path) -> Any:
    """Tell the type of a place."""
    name, *rest = path
    field = holder.model_fields[str(name)]
    if not rest:
        return field.rebuild_annotation()
    parts = [kind for kind in get_args(field.annotation) if isinstance(kind, type) and issubclass(kind, Part)]
    return _kind(parts[0], tuple(rest[1:])) if parts else Any


@lru_cache(maxsize=256)
def _checker(kinds: tuple[Any, ...]) -> TypeAdapter[Any]:
    return TypeAdapter(tuple[kinds])  # type: ignore[valid-type]  # the types of places are known here alone


def _plain(value: object) -> object:
    if isinstance(value, Part):
        return vars(value)
    return instant_text(value) if isinstance(value, datetime) else str(value)
