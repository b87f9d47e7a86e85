"""The headers that every record of Redress carries, for the generated documents."""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Header:
    """One header: what it says, whether it may be missing, and the JSON Schema of its text."""

    name: str
    meaning: str
    schema: dict[str, Any]
    optional: bool = False


_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 200}
_UUID: Final = {"type": "string", "format": "uuid"}
_INSTANT: Final = {"type": "string", "format": "date-time"}
_COUNT: Final = {"type": "string", "pattern": "^[1-9][0-9]*$"}

HEADERS: Final = (
    Header("content-type", "How the value is written.", {"const": "application/json"}),
    Header("ce_specversion", "The version of CloudEvents.", {"const": "1.0"}),
    Header("ce_id", "The event; source and id together name it, also when it is delivered again.", _UUID),
    Header("ce_source", "The service that announces it.", _TEXT),
    Header("ce_type", "The type, with its major version.", _TEXT),
    Header("ce_time", "When it became true.", _INSTANT),
    Header("ce_subject", "The thing that it is about.", _TEXT),
    Header("ce_dataschema", "The JSON Schema of the value.", {"type": "string", "format": "uri-reference"}),
    Header("ce_partitionkey", "The record's key: all events of one key arrive in order.", _TEXT),
    Header("ce_recordedtime", "When the service wrote it down.", _INSTANT),
    Header(
        "ce_subjectversion",
        "The state of the subject after it, as in the ETag. Apply a version once and ignore older ones.",
        _COUNT,
    ),
    Header("ce_actor", "Who did it, as `kind:id`.", _TEXT),
    Header("ce_correlationid", "The same from the first complaint to the last closure.", _UUID),
    Header("ce_causationid", "The event that led to it.", _UUID, optional=True),
    Header(
        "ce_sequence",
        "Counts the events of the key from 1 without gaps. A gap means that an event was missed.",
        _COUNT,
    ),
    Header(
        "traceparent",
        "The W3C trace that it was written in. Where the name stands twice, the last one counts.",
        {"type": "string"},
        optional=True,
    ),
    Header(
        "tracestate",
        "What the tracing systems on the way add to the trace, after W3C; the last one counts.",
        {"type": "string"},
        optional=True,
    ),
)
