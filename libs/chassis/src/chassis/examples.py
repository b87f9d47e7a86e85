"""Examples in the OpenAPI document: for every request, every answer and every parameter that must be there.

An example is made from the schema. A value is shown as its field says by `examples=[…]`; else as the service's words have
it for `<model>.<field>` or for the field's name; else by its list of words, its default or its format; else null where
that is allowed. Where none of this says anything, nothing is invented: the place is reported, and a test refuses it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Words = Mapping[str, Any]
"""What is shown for fields that say no example themselves, by `<model>.<field>` or by the field's name."""

JSON: Final = "application/json"
_FORMATS: Final[Words] = {
    "uuid": "0194a3c0-5c1e-7a60-9d0e-6f1b2c3d4e5f",
    "date-time": "2026-11-23T09:30:00Z",
    "date": "2026-11-23",
    "uri": "https://example.org/",
    "email": "anna.berg@example.org",
}
COMMON_WORDS: Final[Words] = {
    "next_cursor": None,
    "has_more": False,
    "position": 1,
    "actor": "person:anna.berg",
    "reason": "The customer called again.",
    "previous": "0" * 64,
    "hash": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
}
_NOTHING: Final = object()


def add_examples(document: dict[str, Any], words: Words) -> tuple[str, ...]:
    """Put the examples that are missing into a document; gives the places that nothing could be shown for."""
    return tuple(dict.fromkeys(_add(document, _Maker(document, words))))


def _add(document: Mapping[str, Any], maker: "_Maker") -> Iterator[str]:
    for path, operations in document.get("paths", {}).items():
        for method, operation in operations.items():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            place = f"{method.upper()} {path}"
            for parameter in operation.get("parameters", ()):
                if parameter.get("required") and "example" not in parameter:
                    made = maker.parameter(parameter)
                    yield from (f"{place} {parameter['name']}" for _ in maker.missed())
                    parameter["example"] = made
            body = operation.get("requestBody", {}).get("content", {})
            yield from _of_content(body, f"{place} request", maker, answered=False)
            for status, response in operation["responses"].items():
                if status.startswith("2"):
                    yield from _of_content(
                        response.get("content", {}), f"{place} {status}", maker, answered=True
                    )


def _of_content(content: Mapping[str, Any], place: str, maker: "_Maker", *, answered: bool) -> Iterator[str]:
    for kind, media in content.items():
        if "example" in media or "examples" in media:
            continue
        if not kind.startswith("text/") and _is_binary(media.get("schema", {})):
            continue
        if kind != JSON or not media.get("schema"):
            yield f"{place} {kind}"
            continue
        media["example"] = maker.answer(media["schema"]) if answered else maker.request(media["schema"])
        yield from (f"{place} {missed}" for missed in maker.missed())


def _is_binary(schema: Mapping[str, Any]) -> bool:
    """Whether bytes are sent, alone or in a form: they cannot be written into a JSON document."""
    parts = [schema, *schema.get("properties", {}).values()]
    return any(part.get("format") == "binary" or "contentMediaType" in part for part in parts)


class _Maker:
    def __init__(self, document: Mapping[str, Any], words: Words) -> None:
        self._schemas = document.get("components", {}).get("schemas", {})
        self._words = words
        self._missed: list[str] = []

    def missed(self) -> list[str]:
        """Give the places that the last example left open, by JSON pointer, and forget them."""
        missed, self._missed = self._missed, []
        return missed

    def parameter(self, parameter: Mapping[str, Any]) -> Any:
        return self._value(parameter["schema"], parameter["name"], "", "", answered=True)

    def answer(self, schema: Mapping[str, Any]) -> Any:
        """Show an answer: every field of it."""
        return self._value(schema, "", "", "", answered=True)

    def request(self, schema: Mapping[str, Any]) -> Any:
        """Show a request: the fields that must be there, and those that say an example themselves."""
        return self._value(schema, "", "", "", answered=False)

    def _value(self, given: Mapping[str, Any], name: str, model: str, place: str, *, answered: bool) -> Any:
        schema = self._resolved(given)
        said = self._said(schema)
        if said is not _NOTHING:
            return said
        for word in (f"{model}.{name}", name):
            if name and word in self._words:
                return self._words[word]
        options = [self._resolved(option) for option in _options(schema)]
        nullable = any(option.get("type") == "null" for option in options)
        options = [option for option in options if option.get("type") != "null"]
        if nullable and not any(self._tells(option) for option in options):
            return None
        if options:
            return self._value(options[0], name, model, place, answered=answered)
        return self._plain(schema, place, answered=answered)

    def _plain(self, schema: Mapping[str, Any], place: str, *, answered: bool) -> Any:
        made: Any = None
        match schema:
            case {"enum": [first, *_]}:
                made = first
            case {"default": default} if default is not None:
                made = default
            case {"type": "object", "properties": _}:
                made = self._object(schema, place, answered=answered)
            case {"type": "array", "items": items}:
                made = [self._value(items, "", "", f"{place}/0", answered=answered)]
            case {"type": "integer" | "number"}:
                made = schema.get("minimum", 1)
            case {"type": "boolean"}:
                made = False
            case {"type": "string", "format": str(format_)} if format_ in _FORMATS:
                made = _FORMATS[format_]
            case _:
                self._missed.append(place or "/")
        return made

    def _object(self, schema: Mapping[str, Any], place: str, *, answered: bool) -> dict[str, Any]:
        required = schema.get("required", ())
        return {
            name: self._value(part, name, schema.get("title", ""), f"{place}/{name}", answered=answered)
            for name, part in schema["properties"].items()
            if answered or name in required or self._tells(self._resolved(part))
        }

    def _tells(self, schema: Mapping[str, Any]) -> bool:
        """Whether a schema, or something in it, says an example."""
        if self._said(schema) is not _NOTHING:
            return True
        inner = [*_options(schema), *schema.get("properties", {}).values()]
        if "items" in schema:
            inner.append(schema["items"])
        return any(self._tells(self._resolved(part)) for part in inner)

    def _said(self, schema: Mapping[str, Any]) -> Any:
        if schema.get("examples"):
            return schema["examples"][0]
        return schema.get("example", schema.get("const", _NOTHING))

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in schema:
            return schema
        target: Mapping[str, Any] = self._schemas[schema["$ref"].rpartition("/")[2]]
        return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def _options(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = schema.get("anyOf") or schema.get("allOf") or []
    if not found and "oneOf" in schema and "properties" not in schema:
        found = schema["oneOf"]
    return found
