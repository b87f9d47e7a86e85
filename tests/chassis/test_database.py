import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database import DatabaseAway, is_away, is_busy, open_engine, ping, plain_dsn
from local.postgres import Server

NOWHERE = "postgresql://redress@127.0.0.1:1/none"


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(SecretStr(database_url), name="tests", pool_size=1, pool_timeout_seconds=0.2)
    yield engine
    await engine.dispose()


async def failure(engine: AsyncEngine, sql: str = "SELECT 1") -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, is what the tests look at
        async with engine.begin() as connection:
            await connection.execute(text(sql))
    return caught.value


async def setting(engine: AsyncEngine, name: str) -> str:
    async with engine.connect() as connection:
        return str((await connection.execute(text(f"SHOW {name}"))).scalar_one())


@pytest.mark.parametrize(
    ("url", "dsn"),
    [
        ("postgresql://a:b@h:1/d", "postgresql://a:b@h:1/d"),
        ("postgresql+asyncpg://a@/d?host=/run/pg", "postgresql://a@/d?host=/run/pg"),
        ("postgres://h/d", "postgresql://h/d"),
    ],
)
def test_any_spelling_of_the_scheme_is_understood(url: str, dsn: str) -> None:
    assert plain_dsn(SecretStr(url)) == dsn


async def test_every_wait_is_bounded_by_the_server(database_url: str) -> None:
    engine = open_engine(
        database_url,
        name="intake",
        statement_timeout_seconds=7,
        lock_timeout_seconds=3,
        idle_in_transaction_timeout_seconds=11,
    )
    wanted = {
        "application_name": "intake",
        "statement_timeout": "7s",
        "lock_timeout": "3s",
        "idle_in_transaction_session_timeout": "11s",
        "transaction_isolation": "read committed",
        "timezone": "UTC",
    }
    found = {name: await setting(engine, name) for name in wanted}
    await engine.dispose()
    assert found == wanted


async def test_a_server_that_is_not_there_is_away() -> None:
    engine = open_engine(NOWHERE, name="tests")
    error = await failure(engine)
    assert isinstance(error, DatabaseAway)
    assert is_away(error)


async def test_a_missing_socket_is_away(tmp_path: Path) -> None:
    assert is_away(await failure(open_engine(f"postgresql://redress@/db?host={tmp_path}", name="tests")))


async def test_a_server_that_never_answers_is_away_within_the_connect_timeout() -> None:
    held = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await held.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    engine = open_engine(
        f"postgresql://redress@127.0.0.1:{port}/db", name="tests", connect_timeout_seconds=0.2
    )
    assert is_away(await failure(engine))
    held.set()
    server.close()
    await server.wait_closed()


async def test_an_exhausted_pool_is_away_within_the_pool_timeout(engine: AsyncEngine) -> None:
    async with engine.connect():
        assert is_away(await failure(engine))


async def test_too_many_connections_are_away(database_url: str, engine: AsyncEngine) -> None:
    await ping(engine)
    connection = await asyncpg.connect(database_url)
    name = await connection.fetchval("SELECT current_database()")
    # A superuser passes this limit, so another role stands for the service.
    await connection.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
    await connection.execute("DROP ROLE IF EXISTS limited; CREATE ROLE limited LOGIN")
    limited = (
        database_url.replace("//", "//limited@", 1) if "@" not in database_url else _as_role(database_url)
    )
    error = await failure(open_engine(limited, name="tests"))
    await connection.execute("DROP ROLE limited")
    await connection.close()
    assert is_away(error)


def _as_role(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://limited@{rest.split('@', 1)[1]}"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1/0",
        "SELECT nothing",
        "SELECT * FROM nowhere",
        "SELECT 'x'::int",
        "DO $$ BEGIN RAISE 'no'; END $$",
    ],
)
async def test_a_statements_own_error_is_neither_away_nor_busy(engine: AsyncEngine, sql: str) -> None:
    error = await failure(engine, sql)
    assert not is_away(error)
    assert not is_busy(error)


def test_other_errors_of_a_program_are_not_the_databases() -> None:
    assert not any(
        map(is_away, [TimeoutError(), ConnectionRefusedError(), OSError("disk"), ValueError("closed")])
    )


async def test_a_statement_that_takes_too_long_is_busy_and_not_away(database_url: str) -> None:
    engine = open_engine(database_url, name="tests", statement_timeout_seconds=0.1)
    error = await failure(engine, "SELECT pg_sleep(30)")
    await engine.dispose()
    assert is_busy(error)
    assert not is_away(error)


async def test_a_lock_that_is_held_is_busy(database_url: str, engine: AsyncEngine) -> None:
    impatient = open_engine(database_url, name="tests", lock_timeout_seconds=0.1)
    async with engine.begin() as holder:
        await holder.execute(text("SELECT pg_advisory_xact_lock(1)"))
        error = await failure(impatient, "SELECT pg_advisory_xact_lock(1)")
    await impatient.dispose()
    assert is_busy(error)


async def test_a_connection_that_is_cut_in_a_transaction_is_away(
    database_url: str, engine: AsyncEngine
) -> None:
    async with engine.connect() as connection:
        pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        await _terminate(database_url, pid)
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(text("SELECT 1"))
    assert is_away(caught.value)


async def test_a_connection_that_was_cut_while_idle_is_replaced_unnoticed(
    database_url: str, engine: AsyncEngine
) -> None:
    async with engine.connect() as connection:
        pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    await _terminate(database_url, pid)
    await ping(engine)


async def _terminate(url: str, pid: int) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("SELECT pg_terminate_backend($1, 5000)", pid)
    await connection.close()


async def test_a_statement_cut_by_silence_is_away(database_url: str) -> None:
    engine = open_engine(database_url, name="tests", statement_timeout_seconds=0.2)
    async with engine.connect() as connection:
        # The server's own bound is lifted, as if it had stopped working, so that the client's has to do.
        await connection.execute(text("SET statement_timeout = 0"))
        with pytest.raises(DatabaseAway):
            await connection.execute(text("SELECT pg_sleep(60)"))
    await engine.dispose()


async def test_errors_hide_the_values_that_were_sent(engine: AsyncEngine) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT CAST(:name AS text)::int"), {"name": "Ada Lovelace"})
    assert "[SQL parameters hidden" in str(caught.value)


async def test_after_a_restart_of_the_server_the_pool_recovers_by_itself(tmp_path: Path) -> None:
    server = Server(tmp_path / "pg", durable=False, max_connections=10)
    server.start()
    try:
        engine = open_engine(server.url(), name="tests", pool_size=2)
        async with engine.connect(), engine.connect() as second:
            await second.execute(text("SELECT 1"))
        await asyncio.to_thread(server.stop)
        assert is_away(await failure(engine))
        await asyncio.to_thread(server.start)
        async with engine.connect() as first, engine.connect() as second:
            for connection in (first, second):
                assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
        await engine.dispose()
    finally:
        await asyncio.to_thread(server.remove)
