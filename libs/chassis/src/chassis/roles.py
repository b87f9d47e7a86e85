"""The roles of Redress, each a list of scopes: what API keys and OIDC tokens give is named here and nowhere else."""

from collections.abc import Iterable, Mapping
from typing import Final

BOUND: Final = "crm"
"""The role that is only given together with a source system, whose complaints alone it sees."""

_CRM: Final = (
    "complaints:write",
    "complaints:read",
    "attachments:write",
    "attachments:read",
    "webhooks:manage",
)
_STAFF: Final = (
    "complaints:read",
    "complaints:write",
    "complaints:personal",
    "complaints:work",
    "complaints:assess",
    "imports:write",
    "attachments:read",
    "attachments:write",
    "attachments:delete",
    "nonconformities:read",
    "actions:read",
    "actions:write",
    "cases:read",
    "cases:write",
    "deadlines:read",
    "deadlines:answer",
    "signals:read",
    "exposures:read",
    "indicators:read",
)
_QUALITY: Final = (
    *_STAFF,
    "complaints:decide",
    "complaints:close",
    "nonconformities:write",
    "cases:approve",
    "deadlines:stand-in",
    "signals:write",
    "exposures:write",
)
_MANAGEMENT: Final = (*_QUALITY, "cases:approve-management")
_PRIVACY: Final = (
    "complaints:read",
    "complaints:personal",
    "attachments:read",
    "personal-reads:read",
    "complaints:hold",
    "complaints:erase",
)
_ADMIN: Final = (
    *_QUALITY,
    "personal-reads:read",
    "complaints:hold",
    "complaints:erase",
    "people:read",
    "people:write",
    "deliveries:read",
    "deliveries:write",
    "webhooks:manage",
)

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "crm": _CRM,
    "staff": _STAFF,
    "quality": _QUALITY,
    "management": _MANAGEMENT,
    "privacy": _PRIVACY,
    "admin": _ADMIN,
}


def scopes_of(roles: Iterable[str]) -> tuple[str, ...]:
    """List the scopes of these roles, each once; raises ValueError for a role that there is not."""
    names = list(roles)
    unknown = [name for name in names if name not in ROLES]
    if unknown:
        raise ValueError(f"there is no role {unknown[0]!r}; the roles are {', '.join(ROLES)}")
    return tuple(dict.fromkeys(scope for name in names for scope in ROLES[name]))
