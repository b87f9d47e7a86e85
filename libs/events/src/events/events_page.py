"""The readable catalogue of events."""

from collections.abc import Iterator
from typing import Final

from events import types
from events.catalogue import ANNOUNCES, LISTENS, topic_of
from events.codec import schema_uri
from events.contracts import words
from events.contracts.words import Word
from events.envelope import Contract, Part
from events.fields import ContractField, fields_of
from events.glossary import story_of, term_of
from events.header_list import HEADERS

_HEAD: Final = """\
# Events

What the services of Redress tell one another. Written by `python -m events.published write` from the contracts in
`libs/events/src/events/contracts/`; do not edit.

Each record is a CloudEvent 1.0 in Kafka binary mode: the value is the data as JSON, the headers say what it is. All
events of one key arrive in order and at least once; source and id name an event, so that a second delivery is known.
A version is never edited except by optional fields with a default. Ignore fields that you do not know, and read a
word that you do not know as `unknown`. The same as AsyncAPI: [asyncapi.json](asyncapi.json); as JSON Schemas:
[schemas/](schemas/). Why it is so: [decision 0004](decisions/0004-events-versioned-and-owned-by-their-producer.md).
"""


def events_page() -> str:
    """Write the page as Markdown."""
    parts = [_HEAD, _topics(), _headers()]
    for service, contracts in ANNOUNCES.items():
        parts.append(f"## {service}\n")
        parts += [_event(service, contract) for contract in contracts]
    return "\n".join([*parts, _types(), _words()])


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _topics() -> str:
    rows = (
        (
            f"`{topic_of(service)}`",
            service,
            ", ".join(group for group, heards in LISTENS.items() if service in heards),
        )
        for service in ANNOUNCES
    )
    return "## Topics\n\n" + _table(("topic", "announced by", "heard by"), rows)


def _headers() -> str:
    rows = (
        (f"`{header.name}`", header.meaning, "may be missing" if header.optional else "")
        for header in HEADERS
    )
    return "## Headers\n\n" + _table(("header", "meaning", ""), rows)


def _event(service: str, contract: type[Contract]) -> str:
    story = story_of(service, contract)
    parts = (
        f"\n{field.part.__name__}: {field.part.__doc__}\n\n{_fields(field.part)}"
        for field in fields_of(contract)
        if field.part is not None
    )
    return (
        f"### {contract.type}\n\n"
        f"{contract.__doc__}\n\n"
        f"Key: the id of {story.key}. Subject: the id of {story.subject}. "
        f"[JSON Schema](.{schema_uri(contract.type)})\n\n"
    ) + "".join((_fields(contract), *parts))


def _fields(contract: type[Contract | Part]) -> str:
    rows = (
        (
            f"`{field.name}`",
            _type(field),
            term_of(contract, field.name).meaning,
            _default(contract, field.name) if field.optional else "",
        )
        for field in fields_of(contract)
    )
    return _table(("field", "type", "meaning", "optional"), rows)


def _default(contract: type[Contract | Part], name: str) -> str:
    default = contract.model_fields[name].default
    return "optional" if default is None else f"optional, else `{str(default).lower()}`"


def _type(field: ContractField) -> str:
    return f"list of {field.word}" if field.many else field.word


def _types() -> str:
    rows = (
        (name, _meaning(hint))
        for name, hint in vars(types).items()
        if any(hint is one for one in types.ALLOWED)
    )
    return "## Types\n\nFields are built from these and the lists below alone.\n\n" + _table(
        ("type", "meaning"), rows
    )


def _meaning(hint: object) -> str:
    """Take the description from an annotated type."""
    described: list[str | None] = [
        getattr(part, "description", None) for part in getattr(hint, "__metadata__", ())
    ]
    return next(text for text in described if text)


def _words() -> str:
    lists = [value for value in vars(words).values() if isinstance(value, type) and issubclass(value, Word)]
    rows = (
        (
            word.__name__,
            word.__doc__ or "",
            ", ".join(f"`{choice}`" for choice in word if choice != "unknown"),
        )
        for word in lists
        if word is not Word
    )
    return "## Lists of words\n\n" + _table(("list", "meaning", "words"), rows)
