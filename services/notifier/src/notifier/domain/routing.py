"""Whom a step tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from notifier.domain.person import Person


class Why(StrEnum):
    """Why somebody cannot be told."""

    NO_OWNER = "no_owner"
    NO_MANAGER = "no_manager"
    UNKNOWN_PERSON = "unknown_person"
    INACTIVE = "inactive"
    NO_CHANNEL = "no_channel"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True, slots=True)
class Unroutable:
    """The role cannot be told, and why; `person` is the id that was meant, where one was."""

    role: str
    reason: Why
    person: str | None = None


People = Mapping[str, Person]


def addressee(role: str, owner: str | None, people: People) -> Person | Unroutable:
    """Find who stands behind a role: the owner, the owner's manager, that one's manager, or a person by id."""
    match role:
        case "owner":
            wanted = owner
        case "manager" | "manager.manager":
            return _manager(role, owner, people)
        case _:
            wanted = role
    if wanted is None:
        return Unroutable(role, Why.NO_OWNER)
    return _reachable(role, wanted, people)


def _manager(role: str, owner: str | None, people: People) -> Person | Unroutable:
    if owner is None:
        return Unroutable(role, Why.NO_OWNER)
    wanted = owner
    for _ in role.split("."):
        person = people.get(wanted)
        if person is None:
            return Unroutable(role, Why.UNKNOWN_PERSON, wanted)
        if person.manager is None:
            return Unroutable(role, Why.NO_MANAGER, wanted)
        wanted = person.manager
    return _reachable(role, wanted, people)


def _reachable(role: str, wanted: str, people: People) -> Person | Unroutable:
    person = people.get(wanted)
    if person is None:
        return Unroutable(role, Why.UNKNOWN_PERSON, wanted)
    if not person.active:
        return Unroutable(role, Why.INACTIVE, wanted)
    if not person.channels():
        return Unroutable(role, Why.NO_CHANNEL, wanted)
    return person


def explain(unroutable: Unroutable) -> str:
    """Say in a sentence why the fallback person is told instead."""
    who = (
        f"the {unroutable.role}" if unroutable.person is None else f"{unroutable.role} ({unroutable.person})"
    )
    reasons = {
        Why.NO_OWNER: "nobody owns this",
        Why.NO_MANAGER: "no manager is recorded",
        Why.UNKNOWN_PERSON: "nobody with this id is known here",
        Why.INACTIVE: "this person is no longer active",
        Why.NO_CHANNEL: "no mail address and no working webhook is known",
        Why.UNDELIVERED: "every attempt to deliver failed",
    }
    return f"You are told because {who} cannot be: {reasons[unroutable.reason]}."
