"""Who is calling: API keys, kept as HMACs in a secrets file, and the scopes they carry.

A key reads `redress_<env>_<id>_<secret><crc32>`. The checksum rejects a mistyped key before anything is looked up; the
file holds HMAC-SHA-256(pepper, key without checksum) and never a key.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
import string
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer, SecurityScopes
from pydantic import SecretStr

from chassis.logging import get_logger
from chassis.problems import ProblemError
from chassis.settings import CannotStart
from common.actor import Actor
from common.clock import Clock, utc_now

MINIMAL_PEPPER: Final = 16
KEYRING: Final = "keyring"
PRINCIPAL: Final = "redress.principal"

_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID_LENGTH: Final = 10
_SECRET_LENGTH: Final = 43  # of 62 characters: 256 bits
_CHECKSUM_LENGTH: Final = 6
_REMEMBERED: Final = 1000
_KEY: Final = re.compile(
    rf"(?P<signed>redress_[a-z]{{1,16}}_(?P<id>[0-9a-z]{{{_ID_LENGTH}}})_[0-9A-Za-z]{{{_SECRET_LENGTH}}})"
    rf"(?P<checksum>[0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})"
)

log = get_logger("chassis.auth")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request comes from and what it may do; `source_system` is set for the key of a CRM."""

    key_id: str
    actor: Actor
    name: str
    scopes: frozenset[str]
    source_system: str | None = None


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One line of the secrets file: everything about a key but the key."""

    id: str
    name: str
    hmac: str
    actor: str
    scopes: tuple[str, ...]
    created_at: datetime
    source_system: str | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    _principal: Principal = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        principal = Principal(
            self.id, Actor.parse(self.actor), self.name, frozenset(self.scopes), self.source_system
        )
        object.__setattr__(self, "_principal", principal)

    @property
    def principal(self) -> Principal:
        """Whom the key stands for."""
        return self._principal

    def as_json(self) -> dict[str, Any]:
        """Write the record as plain JSON."""
        return {
            "id": self.id,
            "name": self.name,
            "hmac": self.hmac,
            "actor": self.actor,
            "scopes": list(self.scopes),
            "source_system": self.source_system,
            "created_at": self.created_at.isoformat(),
            "expires_at": self.expires_at.isoformat() if self.expires_at else None,
            "revoked_at": self.revoked_at.isoformat() if self.revoked_at else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "KeyRecord":
        """Read a record; raises KeyError, TypeError or ValueError where the file was edited badly."""
        return cls(
            id=data["id"],
            name=data["name"],
            hmac=data["hmac"],
            actor=data["actor"],
            scopes=tuple(data["scopes"]),
            source_system=data.get("source_system"),
            created_at=datetime.fromisoformat(data["created_at"]),
            expires_at=_instant(data.get("expires_at")),
            revoked_at=_instant(data.get("revoked_at")),
        )


class Keyring:
    """The keys of one secrets file, read again as soon as the file changes; a damaged file leaves the last good ones."""

    def __init__(self, file: Path, pepper: str | SecretStr, *, clock: Clock = utc_now) -> None:
        self._file = file
        self._pepper = pepper_bytes(pepper)
        self._clock = clock
        self._records, self._stamp = self._read_first()
        self._verified: dict[str, KeyRecord] = {}

    def principal(self, token: str) -> Principal:
        """Tell whom a key stands for; raises the 401 problem for a key that is mistyped, unknown, expired or revoked."""
        records = self._current()
        record = self._verified.get(token) or self._verify(token, records)
        if record.revoked_at is not None:
            raise unauthenticated("This API key was revoked.")
        if record.expires_at is not None and record.expires_at <= self._clock():
            raise unauthenticated("This API key has expired.")
        return record.principal

    def _verify(self, token: str, records: Mapping[str, KeyRecord]) -> KeyRecord:
        found = _KEY.fullmatch(token)
        if found is None or found["checksum"] != checksum(found["signed"]):
            raise unauthenticated(
                "This is no API key of Redress, or it was mistyped: its checksum does not fit."
            )
        record = records.get(found["id"])
        known = hmac.compare_digest(sign(self._pepper, found["signed"]), record.hmac if record else "")
        if record is None or not known:
            raise unauthenticated("This API key is not known here.")
        # A busy caller's key is not computed again for each request; the next change of the file forgets it.
        if len(self._verified) < _REMEMBERED:
            self._verified[token] = record
        return record

    def _current(self) -> Mapping[str, KeyRecord]:
        stamp = _stamp_or_none(self._file)
        if stamp != self._stamp:
            # Noted first, so that a damaged file is read and complained of once, and again when it changes.
            self._stamp = stamp
            try:
                self._records = read_keys(self._file)
                self._verified = {}
            except (OSError, ValueError, KeyError, TypeError) as error:
                log.warning("keys_file_unreadable", file=str(self._file), reason=str(error))
        return self._records

    def _read_first(self) -> tuple[Mapping[str, KeyRecord], tuple[int, int, int] | None]:
        try:
            stamp = _stamp_or_none(self._file)
            return read_keys(self._file), stamp
        except OSError as error:
            raise CannotStart(
                f"REDRESS_KEYS_FILE: {self._file} cannot be read ({error.strerror}): make it with "
                "`python -m chassis.keys new`, or name the file that has the keys."
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise CannotStart(f"REDRESS_KEYS_FILE: {self._file} is damaged ({error}): restore it.") from None


_BEARER = HTTPBearer(
    scheme_name="ApiKey",
    bearerFormat="redress_<env>_<id>_<secret>",
    description="An API key, sent as `Authorization: Bearer <key>`.",
    auto_error=False,
)
_HEADER = APIKeyHeader(
    name="X-API-Key",
    scheme_name="ApiKeyHeader",
    description="The same API key in a header of its own.",
    auto_error=False,
)


async def authenticate(request: Request, *scopes: str) -> Principal:
    """Tell who is calling, or raise the 401 problem; raises 403 where one of the scopes is missing."""
    keyring: Keyring = getattr(request.app.state, KEYRING)
    principal = keyring.principal(_token(request.headers))
    request.scope[PRINCIPAL] = principal
    missing = [scope for scope in scopes if scope not in principal.scopes]
    if missing:
        wanted = " ".join(missing)
        raise ProblemError(
            "forbidden",
            f"The key {principal.name!r} lacks the scope {wanted}.",
            headers={
                "WWW-Authenticate": f'Bearer realm="redress", error="insufficient_scope", scope="{wanted}"'
            },
            extensions={"missing_scopes": missing},
        )
    return principal


async def _authenticated(
    request: Request,
    needed: SecurityScopes,
    _bearer: Annotated[Any, Depends(_BEARER)],
    _header: Annotated[Any, Depends(_HEADER)],
) -> Principal:
    return await authenticate(request, *needed.scopes)


def requires(*scopes: str) -> Any:
    """Make the annotation that gives a route its Principal: who is calling, with each of these scopes."""
    return Security(_authenticated, scopes=list(scopes))


def unauthenticated(detail: str, *, presented: bool = True) -> ProblemError:
    """Make the 401 problem with its challenge."""
    challenge = 'Bearer realm="redress"' + (', error="invalid_token"' if presented else "")
    return ProblemError("unauthenticated", detail, headers={"WWW-Authenticate": challenge})


def new_token(environment: str = "live") -> tuple[str, str]:
    """Make a fresh key and its id; the key is shown once and stored nowhere."""
    key_id = "".join(secrets.choice(_DIGITS[:10] + string.ascii_lowercase) for _ in range(_ID_LENGTH))
    secret = "".join(secrets.choice(_DIGITS) for _ in range(_SECRET_LENGTH))
    signed = f"redress_{environment}_{key_id}_{secret}"
    if _KEY.fullmatch(signed + "0" * _CHECKSUM_LENGTH) is None:
        raise ValueError("an environment is named by 1 to 16 small letters")
    return signed + checksum(signed), key_id


def checksum(signed: str) -> str:
    """Compute the six characters that a key ends with: CRC-32 in base 62."""
    rest, digits = zlib.crc32(signed.encode()), ""
    while rest:
        rest, digit = divmod(rest, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits.rjust(_CHECKSUM_LENGTH, "0")


def sign(pepper: bytes, signed: str) -> str:
    """Compute what the file keeps of a key, given without its checksum."""
    return hmac.new(pepper, signed.encode(), hashlib.sha256).hexdigest()


def pepper_bytes(pepper: str | SecretStr) -> bytes:
    """Give the pepper as bytes; raises CannotStart where it is missing or too short to be one."""
    plain = pepper.get_secret_value() if isinstance(pepper, SecretStr) else pepper
    if len(plain) < MINIMAL_PEPPER:
        raise CannotStart(
            f"REDRESS_PEPPER is missing or too short: set it to {MINIMAL_PEPPER} or more random characters."
        )
    return plain.encode()


def read_keys(file: Path) -> dict[str, KeyRecord]:
    """Read the secrets file by key id; raises OSError, KeyError, TypeError or ValueError."""
    data = json.loads(file.read_text(encoding="utf-8"))
    return {record.id: record for record in map(KeyRecord.from_json, data["keys"])}


def write_keys(file: Path, records: Sequence[KeyRecord]) -> None:
    """Replace the secrets file in one step, readable by its owner alone."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    body = json.dumps({"version": 1, "keys": [record.as_json() for record in records]}, indent=2) + "\n"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _token(headers: Mapping[str, str]) -> str:
    authorization = headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip()
        raise unauthenticated("The Authorization header must read `Bearer <key>`.")
    token = headers.get("x-api-key", "").strip()
    if not token:
        raise unauthenticated("Send an API key as `Authorization: Bearer <key>`.", presented=False)
    return token


def _stamp_or_none(file: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(file)  # noqa: PTH116 - asked for each request, and twice as fast as by the path
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _instant(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
