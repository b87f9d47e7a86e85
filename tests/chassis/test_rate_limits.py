"""How much each key may ask, what its answers say of it, and what is refused."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter
from prometheus_client import CollectorRegistry

from chassis.app import create_app
from chassis.auth import Keyring
from chassis.health import Health
from chassis.keys import create_key
from chassis.rate_limits import RateLimiter
from common.actor import Actor
from common.clock import utc_now
from tests.chassis.world import PEPPER, nested, router

SCOPES = ("things:read", "things:write")


@dataclass
class Seconds:
    """A monotonic clock that stands still until it is moved."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Api:
    client: httpx.AsyncClient
    keys: dict[str, str]
    clock: Seconds
    registry: CollectorRegistry

    async def read(self, who: str = "one") -> httpx.Response:
        path = "/v1/things/0199f0c2-d5a1-7c3e-8f4b-2a6d9c1e7f30"
        return await self.client.get(path, headers={"X-API-Key": self.keys[who]})

    async def write(self, who: str = "one") -> httpx.Response:
        return await self.client.post("/v1/light", json={"name": "x"}, headers={"X-API-Key": self.keys[who]})

    def limited(self, policy: str) -> float:
        value = self.registry.get_sample_value("http_requests_limited_total", {"policy": policy})
        assert value is not None
        return value


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    file, clock, registry = tmp_path / "keys.json", Seconds(), CollectorRegistry()
    keys = {
        who: create_key(file, PEPPER, name=who, actor=Actor("system", who), scopes=SCOPES, at=utc_now())[0]
        for who in ("one", "two")
    }
    limiter = RateLimiter(
        {"read": 3, "write": 0, "bulk": 1},
        {"GET /v1/unread": "bulk"},
        seconds=clock,
        registry=registry,
    )
    outer = APIRouter(prefix="/v1")
    outer.include_router(nested)
    app = create_app(
        title="t",
        version="1",
        description="d",
        routers=[router, outer],
        health=Health({}),
        keyring=Keyring(file, PEPPER),
        limiter=limiter,
        registry=registry,
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://api.test"
    ) as client:
        yield Api(client, keys, clock, registry)


async def test_every_answer_says_what_the_key_may_ask_and_what_is_left(api: Api) -> None:
    first, second = await api.read(), await api.read()
    assert first.headers["ratelimit-policy"] == '"read";q=3;w=60'
    assert [one.headers["ratelimit"] for one in (first, second)] == ['"read";r=2;t=20', '"read";r=1;t=40']


async def test_a_key_that_has_used_up_its_requests_is_told_when_to_go_on(api: Api) -> None:
    for _ in range(3):
        assert (await api.read()).status_code == 200
    refused = await api.read()
    problem = refused.json()
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "20")
    assert refused.headers["ratelimit"] == '"read";r=0;t=20'
    assert problem["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert problem["violated-policies"] == ["read"]
    assert api.limited("read") == 1


async def test_after_the_time_it_was_told_it_may_go_on_and_asking_meanwhile_costs_nothing(api: Api) -> None:
    for _ in range(3):
        await api.read()
    for _ in range(5):
        assert (await api.read()).status_code == 429
    api.clock.now += 20
    assert [(await api.read()).status_code, (await api.read()).status_code] == [200, 429]


async def test_a_bucket_holds_no_more_than_a_minutes_requests(api: Api) -> None:
    api.clock.now += 86_400
    assert [(await api.read()).status_code for _ in range(4)] == [200, 200, 200, 429]


async def test_keys_count_apart(api: Api) -> None:
    for _ in range(3):
        await api.read("one")
    assert [(await api.read("one")).status_code, (await api.read("two")).status_code] == [429, 200]


async def test_a_limit_of_none_limits_nothing_and_says_nothing(api: Api) -> None:
    answers = [await api.write() for _ in range(10)]
    assert {answer.status_code for answer in answers} == {201}
    assert "ratelimit" not in answers[0].headers


async def test_whoever_is_not_let_in_takes_nothing_from_anybody(api: Api) -> None:
    path = "/v1/things/0199f0c2-d5a1-7c3e-8f4b-2a6d9c1e7f30"
    for _ in range(5):
        assert (await api.client.get(path, headers={"X-API-Key": "nonsense"})).status_code == 401
    assert (await api.read()).headers["ratelimit"] == '"read";r=2;t=20'


async def test_probes_and_documents_are_not_limited(api: Api) -> None:
    for path in ("/health/live", "/openapi.json"):
        answer = await api.client.get(path)
        assert (answer.status_code, "ratelimit" in answer.headers) == (200, False)


def test_a_full_memory_forgets_the_oldest_and_never_refuses_for_it() -> None:
    limiter = RateLimiter({"read": 1}, seconds=Seconds(), registry=CollectorRegistry())
    limiter._names["GET", None] = "read"
    for number in range(20_050):
        limiter.admit({"method": "GET"}, f"key-{number}")
    assert len(limiter._full_at) == 20_000
