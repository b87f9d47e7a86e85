"""Who is calling: API keys, kept as HMACs in a secrets file, or OIDC bearer tokens, and the scopes they carry.

A key reads `redress_<env>_<id>_<secret><crc32>`. The checksum rejects a mistyped key before anything is looked up; the
file holds HMAC-SHA-256(pepper, key without checksum) and never a key.
"""

import base64
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
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Protocol

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer, SecurityScopes
from pydantic import SecretStr

from chassis.logging import get_logger
from chassis.rate_limits import RateLimiter
from chassis.refusing import Reason, Refused, auth_metrics, lacking, note_refusal, unauthenticated
from chassis.settings import CannotStart
from common.actor import Actor
from common.clock import Clock, utc_now

MINIMAL_PEPPER: Final = 16
KEYRING: Final = "keyring"
BEARER: Final = "bearer_tokens"
BY_SOURCE: Final = "by_source"
METRICS: Final = "auth_metrics"
LIMITER: Final = "rate_limiter"
PRINCIPAL: Final = "redress.principal"

_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID_LENGTH: Final = 10
_SECRET_LENGTH: Final = 43  # of 62 characters: 256 bits
_CHECKSUM_LENGTH: Final = 6
_REMEMBERED: Final = 1000
_OURS: Final = "redress_"
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
    credential: Literal["key", "token"] = "key"


class Verifier(Protocol):
    """Verifies what is no API key."""

    async def principal(self, token: str) -> Principal:
        """Tell whom a token stands for; raises the 401 problem, or 503 where that cannot be told now."""
        ...


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
            raise unauthenticated("This API key was revoked.", reason=Reason.REVOKED)
        if record.expires_at is not None and record.expires_at <= self._clock():
            raise unauthenticated("This API key has expired.", reason=Reason.EXPIRED)
        return record.principal

    def _verify(self, token: str, records: Mapping[str, KeyRecord]) -> KeyRecord:
        found = _KEY.fullmatch(token)
        if found is None or found["checksum"] != checksum(found["signed"]):
            raise unauthenticated(
                "This is no API key of Redress, or it was mistyped: its checksum does not fit.",
                reason=Reason.MALFORMED,
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


_TOKEN: Final = HTTPBearer(
    scheme_name="OidcToken",
    bearerFormat="JWT",
    description="An access token of the identity provider that this service is set up with, if it is, sent as "
    "`Authorization: Bearer <token>`.",
    auto_error=False,
)
SCHEMES: Final = ("ApiKey", "ApiKeyHeader", "OidcToken")


def security(*scopes: str) -> list[dict[str, list[str]]]:
    """Write what an OpenAPI operation needs, for a route that authenticates by itself."""
    return [{scheme: list(scopes)} for scheme in SCHEMES]


async def authenticate(request: Request, *scopes: str) -> Principal:
    """Tell who is calling, or raise the 401 problem; raises 403 where one of the scopes is missing."""
    try:
        principal = await _known(request)
        missing = [scope for scope in scopes if scope not in principal.scopes]
        if missing:
            raise _lacking(principal, missing)
    except Refused as refused:
        _note(request, refused)
        raise
    return principal


async def authenticate_any(request: Request, *scopes: str) -> Principal:
    """Tell who is calling, as `authenticate`, where any one of the scopes is enough."""
    try:
        principal = await _known(request)
        if principal.scopes.isdisjoint(scopes):
            raise _lacking(principal, [scopes[0]])
    except Refused as refused:
        _note(request, refused)
        raise
    return principal


async def prove_again(request: Request, credential: str, *, within: timedelta, now: datetime) -> Principal:
    """Tell whom a credential stands for that is given beside the request's own, as for a signature.

    It is the API key, typed again, or an access token that the identity provider issued within this time. Raises the 401
    problem as `authenticate` does, also for an older token.
    """
    principal = await _stands_for(request, credential, is_bearer=True)
    if principal.credential == "token" and _issued_at(credential) < now - within:
        raise unauthenticated("This access token is too old to sign with.", reason=Reason.EXPIRED)
    return principal


async def _known(request: Request) -> Principal:
    state = request.app.state
    token, is_bearer = _token(request.headers)
    principal = await _stands_for(request, token, is_bearer=is_bearer)
    request.scope[PRINCIPAL] = principal
    limiter: RateLimiter | None = getattr(state, LIMITER, None)
    if limiter is not None:
        # People share the client that their tokens come by, so that each counts apart.
        caller = principal.key_id if principal.credential == "key" else str(principal.actor)
        limiter.admit(request.scope, caller)
    if principal.source_system is not None and not getattr(state, BY_SOURCE, False):
        raise Refused(
            "source_system_bound",
            Reason.SOURCE_SYSTEM,
            f"The {principal.credential} {principal.name!r} speaks for a source system alone, and nothing here belongs "
            "to one.",
        )
    return principal


async def _stands_for(request: Request, token: str, *, is_bearer: bool) -> Principal:
    state = request.app.state
    verifier: Verifier | None = getattr(state, BEARER, None)
    if verifier is not None and is_bearer and not token.startswith(_OURS):
        return await verifier.principal(token)
    keyring: Keyring = getattr(state, KEYRING)
    return keyring.principal(token)


def _issued_at(token: str) -> datetime:
    """Read when a person last proved who they are, or else when the token was issued, from a token that was verified."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return datetime.fromtimestamp(float(claims.get("auth_time", claims.get("iat", 0))), UTC)


def _lacking(principal: Principal, scopes: list[str]) -> Refused:
    return lacking(
        f"The {principal.credential} {principal.name!r} lacks the scope {' '.join(scopes)}.", scopes
    )


def _note(request: Request, refused: Refused) -> None:
    principal: Principal | None = request.scope.get(PRINCIPAL)
    metrics = getattr(request.app.state, METRICS, None) or auth_metrics()
    note_refusal(request, refused, key_id=principal.key_id if principal else None, metrics=metrics)


async def _authenticated(
    request: Request,
    needed: SecurityScopes,
    _bearer: Annotated[Any, Depends(_BEARER)],
    _header: Annotated[Any, Depends(_HEADER)],
    _oidc: Annotated[Any, Depends(_TOKEN)],
) -> Principal:
    return await authenticate(request, *needed.scopes)


def requires(*scopes: str) -> Any:
    """Make the annotation that gives a route its Principal: who is calling, with each of these scopes."""
    return Security(_authenticated, scopes=list(scopes))


def requires_any(*scopes: str) -> Any:
    """Make the annotation that gives a route its Principal: who is calling, with one of these scopes or more."""

    async def authenticated(
        request: Request,
        _bearer: Annotated[Any, Depends(_BEARER)],
        _header: Annotated[Any, Depends(_HEADER)],
        _oidc: Annotated[Any, Depends(_TOKEN)],
    ) -> Principal:
        return await authenticate_any(request, *scopes)

    return Security(authenticated)


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


def _token(headers: Mapping[str, str]) -> tuple[str, bool]:
    """Read what was presented, and whether as a bearer token; an API key may stand in either header."""
    authorization = headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip(), True
        raise unauthenticated("The Authorization header must read `Bearer <key>`.", reason=Reason.MALFORMED)
    token = headers.get("x-api-key", "").strip()
    if not token:
        raise unauthenticated(
            "Send an API key as `Authorization: Bearer <key>`.", presented=False, reason=Reason.MISSING
        )
    return token, False


def _stamp_or_none(file: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(file)  # noqa: PTH116 - asked for each request, and twice as fast as by the path
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _instant(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
