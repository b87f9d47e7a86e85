"""Who uses the system on this machine: one API key for each role, and where the keys are kept."""

from dataclasses import dataclass
from pathlib import Path

from local.places import read_json

PEPPER = "pepper"
KEYS = "keys.json"
ROLES = "roles.json"


@dataclass(frozen=True, slots=True)
class Role:
    """Somebody who uses the system, and what their key may do."""

    name: str
    actor: str
    scopes: tuple[str, ...]
    source_system: str | None = None


_STAFF = (
    "complaints:read",
    "complaints:write",
    "complaints:personal",
    "imports:write",
    "attachments:read",
    "attachments:write",
    "attachments:delete",
    "nonconformities:read",
    "actions:read",
    "actions:write",
)
_QUALITY = (*_STAFF, "nonconformities:write")
_ADMIN = (*_QUALITY, "people:read", "people:write", "deliveries:read", "deliveries:write")

ROLES_KNOWN = (
    Role(
        "crm",
        "system:crm",
        ("complaints:write", "complaints:read", "attachments:write", "attachments:read"),
        source_system="crm",
    ),
    Role("staff", "person:staff", _STAFF),
    Role("quality", "person:quality.desk", _QUALITY),
    Role("admin", "person:admin", _ADMIN),
)


def read_roles(folder: Path) -> dict[str, str]:
    """Read the key of each role, in the order of rights; empty when none were made yet."""
    shown = read_json(folder / ROLES) or {}
    return {role.name: shown[role.name] for role in ROLES_KNOWN if role.name in shown}


def read_pepper(folder: Path) -> str:
    """Read the pepper; raises OSError when it was not made yet."""
    return (folder / PEPPER).read_text(encoding="utf-8").strip()
