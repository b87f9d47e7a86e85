"""Events as records: CloudEvents 1.0 in the Kafka binding's binary mode, with structured mode readable too."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, get_args

from pydantic import ValidationError

from common.clock import instant_text
from common.tracing import TraceContext, context_of
from events.catalogue import CONTRACTS, FAMILIES, family
from events.contracts.words import Word
from events.envelope import Contract, Event
from events.transport import Headers, Record

JSON: Final = "application/json"
STRUCTURED: Final = "application/cloudevents+json"

# CloudEvents attribute names are lower-case letters and digits, so ours differ from the field names.
_ATTRIBUTES: Final = {
    "id": "id",
    "source": "source",
    "subject": "subject",
    "partitionkey": "key",
    "time": "occurred_at",
    "recordedtime": "recorded_at",
    "subjectversion": "version",
    "sequence": "sequence",
    "actor": "actor",
    "correlationid": "correlation_id",
    "causationid": "causation_id",
}
_TRACE: Final = ("traceparent", "tracestate")
_NAME: Final = re.compile(r"[\x20-\x7e]{1,200}")
_TRACESTATE: Final = re.compile(r"[\x20-\x7e]{1,512}")
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]{1,200})?")


@dataclass(frozen=True, slots=True)
class Known:
    """An event that this code can read."""

    event: Event[Contract]


@dataclass(frozen=True, slots=True)
class UnknownType:
    """An event of a type that this code has never heard of: somebody else's business."""

    type: str


@dataclass(frozen=True, slots=True)
class UnknownVersion:
    """A known type in an unknown major version: it was meant for us and cannot be read."""

    type: str


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Bytes that are no event, and why."""

    reason: str


class _NoObject(ValueError):
    """A structured event that is JSON but no object."""


Attributes = tuple[tuple[str, str], ...]

Decoded = Known | UnknownType | UnknownVersion | Undecodable


def schema_uri(event_type: str) -> str:
    """Name the JSON Schema of a type's data."""
    return f"/schemas/{event_type}.json"


def value_of(data: Contract) -> bytes:
    """Write an event's data as JSON bytes, checked strictly: what a producer says must fit its own contract.

    Raises ValueError where it does not, or where it says `unknown`, which is a reader's word.
    """
    kind = type(data)
    # What Pydantic does around these two costs as much as they do.
    checked = kind.__pydantic_validator__.validate_python(vars(data), strict=True, extra="forbid")
    for name in _words(kind):
        if getattr(checked, name) == "unknown":
            raise ValueError(f"{data.type}: {name} is unknown, and a producer says what it knows")
    return kind.__pydantic_serializer__.to_json(checked)


@cache
def _words(contract: type[Contract]) -> tuple[str, ...]:
    """Name the fields that hold a word of a closed list."""
    return tuple(
        name
        for name, field in contract.model_fields.items()
        if any(_is_word(kind) for kind in _kinds(field.annotation))
    )


def _kinds(annotation: object) -> tuple[object, ...]:
    return get_args(annotation) or (annotation,)


def _is_word(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Word)


def headers_of(event: Event[Contract]) -> Headers:
    """Write an event's attributes as Kafka headers."""
    return tuple((name, value.encode()) for name, value in attributes_of(event))


def attributes_of(event: Event[Contract]) -> Attributes:
    """Write an event's attributes as texts, by the names of their headers."""
    pairs = [
        ("content-type", JSON),
        ("ce_specversion", "1.0"),
        ("ce_id", str(event.id)),
        ("ce_source", event.source),
        ("ce_type", event.type),
        ("ce_time", instant_text(event.occurred_at)),
        ("ce_subject", event.subject),
        ("ce_dataschema", schema_uri(event.type)),
        ("ce_partitionkey", event.key),
        ("ce_recordedtime", instant_text(event.recorded_at)),
        ("ce_subjectversion", str(event.version)),
        ("ce_actor", event.actor),
        ("ce_correlationid", str(event.correlation_id)),
    ]
    if event.causation_id is not None:
        pairs.append(("ce_causationid", str(event.causation_id)))
    if event.sequence is not None:
        pairs.append(sequence_header(event.sequence))
    if event.traceparent is not None:
        pairs.append(("traceparent", event.traceparent))
        if event.tracestate is not None:
            pairs.append(("tracestate", event.tracestate))
    return tuple(pairs)


def sequence_header(sequence: int) -> tuple[str, str]:
    """Write the header that counts the events of one key."""
    return "ce_sequence", str(sequence)


def encode(event: Event[Contract], topic: str) -> Record:
    """Write an event as a record for a topic."""
    return Record(topic, event.key.encode(), headers_of(event), value_of(event.data))


def decode(record: Record) -> Decoded:
    """Read a record; tolerant of fields and words that a newer producer added, never raises."""
    headers = _texts(record.headers)
    try:
        if _media_type(headers.get("content-type")) == STRUCTURED:
            return _decode_structured(record, headers)
        attributes = {name[3:]: value for name, value in headers.items() if name.startswith("ce_")}
        attributes["datacontenttype"] = headers.get("content-type", JSON)
        trace = _trace(headers.get("traceparent"), headers.get("tracestate"))
        return _decode(attributes, trace, record.key, record.value)
    except (ValueError, RecursionError) as error:
        return Undecodable(_reason(error))


def identity(record: Record) -> tuple[str, str] | None:
    """Tell source and id of a record where it names both fit to be kept, whether or not the rest can be read."""
    headers = _texts(record.headers)
    source, event_id = headers.get("ce_source", ""), headers.get("ce_id", "")
    if _media_type(headers.get("content-type")) == STRUCTURED:
        try:
            attributes = _attributes_of(_whole(record.value))
        except (ValueError, RecursionError):
            return None
        source, event_id = attributes.get("source", ""), attributes.get("id", "")
    return (source, event_id) if _NAME.fullmatch(source) and _NAME.fullmatch(event_id) else None


def _media_type(content_type: str | None) -> str:
    return (content_type or JSON).partition(";")[0].strip().lower()


def _texts(headers: Headers) -> dict[str, str]:
    """Take the first value of each attribute, but the last of a trace's, since instrumentation appends its own."""
    texts: dict[str, str] = {}
    for name, raw in headers:
        value = raw.decode("utf-8", "replace")
        if name in _TRACE or name not in texts:
            texts[name] = value
    return texts


def _whole(value: bytes) -> dict[str, Any]:
    """Read a structured event; raises ValueError for anything but a JSON object."""
    whole = json.loads(value)
    if not isinstance(whole, dict):
        raise _NoObject
    return whole


def _attributes_of(whole: Mapping[str, Any]) -> dict[str, str]:
    """Take the attributes of a structured event; one that is null counts as absent, as CloudEvents says."""
    return {
        name: str(value)
        for name, value in whole.items()
        if name not in {"data", "data_base64"} and value is not None
    }


def _decode_structured(record: Record, headers: Mapping[str, str]) -> Decoded:
    whole = _whole(record.value)
    attributes = _attributes_of(whole)
    given = headers if "traceparent" in headers else attributes
    trace = _trace(given.get("traceparent"), given.get("tracestate"))
    packed = whole.get("data_base64")
    if isinstance(packed, str):
        value = base64.b64decode(packed, validate=True)
    else:
        value = json.dumps(whole.get("data")).encode()
    return _decode(attributes, trace, record.key, value)


def _trace(traceparent: str | None, tracestate: str | None) -> Mapping[str, str]:
    """Take over what can be followed; a trace that cannot is no reason to refuse the fact."""
    if traceparent is None or not _TRACEPARENT.fullmatch(traceparent):
        return {}
    if tracestate is None or not _TRACESTATE.fullmatch(tracestate):
        return {"traceparent": traceparent}
    return {"traceparent": traceparent, "tracestate": tracestate}


def _decode(attributes: Mapping[str, str], trace: Mapping[str, str], key: bytes, value: bytes) -> Decoded:
    version = attributes.get("specversion")
    if version != "1.0":
        return Undecodable("no CloudEvent of version 1.0")
    event_type = attributes.get("type", "")
    if not event_type:
        return Undecodable("no CloudEvent: it has no type")
    contract = CONTRACTS.get(event_type)
    if contract is None:
        return UnknownVersion(event_type) if family(event_type) in FAMILIES else UnknownType(event_type)
    if _media_type(attributes.get("datacontenttype")) != JSON:
        return Undecodable(f"the data is not {JSON}")
    fields: dict[str, Any] = {
        field: attributes[attribute] for attribute, field in _ATTRIBUTES.items() if attribute in attributes
    }
    if key:
        # The record's own key is what ordered it on the way, whatever a header says.
        fields["key"] = key.decode()
    fields |= trace
    fields["data"] = contract.model_validate_json(value, extra="ignore")
    return Known(Event[contract].model_validate(fields))  # type: ignore[valid-type]  # chosen at run time


def _reason(error: Exception) -> str:
    """Say what is wrong without repeating the value, which may be anything."""
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    if isinstance(error, _NoObject):
        return "a structured event is a JSON object"
    return f"{type(error).__name__}: the key is no text, or the value no JSON"


def trace_of(headers: Headers) -> TraceContext | None:
    """Tell where a record's trace continues, without reading the rest of it."""
    texts = {name: value.decode("utf-8", "replace") for name, value in headers if name in _TRACE}
    trace = _trace(texts.get("traceparent"), texts.get("tracestate"))
    return context_of(trace.get("traceparent"), trace.get("tracestate"))
