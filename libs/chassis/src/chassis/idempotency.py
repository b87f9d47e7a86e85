"""Doing a thing once although it is asked for twice: the Idempotency-Key of draft-ietf-httpapi-idempotency-key-header.

The key's row is written in the transaction of the effect, as its first statement: either both are there or neither. A
refusal rolls back and is never remembered, so the same request is judged anew when it comes again.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from sqlalchemy import (
    Column,
    DateTime,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    bindparam,
    delete,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from chassis.auth import Principal
from chassis.problems import ProblemError, at_parameter
from chassis.routes import template_of
from common.refusals import Conflicting, Unacceptable

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = {"Idempotency-Replayed": "true"}
KEPT: Final = timedelta(days=7)
LONGEST_WAIT: Final = timedelta(seconds=2)

_LOCK_NOT_AVAILABLE: Final = "55P03"
KEY_PATTERN: Final = r'^([\x21\x23-\x7e]{1,255}|"[\x21\x23-\x7e]{1,255}")$'
"""What `Idempotency-Key` looks like to OpenAPI: 1 to 255 visible characters but quotes, bare or in quotes."""
_VISIBLE: Final = re.compile(r"[\x21\x23-\x7e]{1,255}")


class KeyReused(Unacceptable):
    """The key came before with another request."""

    code: ClassVar[str] = "idempotency_key_reused"


class KeyInUse(Conflicting):
    """A request with the same key is still under way."""

    code: ClassVar[str] = "idempotency_key_in_use"


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One use of a key: its scope (actor, method, route template), the key, and what exactly was asked."""

    actor: str
    method: str
    route: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the first use of a key made, to be rendered anew with the `REPLAYED` header."""

    resource_id: str
    status: int


def idempotency_table(metadata: MetaData) -> Table:
    """Add the table `idempotency_key` to a service's metadata; the service's own migration creates it."""
    return Table(
        "idempotency_key",
        metadata,
        Column("actor", Text, primary_key=True),
        Column("method", Text, primary_key=True),
        Column("route", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("resource_id", Text, nullable=False),
        Column("status", SmallInteger, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, index=True),
    )


def read_key(request: Request, principal: Principal, body: bytes, *, required: bool = False) -> KeyUse | None:
    """Read the key of a request, or None where it has none; raises 400 where it is malformed, or required and absent.

    `body` is the canonical body: the bytes received, or the model's own JSON where spelling should not matter.
    """
    key = parse_key(request.headers.getlist(HEADER))
    if key is None:
        if required:
            raise _malformed(
                "is required here", "send a fresh UUID, and the same one when you repeat the request"
            )
        return None
    route = template_of(request)
    query = request.scope["query_string"]
    return KeyUse(
        actor=str(principal.actor),
        method=request.method,
        route=route,
        key=key,
        fingerprint=fingerprint(request.method, request.scope["path"], query, body),
    )


def parse_key(headers: Sequence[str]) -> str | None:
    """Read the header, in quotes or bare: 1 to 255 visible ASCII characters but quotes; raises 400 for anything else."""
    if not headers:
        return None
    value = headers[0].strip(" \t")
    key = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    if len(headers) > 1 or _VISIBLE.fullmatch(key) is None:
        raise _malformed(
            "is not valid",
            "send one key of 1 to 255 visible ASCII characters without quotes in it, such as a UUID",
        )
    return key


def fingerprint(method: str, path: str, query: bytes, body: bytes) -> bytes:
    """Compute what tells one request from another: SHA-256 over method, path, query and canonical body."""
    digest = hashlib.sha256()
    for part in (method.encode(), path.encode(), query, body):
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.digest()


# One round trip. The lock timeout is set before the row is inserted, since the insertion waits for a transaction that
# holds the same key, and is set back for what follows.
# Where the row exists nothing is returned and the bound stays: such a transaction only reads and ends.
_REMEMBER: Final = text("""
    WITH bound AS MATERIALIZED (
        SELECT current_setting('lock_timeout') AS usual, set_config('lock_timeout', :longest_wait, true) AS set_to
    )
    INSERT INTO idempotency_key (actor, method, route, key, fingerprint, resource_id, status, created_at)
    SELECT :actor, :method, :route, :key, :fingerprint, :resource_id, :status, :created_at
      FROM bound WHERE set_to IS NOT NULL
    ON CONFLICT (actor, method, route, key) DO NOTHING
    RETURNING set_config('lock_timeout', (SELECT usual FROM bound), true)
""").bindparams(
    bindparam("fingerprint", type_=LargeBinary), bindparam("created_at", type_=DateTime(timezone=True))
)

_RECALL: Final = text("""
    SELECT fingerprint, resource_id, status FROM idempotency_key
     WHERE actor = :actor AND method = :method AND route = :route AND key = :key
""")


async def remember(
    connection: AsyncConnection, use: KeyUse, *, resource_id: str, status: int, at: datetime
) -> Remembered | None:
    """Claim the key before the effect, in its transaction: None means go on; else nothing may be done but to replay.

    Waits `LONGEST_WAIT` for a request under way with the same key, then raises KeyInUse; raises KeyReused where the key
    belongs to another request. After either the transaction must be rolled back.
    """
    values = _scope(use) | {
        "fingerprint": use.fingerprint,
        "resource_id": resource_id,
        "status": status,
        "created_at": at,
        "longest_wait": f"{int(LONGEST_WAIT.total_seconds() * 1000)}ms",
    }
    try:
        claimed = (await connection.execute(_REMEMBER, values)).first()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise KeyInUse("A request with this Idempotency-Key has not been answered yet.") from error
        raise
    if claimed is not None:
        return None
    found = await recall(connection, use)
    if found is None:  # purged between the two statements: as good as under way
        raise KeyInUse("A request with this Idempotency-Key has not been answered yet.")
    return found


async def recall(connection: AsyncConnection, use: KeyUse) -> Remembered | None:
    """Look up what an earlier use of the key made; raises KeyReused where that was another request."""
    row = (await connection.execute(_RECALL, _scope(use))).one_or_none()
    if row is None:
        return None
    # An empty one was erased, since it could confirm a guess at what was asked; the key alone then says that it is the same.
    if row.fingerprint and bytes(row.fingerprint) != use.fingerprint:
        raise KeyReused("This Idempotency-Key was used before for another request; use a new one.")
    return Remembered(row.resource_id, row.status)


async def purge(connection: AsyncConnection, table: Table, before: datetime) -> int:
    """Forget the keys that were first used before an instant, usually `now - KEPT`; tells how many."""
    return (await connection.execute(delete(table).where(table.c.created_at < before))).rowcount


def _scope(use: KeyUse) -> dict[str, Any]:
    return {"actor": use.actor, "method": use.method, "route": use.route, "key": use.key}


def _malformed(what: str, fix: str) -> ProblemError:
    return ProblemError(
        "invalid_parameter",
        f"The Idempotency-Key header {what}.",
        errors=[at_parameter(HEADER, "invalid_idempotency_key", f"the header {what}", fix)],
    )
