"""The fields of a contract as the vocabulary sees them: which allow-listed type or closed list each is built from.

A list may also be of parts, whose fields are built from the allow-listed types. A part has no parts, and no closed lists:
those stand in the contract itself, where the codec looks for words that a producer may not say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from events import types
from events.contracts.words import Word
from events.envelope import Contract, Part

_NAMES: Final[Mapping[str, Any]] = {
    name: value for name, value in vars(types).items() if any(value is allowed for allowed in types.ALLOWED)
}


class NotAllowed(Exception):
    """A contract's field is built from something that may not travel in an event."""


@dataclass(frozen=True, slots=True)
class ContractField:
    """One field: `word` names its type, closed list or `part`, `many` a list of it, `optional` that it may be absent."""

    name: str
    word: str
    choices: tuple[str, ...]
    many: bool
    optional: bool
    part: type[Part] | None = None


def fields_of(contract: type[Contract | Part]) -> tuple[ContractField, ...]:
    """Name each field's type; raises NotAllowed for one that is on no list, such as a bare `str`."""
    hints = get_type_hints(contract, include_extras=True)
    return tuple(
        _field(contract, name, hints[name], optional=not field.is_required())
        for name, field in contract.model_fields.items()
    )


def parts_of(contract: type[Contract]) -> tuple[type[Part], ...]:
    """Name the parts that a contract lists, each once."""
    kinds = [kind for field in contract.model_fields.values() for kind in get_args(field.annotation)]
    return tuple(dict.fromkeys(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Part)))


def _field(holder: type[Contract | Part], bare: str, hint: Any, *, optional: bool) -> ContractField:
    name = f"{holder.__name__}.{bare}"
    if get_origin(hint) in {Union, UnionType}:
        members = [member for member in get_args(hint) if member is not NoneType]
        if len(members) > 1:
            raise NotAllowed(f"{name} is a choice of several types")
        hint = members[0]
    many = get_origin(hint) is tuple
    if many:
        item, *rest = get_args(hint)
        if rest != [...]:
            raise NotAllowed(f"{name} is a tuple of fixed length")
        hint = item
    of_contract = issubclass(holder, Contract)
    if of_contract and isinstance(hint, type) and issubclass(hint, Word):
        return ContractField(bare, hint.__name__, tuple(word.value for word in hint), many, optional)
    if of_contract and many and isinstance(hint, type) and issubclass(hint, Part):
        return ContractField(bare, hint.__name__, (), many, optional, hint)
    for word, allowed in _NAMES.items():
        if hint == allowed:
            return ContractField(bare, word, (), many, optional)
    raise NotAllowed(
        f"{name} is built from {hint!r}, which is no type of events.types and no Word or Part that may stand here"
    )
