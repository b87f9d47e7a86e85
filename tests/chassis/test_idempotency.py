import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.auth import Principal
from chassis.database import open_engine
from chassis.idempotency import (
    KeyInUse,
    KeyReused,
    KeyUse,
    Remembered,
    fingerprint,
    idempotency_table,
    parse_key,
    purge,
    read_key,
    recall,
    remember,
)
from chassis.problems import ProblemError, missing_problem_types
from common.actor import Actor

METADATA = MetaData()
TABLE = idempotency_table(METADATA)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
USE = KeyUse("system:crm", "POST", "/v1/complaints", "k-1", fingerprint("POST", "/v1/complaints", b"", b"{}"))
OTHER_BODY = KeyUse(
    "system:crm", "POST", "/v1/complaints", "k-1", fingerprint("POST", "/v1/complaints", b"", b"[]")
)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(database_url, name="tests")
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    yield engine
    await engine.dispose()


async def claim(connection: AsyncConnection, use: KeyUse = USE, resource: str = "c-1") -> Remembered | None:
    return await remember(connection, use, resource_id=resource, status=201, at=NOW)


async def test_a_first_use_goes_on_and_a_second_gets_what_the_first_made(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        assert await claim(connection) is None
    async with engine.begin() as connection:
        assert await claim(connection, resource="c-2") == Remembered("c-1", 201)
        assert await recall(connection, USE) == Remembered("c-1", 201)


async def test_a_key_is_recalled_only_after_it_was_used(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await recall(connection, USE) is None


async def test_the_same_key_for_another_request_is_refused(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await claim(connection)
    async with engine.connect() as connection:
        with pytest.raises(KeyReused):
            await claim(connection, OTHER_BODY)
        with pytest.raises(KeyReused):
            await recall(connection, OTHER_BODY)


@pytest.mark.parametrize(
    "use",
    [
        KeyUse("system:other", USE.method, USE.route, USE.key, USE.fingerprint),
        KeyUse(USE.actor, "PUT", USE.route, USE.key, USE.fingerprint),
        KeyUse(USE.actor, USE.method, "/v1/feedback", USE.key, USE.fingerprint),
        KeyUse(USE.actor, USE.method, USE.route, "k-2", USE.fingerprint),
    ],
)
async def test_a_key_belongs_to_its_actor_method_and_route(engine: AsyncEngine, use: KeyUse) -> None:
    async with engine.begin() as connection:
        await claim(connection)
        assert await claim(connection, use) is None


async def test_a_refused_request_leaves_its_key_unused(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await claim(connection) is None
        await connection.rollback()
        assert await claim(connection) is None


async def test_a_use_under_way_is_waited_for_and_then_replayed(engine: AsyncEngine) -> None:
    async with engine.connect() as first, engine.connect() as second:
        await claim(first)
        waiting = asyncio.create_task(claim(second, resource="c-2"))
        await blocked(engine)
        await first.commit()
        assert await waiting == Remembered("c-1", 201)


async def test_a_use_under_way_that_fails_leaves_the_key_to_who_waits(engine: AsyncEngine) -> None:
    async with engine.connect() as first, engine.connect() as second:
        await claim(first)
        waiting = asyncio.create_task(claim(second, resource="c-2"))
        await blocked(engine)
        await first.rollback()
        assert await waiting is None


async def test_a_use_under_way_for_too_long_is_a_conflict(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.idempotency.LONGEST_WAIT", timedelta(milliseconds=50))
    async with engine.connect() as first, engine.connect() as second:
        await claim(first)
        with pytest.raises(KeyInUse):
            await claim(second)


async def test_the_bound_of_the_wait_is_the_statements_own(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        before = (await connection.execute(text("SHOW lock_timeout"))).scalar_one()
        await claim(connection)
        assert (await connection.execute(text("SHOW lock_timeout"))).scalar_one() == before


async def blocked(engine: AsyncEngine) -> None:
    """Return as soon as some session waits for a lock."""
    async with asyncio.timeout(10), engine.connect() as connection:
        query = text(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        while not (await connection.execute(query)).scalar_one():
            await connection.rollback()
            await asyncio.sleep(0.01)


async def test_many_uses_at_once_have_one_effect(engine: AsyncEngine) -> None:
    async def attempt(number: int) -> bool:
        async with engine.begin() as connection:
            return await claim(connection, resource=f"c-{number}") is None

    assert sum(await asyncio.gather(*(attempt(number) for number in range(12)))) == 1


async def test_old_keys_are_purged_and_newer_ones_kept(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await claim(connection)
        assert await purge(connection, TABLE, NOW) == 0
        assert await purge(connection, TABLE, NOW + timedelta(seconds=1)) == 1
        assert await claim(connection) is None


@pytest.mark.parametrize(
    ("header", "key"), [("8e03", "8e03"), ('"8e03"', "8e03"), ("a" * 255, "a" * 255), (" 8e03\t", "8e03")]
)
def test_a_key_is_read_in_quotes_and_bare(header: str, key: str) -> None:
    assert parse_key([header]) == key


@pytest.mark.parametrize(
    "headers", [[""], ['""'], ["a" * 256], ["a b"], ["é"], ["\x7f"], ['"'], ['a"b'], ["\x85a"], ["a", "b"]]
)
def test_any_other_key_is_400(headers: list[str]) -> None:
    with pytest.raises(ProblemError) as refused:
        parse_key(headers)
    assert (refused.value.status_code, refused.value.errors[0]["parameter"]) == (400, "Idempotency-Key")


def test_a_fingerprint_tells_apart_what_differs_in_any_part() -> None:
    parts = [
        ("POST", "/a", b"", b"x"),
        ("PUT", "/a", b"", b"x"),
        ("POST", "/b", b"", b"x"),
        ("POST", "/a", b"x", b""),
    ]
    assert len({fingerprint(*part) for part in parts}) == len(parts)


def test_both_refusals_have_their_problem_types() -> None:
    assert missing_problem_types((), "chassis") == set()


async def test_a_requests_key_is_scoped_by_actor_and_route_template() -> None:
    app, router = FastAPI(), APIRouter(prefix="/v1")
    seen: list[KeyUse | None] = []
    principal = Principal("id", Actor("system", "crm"), "CRM", frozenset())

    @router.post("/complaints/{number}")
    async def make(request: Request, number: str) -> None:  # noqa: ARG001 - a path parameter
        seen.append(read_key(request, principal, await request.body()))

    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://api") as client:
        for path, headers in (("/v1/complaints/1?a=b", {"Idempotency-Key": '"k"'}), ("/v1/complaints/1", {})):
            await client.post(path, content=b"{}", headers=headers)
    expected = fingerprint("POST", "/v1/complaints/1", b"a=b", b"{}")
    assert seen == [KeyUse("system:crm", "POST", "/v1/complaints/{number}", "k", expected), None]


def test_a_required_key_that_is_absent_is_400() -> None:
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": []})
    with pytest.raises(ProblemError, match="required"):
        read_key(request, Principal("id", Actor("system", "crm"), "CRM", frozenset()), b"", required=True)
