"""An API that takes tokens of an issuer in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from chassis.oidc.claims import ClaimNames
from chassis.oidc.provider import Provider
from chassis.oidc.signing_keys import Freshness, SigningKeys
from chassis.oidc.tokens import BearerTokens, Expected
from tests.chassis import world
from tests.support.issuer import AUDIENCE, Issuer

CONFIG = Path(__file__).parents[3] / "config"
THING = f"/v1/things/{world.THING}"
NAMES = ClaimNames(scope="scope", role="realm_access.roles", person="employee", source_system="source_system")
MAPPING = {"complaint-desk": ["staff"], "crm-systems": ["crm"]}
EXPECTED = Expected(
    issuer="", audiences=(AUDIENCE,), algorithms=("RS256", "ES256", "EdDSA"), leeway=30, required_claims=()
)


@dataclass
class Desk:
    """An API that takes tokens of the issuer, with a clock for its keys that tests move."""

    issuer: Issuer
    registry: CollectorRegistry
    app: FastAPI
    client: httpx.AsyncClient
    now: list[float] = field(default_factory=lambda: [1000.0])

    async def ask(self, token: str, path: str = THING) -> httpx.Response:
        return await self.client.get(path, headers={"Authorization": f"Bearer {token}"})

    async def refused(self, token: str, reason: str, status: int = 401) -> str:
        """The detail of a refusal, which must be counted under the reason."""
        before = self.counted(reason)
        answer = await self.ask(token)
        assert (answer.status_code, self.counted(reason) - before) == (status, 1), answer.text
        if status == 401:
            assert answer.headers["www-authenticate"] == 'Bearer realm="redress", error="invalid_token"'
        return str(answer.json()["detail"])

    def counted(self, reason: str) -> float:
        return self.registry.get_sample_value("auth_refusals_total", {"reason": reason}) or 0.0


@asynccontextmanager
async def a_desk(
    issuer: Issuer, folder: Path, registry: CollectorRegistry, **expected: Any
) -> AsyncIterator[Desk]:
    now = [1000.0]
    keys = SigningKeys(
        Provider(issuer.url, timeout_seconds=5).keys,
        Freshness(ttl=600, stale=3600, cooldown=30),
        told=lambda _: None,
        seconds=lambda: now[0],
    )
    wanted = replace(EXPECTED, issuer=issuer.url, **expected)
    bearer = BearerTokens(keys, wanted, NAMES, MAPPING)
    app, _ = world.build(folder, registry, bearer=bearer)
    async with world.asking(app) as client:
        yield Desk(issuer, registry, app, client, now)
