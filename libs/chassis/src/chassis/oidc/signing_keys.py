"""The issuer's signing keys, kept for a while: one question at a time, and never more often than the cooldown allows."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from chassis.logging import get_logger
from chassis.oidc.provider import CannotFetch, Jwk

Fetch = Callable[[], Awaitable[Sequence[Jwk]]]
Told = Callable[[bool], None]

_SIGNING: Final = frozenset({"RSA", "EC", "OKP"})

log = get_logger("chassis.oidc")


class IssuerAway(Exception):
    """The keys are not known, or too old to trust, and the issuer does not answer."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """Seconds that keys are good for, that old ones serve while the issuer is away, and between two questions."""

    ttl: float
    stale: float
    cooldown: float


class SigningKeys:
    """Finds a public key by its id.

    A token may name any key id, so that one which is not known asks the issuer again only when the cooldown has passed
    since the last question: a flood of made-up ids costs the issuer nothing, and a new key is known within the cooldown.
    Those who ask at the same time wait for the same answer. `told` hears whether each question was answered.
    """

    def __init__(
        self,
        fetch: Fetch,
        freshness: Freshness,
        *,
        told: Told,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._freshness = freshness
        self._told = told
        self._seconds = seconds
        self._keys: Sequence[Jwk] = ()
        self._fetched_at: float | None = None
        self._asked_at: float | None = None
        self._failed = False
        self._question: asyncio.Task[None] | None = None

    async def find(self, key_id: str | None) -> Jwk | None:
        """Give the key of this id, or None where the issuer has none; without an id, the issuer's only key.

        Raises IssuerAway where that cannot be told.
        """
        if self._age() >= self._freshness.ttl:
            await self._ask()
        found = self._known(key_id)
        if found is None:
            await self._ask()
            found = self._known(key_id)
        if found is None and self._failed:
            raise IssuerAway
        return found

    def _known(self, key_id: str | None) -> Jwk | None:
        if self._age() >= self._freshness.ttl + self._freshness.stale:
            return None
        if key_id is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.get("kid") == key_id), None)

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._seconds() - self._fetched_at

    async def _ask(self) -> None:
        if self._question is None:
            now = self._seconds()
            if self._asked_at is not None and now - self._asked_at < self._freshness.cooldown:
                return
            self._asked_at = now
            self._question = asyncio.create_task(self._refresh())
        # Whoever began the question may go away; the others still wait for its answer.
        await asyncio.shield(self._question)

    async def _refresh(self) -> None:
        try:
            keys = await self._fetch()
        except CannotFetch as error:
            self._failed = True
            log.warning("oidc_keys_not_fetched", reason=str(error))
        else:
            self._keys = [key for key in keys if _signs(key)]
            self._fetched_at = self._seconds()
            self._failed = False
        finally:
            self._question = None
        self._told(not self._failed)


def _signs(key: Jwk) -> bool:
    return key.get("kty") in _SIGNING and key.get("use", "sig") == "sig"
