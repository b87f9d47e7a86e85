"""Which changes of a published JSON Schema break somebody.

Old readers must read new events, and new code must read old ones that are stored, parked or dead. So a published
version changes by optional fields with a default alone, and by new words of a list that has `unknown` to fall back on.
Everything else is the next version beside it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Schema = Mapping[str, Any]

Kind = Literal[
    "removed",
    "added without a default",
    "newly required",
    "no longer required",
    "no longer nullable",
    "newly nullable",
    "words removed",
    "words added without `unknown`",
    "default removed",
    "default changed",
    "narrowed",
    "widened",
    "changed",
]

FALLBACK: Final = "unknown"
_ANNOTATIONS: Final = frozenset(
    {"$schema", "$id", "$comment", "$defs", "title", "description", "examples", "deprecated"}
)
# What a greater number of each does to the values that are let in.
_FLOORS: Final = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_CEILINGS: Final = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """One change that breaks a reader: where, of what kind, and in words."""

    where: str
    kind: Kind
    detail: str = ""

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.where}: {self.kind}" + (f" ({self.detail})" if self.detail else "")


def incompatibilities(old: Schema, new: Schema) -> list[Incompatibility]:
    """List what makes a schema no successor of a published one of the same type; a rename is removed and added."""
    return list(_of_object(_inlined(old, old), _inlined(new, new), ""))


def _inlined(node: Any, root: Schema) -> Any:
    """Put each definition where it is referred to, so that moving or renaming one changes nothing."""
    if isinstance(node, list):
        return [_inlined(item, root) for item in node]
    if not isinstance(node, Mapping):
        return node
    if "$ref" in node:
        target: Any = root
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return _inlined({**target, **{key: node[key] for key in node if key != "$ref"}}, root)
    return {key: _inlined(value, root) for key, value in node.items() if key != "$defs"}


def _of_object(old: Schema, new: Schema, where: str) -> Iterator[Incompatibility]:
    before, after = old.get("properties", {}), new.get("properties", {})
    must_before, must_after = set(old.get("required", ())), set(new.get("required", ()))
    for name, schema in before.items():
        place = f"{where}/{name}"
        if name not in after:
            yield Incompatibility(place, "removed")
            continue
        if name in must_after - must_before:
            yield Incompatibility(place, "newly required")
        if name in must_before - must_after:
            yield Incompatibility(place, "no longer required")
        yield from _of_default(schema, after[name], place)
        yield from _of_value(schema, after[name], place)
    for name, schema in after.items():
        if name in before:
            continue
        if name in must_after:
            yield Incompatibility(f"{where}/{name}", "newly required")
        elif "default" not in schema:
            yield Incompatibility(f"{where}/{name}", "added without a default")
    yield from _of_keywords(old, new, where or "/", known={"properties", "required"})


def _of_default(old: Schema, new: Schema, where: str) -> Iterator[Incompatibility]:
    before, after = old.get("default", _ABSENT), new.get("default", _ABSENT)
    # A default that is new comes with `no longer required`, which says it.
    if before is _ABSENT or _same(before, after):
        return
    if after is _ABSENT:
        yield Incompatibility(where, "default removed")
    else:
        yield Incompatibility(where, "default changed", f"{before!r} to {after!r}")


def _of_value(old: Schema, new: Schema, where: str) -> Iterator[Incompatibility]:
    before, nullable_before = _without_null(old)
    after, nullable_after = _without_null(new)
    if nullable_before and not nullable_after:
        yield Incompatibility(where, "no longer nullable")
    if nullable_after and not nullable_before:
        yield Incompatibility(where, "newly nullable", "old readers refuse null")
    if "enum" in before and "enum" in after:
        yield from _of_words(before["enum"], after["enum"], where)
    known = {"default", "properties", "required", "items"} | ({"enum"} if "enum" in before else set())
    if "enum" in before and "enum" not in after:
        yield Incompatibility(where, "widened", "the list of words is no longer closed")
    yield from _of_keywords(before, after, where, known=known)
    if isinstance(before.get("items"), Mapping) and isinstance(after.get("items"), Mapping):
        yield from _of_value(before["items"], after["items"], f"{where}/items")
    elif before.get("items", _ABSENT) != after.get("items", _ABSENT):
        yield Incompatibility(f"{where}/items", "changed")
    if "properties" in before or "properties" in after:
        yield from _of_object(_object_part(before), _object_part(after), where)


def _of_words(old: list[Any], new: list[Any], where: str) -> Iterator[Incompatibility]:
    gone = [word for word in old if word not in new]
    come = [word for word in new if word not in old]
    if gone:
        yield Incompatibility(where, "words removed", ", ".join(map(str, gone)))
    if come and FALLBACK not in old:
        yield Incompatibility(where, "words added without `unknown`", ", ".join(map(str, come)))


def _of_keywords(old: Schema, new: Schema, where: str, *, known: set[str]) -> Iterator[Incompatibility]:
    """Compare every other keyword: one that this code has never heard of counts as a change of meaning."""
    for keyword in sorted((set(old) | set(new)) - known - _ANNOTATIONS):
        before, after = old.get(keyword, _ABSENT), new.get(keyword, _ABSENT)
        if _same(before, after):
            continue
        yield Incompatibility(where, _direction(keyword, before, after), _told(keyword, before, after))


def _direction(keyword: str, before: Any, after: Any) -> Kind:
    if before is _ABSENT or after is _ABSENT:
        return "narrowed" if before is _ABSENT else "widened"
    if keyword in _FLOORS | _CEILINGS:
        return "narrowed" if (after > before) == (keyword in _FLOORS) else "widened"
    if keyword == "type" and {before, after} == {"number", "integer"}:
        return "narrowed" if after == "integer" else "widened"
    return "changed"


def _told(keyword: str, before: Any, after: Any) -> str:
    if before is _ABSENT:
        return f"{keyword} is now {after!r}"
    if after is _ABSENT:
        return f"{keyword} was {before!r}"
    return f"{keyword}: {before!r} to {after!r}"


def _without_null(schema: Schema) -> tuple[dict[str, Any], bool]:
    """Take `null` out of a choice, and tell whether it was there."""
    choices = schema.get("anyOf")
    if choices is None:
        return dict(schema), schema.get("type") == "null"
    others = [choice for choice in choices if choice.get("type") != "null"]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    if len(others) == 1:
        return {**rest, **others[0]}, len(others) < len(choices)
    return {**rest, "anyOf": others}, len(others) < len(choices)


def _object_part(schema: Schema) -> dict[str, Any]:
    return {key: schema[key] for key in ("properties", "required") if key in schema}


def _same(before: Any, after: Any) -> bool:
    """Compare JSON values; Python would take false for 0."""
    return type(before) is type(after) and before == after
