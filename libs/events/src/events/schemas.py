"""The JSON Schema of each contract, as other people's readers should take it.

It is open, since a later producer may add fields; that ours says nothing else is the codec's business.
"""

from typing import Any, Final

from events.codec import schema_uri
from events.envelope import Contract, Part
from events.fields import parts_of
from events.glossary import term_of

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def schema_of(contract: type[Contract]) -> Schema:
    """Write a contract's data as JSON Schema 2020-12."""
    schema, definitions = hoisted(contract, "#/$defs/{model}")
    head: Schema = {"$schema": DIALECT, "$id": schema_uri(contract.type)}
    return head | schema | ({"$defs": definitions} if definitions else {})


def hoisted(contract: type[Contract], ref_template: str) -> tuple[Schema, dict[str, Schema]]:
    """Write a contract's data and, apart from it, the closed lists and parts that it refers to by `ref_template`."""
    schema = contract.model_json_schema(mode="validation", ref_template=ref_template)
    definitions: dict[str, Schema] = schema.pop("$defs", {})
    parts = {part.__name__: part for part in parts_of(contract)}
    for name, definition in definitions.items():
        if name in parts:
            _open(parts[name], definition)
        else:
            definition["description"] += " Read a word that you do not know as `unknown`; nobody says it."
    _open(contract, schema)
    return schema, dict(sorted(definitions.items()))


def _open(contract: type[Contract | Part], schema: Schema) -> None:
    """Leave room for what a later producer adds, and say what each field means."""
    schema.pop("additionalProperties")
    for name, field in schema["properties"].items():
        _describe(contract, name, field)


def _describe(contract: type[Contract | Part], name: str, field: Schema) -> None:
    """Put the field's own meaning first and what its type promises second."""
    field.pop("title", None)
    promises = [field.pop("description", ""), field.get("items", {}).pop("description", "")]
    promises += [choice.pop("description", "") for choice in field.get("anyOf", ())]
    try:
        meaning = term_of(contract, name).meaning
    except KeyError:
        meaning = ""
    field["description"] = " ".join(text for text in (meaning, *promises) if text)
