"""Making, listing and revoking API keys: `python -m chassis.keys new --file keys.json --name CRM --actor system:crm-1 …`.

The pepper comes from `REDRESS_PEPPER`, or the file `redress_pepper` in the folder that `REDRESS_SECRETS_DIR` names,
never from an argument. A key is printed once and kept nowhere.
"""

import argparse
import fcntl
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from chassis.auth import KeyRecord, new_token, pepper_bytes, read_keys, sign, write_keys
from chassis.roles import BOUND, ROLES, scopes_of
from chassis.settings import CannotStart, read_secret
from common.actor import Actor
from common.clock import utc_now

_SCOPE = re.compile(r"[a-z][a-z-]*:[a-z][a-z-]*")
_PERIOD = re.compile(r"(\d{1,5})([hd])")
_CHECKSUM_LENGTH = 6


def create_key(
    file: Path,
    pepper: str | SecretStr,
    *,
    name: str,
    actor: Actor,
    scopes: Sequence[str],
    at: datetime,
    source_system: str | None = None,
    expires_at: datetime | None = None,
    environment: str = "live",
) -> tuple[str, KeyRecord]:
    """Add a key to the file, made where it is missing, and give the key itself for the only time."""
    wrong = [scope for scope in scopes if not _SCOPE.fullmatch(scope)]
    if wrong or not scopes:
        raise ValueError(
            f"a scope is written like complaints:read, not {wrong[0]!r}" if wrong else "a key needs a scope"
        )
    token, key_id = new_token(environment)
    record = KeyRecord(
        id=key_id,
        name=name,
        hmac=sign(pepper_bytes(pepper), token[:-_CHECKSUM_LENGTH]),
        actor=str(actor),
        scopes=tuple(dict.fromkeys(scopes)),
        source_system=source_system,
        created_at=at,
        expires_at=expires_at,
    )
    with _locked(file):
        write_keys(file, [*list_keys(file), record])
    return token, record


def list_keys(file: Path) -> list[KeyRecord]:
    """Give all keys of the file in the order they were made; none where there is no file."""
    return list(read_keys(file).values()) if file.exists() else []


def revoke_key(file: Path, key_id: str, *, at: datetime) -> KeyRecord | None:
    """Revoke a key, at once for every process that reads the file; gives None where there is none with this id."""
    with _locked(file):
        records = {record.id: record for record in list_keys(file)}
        record = records.get(key_id)
        if record is None:
            return None
        revoked = record if record.revoked_at else replace(record, revoked_at=at)
        write_keys(file, list((records | {key_id: revoked}).values()))
    return revoked


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    # Two commands at once must not lose each other's key: the file is replaced, so the lock is on one beside it.
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = file.with_name(f".{file.name}.lock")
    descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code."""
    given = _parser().parse_args(arguments)
    try:
        return _obey(given)
    except (CannotStart, ValueError, KeyError, TypeError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _obey(given: argparse.Namespace) -> int:
    now = utc_now()
    match given.command:
        case "new":
            token, record = create_key(
                given.file,
                _pepper(),
                name=given.name,
                actor=Actor.parse(given.actor),
                scopes=_scopes(given),
                at=now,
                source_system=given.source_system,
                expires_at=now + _period(given.expires) if given.expires else None,
                environment=given.environment,
            )
            sys.stderr.write(f"key {record.id} of {record.name}; it is shown only now:\n")
            sys.stdout.write(f"{token}\n")
        case "list":
            for record in list_keys(given.file):
                sys.stdout.write(f"{_described(record, now)}\n")
        case _:
            if revoke_key(given.file, given.id, at=now) is None:
                sys.stderr.write(f"there is no key {given.id} in {given.file}\n")
                return 4
            sys.stdout.write(f"key {given.id} is revoked\n")
    return 0


def _pepper() -> str:
    folder = os.environ.get("REDRESS_SECRETS_DIR", "")
    return os.environ.get("REDRESS_PEPPER", "") or (
        read_secret("REDRESS_PEPPER", Path(folder)) if folder else ""
    )


def _scopes(given: argparse.Namespace) -> tuple[str, ...]:
    if BOUND in given.role and given.source_system is None:
        raise ValueError(f"a key of the role {BOUND} needs --source-system, whose complaints alone it sees")
    return (*scopes_of(given.role), *given.scope)


def _described(record: KeyRecord, now: datetime) -> str:
    if record.revoked_at:
        state = f"revoked {record.revoked_at:%Y-%m-%d}"
    elif record.expires_at and record.expires_at <= now:
        state = f"expired {record.expires_at:%Y-%m-%d}"
    elif record.expires_at:
        state = f"until {record.expires_at:%Y-%m-%d}"
    else:
        state = "active"
    source = f" source={record.source_system}" if record.source_system else ""
    return f"{record.id}  {state:<18}  {record.actor}{source}  {','.join(record.scopes)}  {record.name}"


def _period(text: str) -> timedelta:
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise ValueError(f"a period is written like 90d or 12h, not {text!r}")
    amount = int(found[1])
    return timedelta(days=amount) if found[2] == "d" else timedelta(hours=amount)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chassis.keys", description="Make, list and revoke API keys."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser(
        "new", help="make a key and print it, once; the pepper comes from the environment"
    )
    listed = commands.add_parser("list", help="show all keys, never the secret")
    revoke = commands.add_parser("revoke", help="make a key useless at once")
    for command in (new, listed, revoke):
        command.add_argument("--file", type=Path, required=True, help="the secrets file")
    new.add_argument("--name", required=True, help="what people call the holder")
    new.add_argument("--actor", required=True, help="person:<id>, system:<id> or service:<id>")
    new.add_argument("--role", action="append", default=[], help=f"all scopes of a role: {', '.join(ROLES)}")
    new.add_argument("--scope", action="append", default=[], help="such as complaints:write; repeat for more")
    new.add_argument("--source-system", help="for the key of a CRM: the name its complaints carry")
    new.add_argument("--expires", help="such as 90d; without it the key does not expire")
    new.add_argument("--environment", default="live", help="second part of the key, such as live or test")
    revoke.add_argument("id", help="the key's id, its third part")
    return parser


if __name__ == "__main__":
    sys.exit(main())
