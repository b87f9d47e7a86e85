"""Makes the secrets of the system on this machine: one pepper, and one API key for each role.

    python -m local.keys <folder>    makes what is missing

It runs as a process of its own, so that the supervisor need not carry the libraries that making a key loads.
"""

import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path

from chassis.auth import KeyRecord
from chassis.keys import create_key, list_keys, revoke_key
from common.actor import Actor
from local.places import write_json, write_whole
from local.roles import KEYS, PEPPER, ROLES, ROLES_KNOWN, Role, read_pepper, read_roles


def make(folder: Path) -> None:
    """Make the pepper and the keys that are missing; a role whose rights have changed gets a new key."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    file = folder / KEYS
    if not (folder / PEPPER).exists():
        file.unlink(missing_ok=True)  # keys that were signed with a lost pepper open nothing any more
        write_whole(folder / PEPPER, secrets.token_urlsafe(32) + "\n")
    pepper, shown, now = read_pepper(folder), read_roles(folder), datetime.now(UTC)
    for role in ROLES_KNOWN:
        mine = [record for record in list_keys(file) if record.name == role.name and not record.revoked_at]
        if role.name in shown and any(_grants(record, role) for record in mine):
            continue
        for record in mine:
            revoke_key(file, record.id, at=now)
        token, _ = create_key(
            file,
            pepper,
            name=role.name,
            actor=Actor.parse(role.actor),
            scopes=role.scopes,
            at=now,
            source_system=role.source_system,
            environment="local",
        )
        # Written after each key: a crash in between costs one key that nobody knows, never one that is shown.
        write_json(folder / ROLES, shown := shown | {role.name: token})


def _grants(record: KeyRecord, role: Role) -> bool:
    held = (record.actor, record.scopes, record.source_system)
    return held == (role.actor, role.scopes, role.source_system)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
