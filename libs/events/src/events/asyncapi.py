"""The AsyncAPI document: which topics there are, who says and hears what on them, and how it looks on the wire."""

import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

from events.catalogue import ANNOUNCES, CONTRACTS, LISTENS, dead_letter_topic, topic_of
from events.codec import JSON, schema_uri
from events.envelope import Contract
from events.examples import example_record
from events.glossary import announcers_of, story_of
from events.header_list import HEADERS
from events.schemas import hoisted

Node = dict[str, Any]

_KAFKA: Final = "0.5.0"
_ABOUT: Final = """\
What the services of Redress tell one another. CloudEvents 1.0 in Kafka binary mode: the value is the data as JSON and
the attributes travel as headers. Delivery is at least once and in order per key; source and id name an event.
"""


def asyncapi() -> Node:
    """Write the whole document as AsyncAPI 3.1."""
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Redress events",
            "version": version("redress-events"),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": JSON,
        "channels": _channels(),
        "operations": _operations(),
        "components": {"schemas": _schemas(), "messages": _messages()},
    }


def _ref(*path: str) -> Node:
    return {"$ref": "#/" + "/".join(path)}


def _channels() -> Node:
    spoken = {
        topic_of(service): _channel(
            topic_of(service),
            f"What {service} announces.",
            [contract.type for contract in contracts],
        )
        for service, contracts in ANNOUNCES.items()
    }
    dead = {
        topic: _channel(
            topic, f"What {group} could not handle of {topic_of(heard)}; the original bytes.", ["dead-letter"]
        )
        for group, heard, topic in _dead_letter_topics()
    }
    return spoken | dead


def _channel(topic: str, description: str, messages: Sequence[str]) -> Node:
    return {
        "address": topic,
        "description": description,
        "messages": {name: _ref("components", "messages", name) for name in messages},
        "bindings": {"kafka": {"topic": topic, "bindingVersion": _KAFKA}},
    }


def _dead_letter_topics() -> list[tuple[str, str, str]]:
    return [
        (group, heard, dead_letter_topic(topic_of(heard), group))
        for group, heards in LISTENS.items()
        for heard in heards
    ]


def _operations() -> Node:
    announce = {
        f"{service}.announces": {
            "action": "send",
            "channel": _ref("channels", topic_of(service)),
            "summary": f"{service} announces what became true, after it is committed.",
        }
        for service in ANNOUNCES
    }
    hear = {
        f"{group}.hears.{heard}": {
            "action": "receive",
            "channel": _ref("channels", topic_of(heard)),
            "summary": f"{group} reads {heard}'s topic and skips the types that it has no use for.",
            "bindings": {
                "kafka": {"groupId": {"type": "string", "const": group}, "bindingVersion": _KAFKA},
            },
        }
        for group, heards in LISTENS.items()
        for heard in heards
    }
    bury = {
        f"{group}.buries.{heard}": {
            "action": "send",
            "channel": _ref("channels", topic),
            "summary": f"{group} sets aside what it can never handle of {heard}'s topic.",
        }
        for group, heard, topic in _dead_letter_topics()
    }
    return announce | hear | bury


def _schemas() -> Node:
    """Hoist each contract and closed list to a name of its own, since nested definitions cannot be referred to."""
    schemas: Node = {}
    for contract in CONTRACTS.values():
        data, words = hoisted(contract, "#/components/schemas/{model}")
        schemas |= {contract.__name__: data} | words
    return dict(sorted(schemas.items())) | {"Headers": _headers()}


def _headers() -> Node:
    return {
        "type": "object",
        "properties": {header.name: {"description": header.meaning, **header.schema} for header in HEADERS},
        "required": [header.name for header in HEADERS if not header.optional],
    }


def _messages() -> Node:
    known = {event_type: _message(contract) for event_type, contract in CONTRACTS.items()}
    return known | {"dead-letter": _dead_letter()}


def _message(contract: type[Contract]) -> Node:
    keys = dict.fromkeys(story_of(service, contract).key for service in announcers_of(contract))
    record = example_record(contract)
    return {
        "name": contract.type,
        "title": contract.__name__,
        "summary": contract.__doc__,
        "contentType": JSON,
        "headers": {
            "type": "object",
            "allOf": [
                _ref("components", "schemas", "Headers"),
                {
                    "type": "object",
                    "properties": {
                        "ce_type": {"const": contract.type},
                        "ce_dataschema": {"const": schema_uri(contract.type)},
                    },
                },
            ],
        },
        "payload": _ref("components", "schemas", contract.__name__),
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": f"The id of {' or '.join(keys)}."},
                "bindingVersion": _KAFKA,
            }
        },
        "examples": [
            {
                "name": "complete",
                "headers": {name: value.decode() for name, value in record.headers},
                "payload": json.loads(record.value),
            }
        ],
    }


def _dead_letter() -> Node:
    notes = {
        "redress-original-topic": "The topic that it was read from.",
        "redress-original-partition": "The partition that it was read from.",
        "redress-original-position": "Its position in the partition.",
        "redress-original-written-at": "When it was written there.",
        "redress-group": "The group that could not handle it.",
        "redress-reason": "Why, as a code.",
        "redress-detail": "Why, in words.",
        "redress-attempts": "How often it was tried.",
    }
    return {
        "name": "dead-letter",
        "title": "Dead letter",
        "summary": "An event that a group could not handle: the original key, bytes and headers, and these notes.",
        "headers": {
            "type": "object",
            "properties": {name: {"type": "string", "description": text} for name, text in notes.items()},
            "required": list(notes),
        },
    }
