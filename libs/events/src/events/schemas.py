"""The JSON Schema of each contract, as other people's readers should take it.

It is open, since a later producer may add fields; that ours says nothing else is the codec's business.
"""

from typing import Any, Final

from events.codec import schema_uri
from events.envelope import Contract
from events.glossary import term_of

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def schema_of(contract: type[Contract]) -> Schema:
    """Write a contract's data as JSON Schema 2020-12."""
    schema, words = hoisted(contract, "#/$defs/{model}")
    head: Schema = {"$schema": DIALECT, "$id": schema_uri(contract.type)}
    return head | schema | ({"$defs": words} if words else {})


def hoisted(contract: type[Contract], ref_template: str) -> tuple[Schema, dict[str, Schema]]:
    """Write a contract's data and, apart from it, the closed lists that it refers to by `ref_template`."""
    schema = contract.model_json_schema(mode="validation", ref_template=ref_template)
    words: dict[str, Schema] = schema.pop("$defs", {})
    for word in words.values():
        word["description"] += " Read a word that you do not know as `unknown`; nobody says it."
    schema.pop("additionalProperties")
    for name, field in schema["properties"].items():
        _describe(contract, name, field)
    return schema, dict(sorted(words.items()))


def _describe(contract: type[Contract], name: str, field: Schema) -> None:
    """Put the field's own meaning first and what its type promises second."""
    field.pop("title", None)
    promises = [field.pop("description", ""), field.get("items", {}).pop("description", "")]
    promises += [choice.pop("description", "") for choice in field.get("anyOf", ())]
    try:
        meaning = term_of(contract, name).meaning
    except KeyError:
        meaning = ""
    field["description"] = " ".join(text for text in (meaning, *promises) if text)
