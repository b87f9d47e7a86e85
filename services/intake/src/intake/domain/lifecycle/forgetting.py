"""What an erasure takes from what has been done about a complaint, and what an erased complaint takes no more.

The codes, times and actors of every step stay, and so does that there was a text: it is empty then. Afterwards staff may
still say why they decide something and what they found out, which must hold no personal data, as the reason of the erasure
itself. What a customer says, what is written to them and free notes are refused: they would bring the person back.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from intake.domain.errors import ComplaintErased
from intake.domain.lifecycle.commands import Command
from intake.domain.lifecycle.handling import Handling
from intake.domain.lifecycle.words import Step

TEXTS: Final = frozenset(
    {
        "capa_rationale",
        "finding",
        "immediate_action_taken",
        "note",
        "reason",
        "reply",
        "reply_reference",
        "waiting_for",
    }
)
"""The names of all texts that people wrote, in a handling and in the values that it is made of."""

_NEAR_THE_PERSON: Final = frozenset({"note", "reply"})
_OF_THE_CUSTOMER: Final[Mapping[Step, frozenset[str]]] = {Step.WITHDRAW: frozenset({"reason"})}


def forgotten(handling: Handling) -> Handling:
    """Give a handling without the words of anybody."""
    emptied: Handling = _emptied(handling)
    return emptied


def refuse_person(command: Command) -> None:
    """Refuse the texts of a step that would bring back the person of an erased complaint; raises ComplaintErased."""
    refused = _NEAR_THE_PERSON | _OF_THE_CUSTOMER.get(command.step, frozenset())
    brought = [name for name in sorted(refused) if getattr(command, name, None) is not None]
    if brought:
        raise ComplaintErased(*brought)


def _emptied(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_emptied(each) for each in value)
    if not is_dataclass(value):
        return value
    found: dict[str, Any] = {field.name: getattr(value, field.name) for field in fields(value)}
    made: Any = value
    return replace(
        made,
        **{
            name: "" if name in TEXTS and said is not None else _emptied(said) for name, said in found.items()
        },
    )
