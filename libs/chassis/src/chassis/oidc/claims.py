"""What a verified token says about its holder, as a Principal."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chassis.auth import Principal
from chassis.refusing import Reason, unauthenticated
from chassis.roles import BOUND, ROLES
from common.actor import Actor

_SCOPE: Final = re.compile(r"[a-z][a-z-]*:[a-z][a-z-]*")
_NAME: Final = re.compile(r"[\x21-\x7e]{1,255}")

RoleMapping = Mapping[str, Sequence[str]]
"""Roles of Redress by the value of the role claim."""


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Where the token says what; a name is looked up as it is, and then as a path with dots."""

    scope: str
    role: str | None
    person: str | None
    source_system: str


def principal_of(claims: Mapping[str, Any], names: ClaimNames, roles: RoleMapping) -> Principal:
    """Read who the holder is and what they may do; raises the 401 problem for claims of a wrong form."""
    source = _text(claims, names.source_system)
    held = {role for value in _words(claims, names.role) for role in roles.get(value, ())}
    if BOUND in held and source is None:
        raise _wrong(
            f"The role {BOUND} goes with a source system, and the token has no {names.source_system}."
        )
    scopes = {word for word in _words(claims, names.scope) if _SCOPE.fullmatch(word)}
    for role in held:
        scopes.update(ROLES[role])
    client = _text(claims, "azp") or _text(claims, "client_id")
    actor = _actor(claims, names, source, client)
    return Principal(
        key_id=f"oidc:{client or actor.id}",
        actor=actor,
        name=str(actor),
        scopes=frozenset(scopes),
        source_system=source,
        credential="token",
    )


def _actor(claims: Mapping[str, Any], names: ClaimNames, source: str | None, client: str | None) -> Actor:
    subject = _text(claims, "sub")
    if subject is None:
        raise _wrong("The token has no sub.")
    if source is not None:
        return Actor("system", client or subject)
    person = _text(claims, names.person) if names.person else None
    return Actor("user", subject) if person is None else Actor("person", person)


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    """Read one name; a claim that is there in another form is refused and not passed over, since it may be a bound."""
    value = _claim(claims, name)
    if value is None:
        return None
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise _wrong(f"The claim {name} is no text of 1 to 255 visible ASCII characters.")
    return value


def _words(claims: Mapping[str, Any], name: str | None) -> list[str]:
    value = _claim(claims, name) if name else None
    match value:
        case None:
            return []
        case str():
            return value.split()
        case list() if all(isinstance(word, str) for word in value):
            return value
        case _:
            raise _wrong(f"The claim {name} is neither a text nor a list of texts.")


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def _wrong(detail: str) -> Exception:
    return unauthenticated(detail, reason=Reason.CLAIMS)
