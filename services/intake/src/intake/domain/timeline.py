"""What a complaint's timeline shows beside its own history: what other services told of it, as notes.

A note has a name, which says what it is. The same fact has the same name however often and by whichever event it is told,
so that nothing stands twice in a timeline.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from intake.domain.lifecycle import facts


class Kind(StrEnum):
    """What an entry of a timeline is.

    step: something was done to the complaint. case: its triage, nonconformity and actions. clock: what its
    clocks did, and deadlines that came or passed. notice: somebody was told, or could not be. message: what was told or asked of
    the complainant, and what they said about the answer.
    """

    STEP = "step"
    CASE = "case"
    CLOCK = "clock"
    NOTICE = "notice"
    MESSAGE = "message"


MESSAGES: Final = frozenset(
    fact.verb
    for fact in (
        facts.Acknowledged,
        facts.CustomerUpdated,
        facts.WaitingBegan,
        facts.Responded,
        facts.ContactAttempted,
        facts.CustomerAccepted,
        facts.CustomerRejected,
    )
)
"""The steps that say what was told or asked of the complainant, and what they said about the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A fact about a complaint, or about a nonconformity or an action that complaints may belong to.

    `changes` are codes, times and numbers by name; `reason` is what staff said.
    """

    subject_kind: str
    subject_id: UUID
    name: str
    kind: Kind
    action: str
    at: datetime
    actor: str
    changes: Mapping[str, object]
    reason: str = ""
