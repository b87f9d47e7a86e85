"""The way to PostgreSQL: engines that recover by themselves, and the difference between away and wrong."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final, cast
from urllib.parse import urlsplit

import asyncpg
from pydantic import SecretStr
from sqlalchemy import event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from chassis.tracing import tracer
from chassis.transactions import record_transactions

CONNECT_TIMEOUT_SECONDS: Final = 3.0
# The client gives up a little after the server would have, so that only a server that fell silent is given up on.
_GRACE_SECONDS: Final = 3.0
_SILENT: Final = "PostgreSQL fell silent in the middle of a statement"

# SQLSTATE of a server that cannot serve, in contrast to a statement that is at fault: class 08 connection exceptions,
# class 53 insufficient resources (too many connections, disk full), class 58 system errors, the shutdowns of class 57,
# and 25006, which a former primary answers to writes after a failover.
_AWAY_CLASSES: Final = ("08", "53", "58")
_AWAY_STATES: Final = frozenset({"57P01", "57P02", "57P03", "57P05", "25006", "25P03"})

# Lock wait over, deadlock, serialization failure, statement timeout: the same request may succeed when sent again.
_BUSY_STATES: Final = frozenset({"55P03", "40P01", "40001", "57014"})


class DatabaseAway(ConnectionError):
    """No connection to PostgreSQL could be made, or it fell silent in the middle of a statement."""


def open_engine(
    url: str | SecretStr,
    *,
    name: str,
    pool_size: int = 4,
    pool_timeout_seconds: float = 2.0,
    statement_timeout_seconds: float = 10.0,
    lock_timeout_seconds: float = 5.0,
    idle_in_transaction_timeout_seconds: float = 30.0,
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
) -> AsyncEngine:
    """Make an engine over asyncpg, READ COMMITTED, that connects on first use and has every wait bounded.

    After a restart of PostgreSQL its dead connections are noticed when they are taken from the pool, without the round
    trip of a ping, and replaced; while there is none to be had, DatabaseAway is raised within the connect timeout.
    """
    dsn = plain_dsn(url)
    server_settings = {
        "application_name": name,
        "statement_timeout": _milliseconds(statement_timeout_seconds),
        "lock_timeout": _milliseconds(lock_timeout_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(idle_in_transaction_timeout_seconds),
        "default_transaction_isolation": "read committed",
        "timezone": "UTC",
    }

    async def connect(**_: Any) -> asyncpg.Connection:
        try:
            return await asyncpg.connect(
                dsn,
                timeout=connect_timeout_seconds,
                command_timeout=statement_timeout_seconds + _GRACE_SECONDS,
                server_settings=server_settings,
            )
        except (OSError, TimeoutError) as error:
            raise DatabaseAway(f"PostgreSQL cannot be reached: {_reason(error)}") from error

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout_seconds,
        pool_use_lifo=True,
        hide_parameters=True,  # parameters are personal data, and errors are logged
    )
    event.listen(engine.sync_engine, "checkout", _refuse_dead_connection)
    event.listen(engine.sync_engine, "handle_error", _name_silence)
    if tracer().recording:
        record_transactions(engine, urlsplit(dsn).path.lstrip("/"))
    return engine


def plain_dsn(url: str | SecretStr) -> str:
    """Give the URL as asyncpg and libpq read it, whichever driver it names; a unix socket's `?host=` stays."""
    plain = url.get_secret_value() if isinstance(url, SecretStr) else url
    scheme, separator, rest = plain.partition("://")
    return (
        f"postgresql://{rest}" if separator and scheme.split("+")[0] in {"postgresql", "postgres"} else plain
    )


async def ping(engine: AsyncEngine) -> None:
    """Ask the database for a sign of life; raises what keeps it from answering."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))


class DriverConnection:
    """A pooled connection as the driver itself has it: statements with `$1`, rows as tuples."""

    def __init__(self, connection: AsyncConnection, driver: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection
        self._driver = driver

    async def fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """Run one statement, which is a transaction of its own, and give its rows.

        Errors are the driver's, but for DatabaseAway where PostgreSQL fell silent.
        """
        try:
            return await self._driver.fetch(statement, *values)
        except TimeoutError as error:
            await self._connection.invalidate()
            raise DatabaseAway(_SILENT) from error
        except asyncio.CancelledError:
            # Nobody knows how far the statement came.
            await self._connection.invalidate()
            raise


@asynccontextmanager
async def driver_connection(engine: AsyncEngine) -> AsyncIterator[DriverConnection]:
    """Take a connection from the pool for one statement after another, where every microsecond counts."""
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        yield DriverConnection(connection, cast("asyncpg.Connection[asyncpg.Record]", driver))


def is_away(error: BaseException) -> bool:
    """Tell a database that cannot be reached, is shutting down or is full from a statement's own error."""
    return any(_is_away(cause) for cause in _causes(error))


def is_busy(error: BaseException) -> bool:
    """Tell whether a lock, a deadlock or a timeout stopped the statement, so that a retry may succeed."""
    return any(getattr(cause, "sqlstate", None) in _BUSY_STATES for cause in _causes(error))


def _is_away(error: BaseException) -> bool:
    if isinstance(error, DatabaseAway | PoolTimeoutError | asyncpg.ConnectionDoesNotExistError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, asyncpg.InterfaceError):
        return "closed" in str(error)
    state = getattr(error, "sqlstate", None)
    return isinstance(state, str) and (state in _AWAY_STATES or state.startswith(_AWAY_CLASSES))


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = getattr(link, "orig", None) or link.__cause__


def _refuse_dead_connection(dbapi_connection: Any, _record: Any, _proxy: Any) -> None:
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError("PostgreSQL closed this connection while it was idle")


def _name_silence(context: ExceptionContext) -> None:
    # asyncpg's own command timeout is a bare TimeoutError, which nobody could tell from another one further up.
    if isinstance(context.original_exception, asyncio.TimeoutError):
        context.is_disconnect = True
        raise DatabaseAway(_SILENT) from context.original_exception


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
