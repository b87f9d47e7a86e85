"""Asks the identity provider for its signing keys, by the discovery document: bounded in time and size, no redirects."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import orjson

from chassis.addresses import is_safe

MAX_BYTES: Final = 512_000
MAX_KEYS: Final = 100

Jwk = Mapping[str, Any]


class CannotFetch(Exception):
    """The keys could not be had; says why, for the log."""


class Provider:
    """One issuer. No proxy and no stored login of the environment is used."""

    def __init__(self, issuer: str, *, timeout_seconds: float, ca_file: Path | None = None) -> None:
        self._issuer = issuer
        self._timeout = timeout_seconds
        self._trust = ssl.create_default_context(cafile=ca_file)

    async def keys(self) -> Sequence[Jwk]:
        """Fetch the discovery document and then the keys that it points to; raises CannotFetch."""
        try:
            async with (
                asyncio.timeout(self._timeout),
                httpx.AsyncClient(
                    verify=self._trust, follow_redirects=False, trust_env=False, timeout=self._timeout
                ) as client,
            ):
                return await self._fetch(client)
        except TimeoutError:
            raise CannotFetch(f"no answer within {self._timeout:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CannotFetch(f"{type(error).__name__}: {error}") from None

    async def _fetch(self, client: httpx.AsyncClient) -> Sequence[Jwk]:
        found = await _document(client, f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self._issuer:
            raise CannotFetch("the discovery document is of another issuer")
        address = found.get("jwks_uri")
        if not isinstance(address, str) or not is_safe(address):
            raise CannotFetch("jwks_uri is no https address")
        keys = (await _document(client, address)).get("keys")
        if not isinstance(keys, list) or len(keys) > MAX_KEYS:
            raise CannotFetch(f"the key set has no list of at most {MAX_KEYS} keys")
        return [key for key in keys if isinstance(key, dict)]


async def _document(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    async with client.stream("GET", url, headers={"Accept": "application/json"}) as answer:
        if answer.status_code != httpx.codes.OK:
            raise CannotFetch(f"{url} answered {answer.status_code}")
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                raise CannotFetch(f"{url} answered more than {MAX_BYTES} bytes")
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise CannotFetch(f"{url} answered no JSON") from None
    if not isinstance(found, dict):
        raise CannotFetch(f"{url} answered no JSON object")
    return found
