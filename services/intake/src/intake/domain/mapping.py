"""How a row of somebody else's file becomes a complaint: a profile, which is data, says where each value comes from."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import translate
from functools import lru_cache
from typing import Final, Literal, assert_never
from zoneinfo import ZoneInfo

from common.refusals import FieldError

Kind = Literal["text", "slug", "lookup", "instant", "flag", "as_is"]
Row = Mapping[str, object]
"""One row by column; a CSV's values are texts, an NDJSON object's are whatever they are, nested ones under `a.b`."""

ISO: Final = "iso"
"""Names RFC 3339 among the formats of an instant."""

_LONGEST_CODE: Final = 100
_NO_CODE: Final = re.compile(r"[^a-z0-9]+")
_PLACE: Final = re.compile(r"\{([^{}]+)\}")
_TRUE: Final = frozenset({"true", "yes", "1"})
_FALSE: Final = frozenset({"false", "no", "0"})
_CUT: Final = "…"


@dataclass(frozen=True, slots=True)
class Rule:
    """Gives its value where every column named has a value that fits one of its patterns; make it with `of`."""

    value: str
    when: tuple[tuple[str, re.Pattern[str]], ...]

    @classmethod
    def of(cls, value: str, when: Mapping[str, Iterable[str]]) -> "Rule":
        """Make a rule of patterns in any case, where `*` and `?` stand for any text and any character."""
        return cls(value, tuple((column, _any_of(patterns)) for column, patterns in when.items()))

    def fits(self, row: Row) -> bool:
        """Tell whether the row is meant."""
        return all(pattern.match(text_of(row.get(column))) for column, pattern in self.when)


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern) for pattern in patterns), re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where one value of a complaint comes from, in this order.

    `constant`; the first of `rules` that fits; the first of `columns` that is not empty, read as `kind`; `template`, with
    columns in braces; `default`. A text longer than `longest` is cut.
    """

    kind: Kind = "text"
    columns: tuple[str, ...] = ()
    constant: object = None
    rules: tuple[Rule, ...] = ()
    table: Mapping[str, str] = field(default_factory=dict)
    formats: tuple[str, ...] = (ISO,)
    zone: ZoneInfo | None = None
    template: str = ""
    default: object = None
    longest: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A mapping by name and version; `ignored` are columns that are known and not wanted."""

    name: str
    version: str
    description: str
    fields: Mapping[str, Source]
    ignored: frozenset[str] = frozenset()
    source_system: str | None = None
    columns: frozenset[str] = field(init=False, repr=False, compare=False)
    """Every column that the profile knows."""

    def __post_init__(self) -> None:
        named: set[str] = set()
        for source in self.fields.values():
            named |= {*source.columns, *_PLACE.findall(source.template)}
            named |= {column for rule in source.rules for column, _ in rule.when}
        object.__setattr__(self, "columns", frozenset(named) | self.ignored)

    def column_of(self, pointer: str) -> str | None:
        """Name the column that a value at a pointer came from."""
        source = self.fields.get(pointer.strip("/").replace("/", "."))
        return source.columns[0] if source and source.columns else None


class Unreadable(Exception):
    """A value does not fit what the profile says of its column; it is not repeated, since it may be personal."""


def map_row(profile: Profile, row: Row) -> tuple[dict[str, object], list[FieldError]]:
    """Give the complaint as it would be posted, and an error for each value that cannot be read."""
    body: dict[str, object] = {}
    errors = []
    for target, source in profile.fields.items():
        try:
            value = _value(source, row)
        except Unreadable as reason:
            errors.append(
                FieldError(pointer_of(target), "unreadable", str(reason), "correct it, or the profile")
            )
            continue
        if value is None:
            continue
        if "." in target:
            _put(body, target.split("."), value)
        else:
            body[target] = value
    return body, errors


@lru_cache(maxsize=4_096)
def slug(text: str) -> str:
    """Make a code of a text: small letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NO_CODE.sub("-", plain).strip("-")[:_LONGEST_CODE].rstrip("-")


def flatten(value: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Write nested objects as one row, `a.b` for the value b of a; what is null is left out."""
    flat: dict[str, object] = {}
    for name, part in value.items():
        if isinstance(part, dict):
            flat |= flatten(part, f"{prefix}{name}.")
        elif part is not None:
            flat[f"{prefix}{name}"] = part
    return flat


def text_of(value: object) -> str:
    """Give a value as text without space around it; nothing is an empty text."""
    if isinstance(value, str):
        return value.strip()
    return "" if value is None else str(value).strip()


def pointer_of(target: str) -> str:
    """Write the JSON pointer of a complaint's value."""
    return "/" + target.replace(".", "/")


def _value(source: Source, row: Row) -> object:
    if source.constant is not None:
        return source.constant
    for rule in source.rules:
        if rule.fits(row):
            return rule.value
    value = None
    for column in source.columns:
        found = row.get(column)
        if found is not None and text_of(found):
            value = _read(source, found)
            break
    if value is None and source.template:
        value = _PLACE.sub(lambda place: text_of(row.get(place[1])), source.template).strip() or None
    if value is None:
        value = source.default
    if source.longest is not None and isinstance(value, str) and len(value) > source.longest:
        value = value[: source.longest - len(_CUT)] + _CUT
    return value


def _read(source: Source, value: object) -> object:
    match source.kind:
        case "text":
            return value.strip() if isinstance(value, str) else value
        case "as_is":
            return value
        case "slug":
            return slug(text_of(value)) or None
        case "lookup":
            return _looked_up(source, text_of(value))
        case "instant":
            return _instant(text_of(value), source.formats, source.zone)
        case "flag":
            return _flag(value)
        case never:
            assert_never(never)


def _looked_up(source: Source, text: str) -> str | None:
    found = source.table.get(text.casefold())
    if found is None and source.default is None:
        raise Unreadable("is not in the profile's table")
    return found


# A file holds few dates and names each many times, so that reading one is worth remembering.
@lru_cache(maxsize=4_096)
def _instant(text: str, formats: tuple[str, ...], zone: ZoneInfo | None) -> str:
    for pattern in formats:
        try:
            read = datetime.fromisoformat(text) if pattern == ISO else datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone follows
            if read.tzinfo is None and zone is not None:
                read = read.replace(tzinfo=zone)
            return read.isoformat() if read.tzinfo is None else read.astimezone(UTC).isoformat()
        except (ValueError, OverflowError):
            continue
    raise Unreadable(f"is no date of the form {' or '.join(formats)}")


def _flag(value: object) -> bool:
    word = text_of(value).casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise Unreadable("is neither true nor false")


def _put(body: dict[str, object], path: Iterable[str], value: object) -> None:
    *parents, last = path
    place = body
    for name in parents:
        inner = place.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        place = inner
    place[last] = value
