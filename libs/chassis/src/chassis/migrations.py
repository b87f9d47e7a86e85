"""Bringing a service's own database to head, and refusing to run on an older one.

A package's migrations lie in `<package>/migrations`, which is no package and travels in the wheel. Its `env.py` reads:

    from chassis.migrations import run_env
    from intake.db.tables import metadata

    run_env(metadata)

For developers: `python -m chassis.migrations revision intake "add the source's own time"`, `… check intake`,
`… upgrade intake`, each on the database of `--url` or `REDRESS_INTAKE_DATABASE_URL`.
"""

import argparse
import asyncio
import hashlib
import importlib.util
import os
import re
import shutil
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import SecretStr
from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.database import is_away, open_engine
from chassis.settings import CannotStart, ServiceSettings

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

# Alembic is loaded where it is needed: a service that finds its schema current does without, and without its memory.

WAIT_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.5
_STATEMENT_TIMEOUT_SECONDS: Final = 3600.0
_FILE_TEMPLATE: Final = "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(rev)s_%%(slug)s"
_ASSIGNED: Final = re.compile(r"^(revision|down_revision)\b[^=\n]*=([^\n]*)$", re.MULTILINE)
_NAMED: Final = re.compile(r"[\"']([^\"']+)[\"']")
_TEMPLATE: Final = Path(__file__).with_name("script.py.mako")

T = TypeVar("T")


class SchemaBehind(CannotStart):
    """The database lacks migrations that this release needs."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"The database of {package} has an older schema: run `python -m {package} migrate` first."
        )


async def migrate(url: str | SecretStr, package: str, *, wait_seconds: float = WAIT_SECONDS) -> str:
    """Run the package's migrations up to head and tell the revision; safe to run from several places at once.

    Waits up to `wait_seconds` for a database that is not up yet and as long again for another migration under way,
    then raises CannotStart.
    """
    from alembic import command

    async with _exclusive(url, package, wait_seconds) as connection:
        await _run(connection, package, lambda config: command.upgrade(config, "head"))
    return ",".join(_scripts(package).get_heads())


async def migrate_service(settings: ServiceSettings, package: str, *, log_package: str) -> tuple[str, ...]:
    """Bring a service's own database to head, and the embedded log's where it is used; a line for each."""
    lines = [f"{package}: {await migrate(settings.database_url, package)}"]
    if settings.transport == "embedded" and settings.log_database_url is not None:
        lines.append(f"{log_package}: {await migrate(settings.log_database_url, log_package)}")
    return tuple(lines)


async def schema_is_current(engine: AsyncEngine, package: str) -> bool:
    """Tell whether the database has all of the package's migrations; one that is ahead of this release has."""
    async with engine.connect() as connection:
        found = await connection.run_sync(_versions)
    return heads_of(migrations_folder(package)) <= set(found) or _has_all(package, found)


async def require_schema(engine: AsyncEngine, package: str, *, wait_seconds: float = WAIT_SECONDS) -> None:
    """Return on a current schema; raises SchemaBehind on an older one, CannotStart when the database stays away."""
    if not await _once_up(lambda: schema_is_current(engine, package), package, wait_seconds):
        raise SchemaBehind(package)


def run_env(metadata: MetaData) -> None:
    """Do what an `env.py` does, on the connection that `migrate` and the developer's commands hand over."""
    from alembic import context
    from alembic.util import CommandError

    connection: Connection | None = context.config.attributes.get("connection")
    if connection is None:
        raise CommandError(
            "run `python -m <service> migrate` or `python -m chassis.migrations`, not alembic itself"
        )
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def migrations_folder(package: str) -> Path:
    """Find the folder inside an installed package, without importing the package."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise CannotStart(f"The package {package} is not installed: install it, or correct its name.")
    return Path(found.submodule_search_locations[0]) / "migrations"


async def make_revision(url: str | SecretStr, package: str, message: str) -> Path:
    """Write a revision with what the tables in code have and the database at head has not; give its file."""
    from alembic import command

    folder = migrations_folder(package)
    (folder / "versions").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_TEMPLATE, folder / _TEMPLATE.name)
    made: list[Path] = []

    def revise(config: "Config") -> None:
        script = command.revision(config, message, autogenerate=True)
        if script is not None and not isinstance(script, list):
            made.append(Path(script.path))

    async with _exclusive(url, package, WAIT_SECONDS) as connection:
        await _run(connection, package, revise)
    _scripts.cache_clear()
    return made[0]


async def check_migrations(url: str | SecretStr, package: str) -> str:
    """Compare the tables in code with a database at head: gives the differences, or an empty text."""
    from alembic import command
    from alembic.util import AutogenerateDiffsDetected

    async with _exclusive(url, package, WAIT_SECONDS) as connection:
        try:
            await _run(connection, package, command.check)
        except AutogenerateDiffsDetected as difference:
            return str(difference)
    return ""


def heads_of(folder: Path) -> set[str]:
    """Name the newest revisions in a folder of migrations, as their files say it, without running them."""
    revisions, replaced = set[str](), set[str]()
    for file in (folder / "versions").glob("*.py"):
        for name, value in _ASSIGNED.findall(file.read_text(encoding="utf-8")):
            (revisions if name == "revision" else replaced).update(_NAMED.findall(value))
    return revisions - replaced


def _versions(connection: Connection) -> Sequence[str]:
    if not inspect(connection).has_table("alembic_version"):
        return ()
    return connection.scalars(text("SELECT version_num FROM alembic_version")).all()


def _has_all(package: str, found: Sequence[str]) -> bool:
    from alembic.script.revision import ResolutionError
    from alembic.util import CommandError

    scripts = _scripts(package)
    heads = set(scripts.get_heads())
    if heads <= set(found):
        return True
    try:
        scripts.get_revisions(tuple(found))
    except (ResolutionError, CommandError):
        return True  # a later release made this schema, and migrations keep the release before them working
    return False


@lru_cache
def _scripts(package: str) -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config(package))


def _config(package: str) -> "Config":
    from alembic.config import Config

    config = Config(stdout=sys.stderr)
    config.set_main_option("script_location", str(migrations_folder(package)).replace("%", "%%"))
    config.set_main_option("file_template", _FILE_TEMPLATE)
    config.set_main_option("timezone", "UTC")
    return config


async def _run(connection: AsyncConnection, package: str, do: "Callable[[Config], None]") -> None:
    def with_connection(sync: Connection) -> None:
        config = _config(package)
        config.attributes["connection"] = sync
        do(config)

    await connection.run_sync(with_connection)
    await connection.commit()


@asynccontextmanager
async def _exclusive(
    url: str | SecretStr, package: str, wait_seconds: float
) -> AsyncIterator[AsyncConnection]:
    migrations_folder(package)  # a wrong name is said at once, without waiting for a database
    engine = open_engine(
        url,
        name=f"{package}-migrate",
        pool_size=1,
        statement_timeout_seconds=_STATEMENT_TIMEOUT_SECONDS,
        idle_in_transaction_timeout_seconds=_STATEMENT_TIMEOUT_SECONDS,
    )
    try:
        connection = await _once_up(lambda: _connect(engine), package, wait_seconds)
        try:
            await _lock(connection, package, wait_seconds)
            yield connection
        finally:
            # The lock belongs to the connection, which is closed and not given back.
            await connection.invalidate()
            await connection.close()
    finally:
        await engine.dispose()


async def _connect(engine: AsyncEngine) -> AsyncConnection:
    return await engine.connect()


async def _lock(connection: AsyncConnection, package: str, wait_seconds: float) -> None:
    key = int.from_bytes(hashlib.sha256(f"redress migrations {package}".encode()).digest()[:8], signed=True)
    until = time.monotonic() + wait_seconds
    while True:
        taken = (
            await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key})
        ).scalar_one()
        await connection.commit()
        if taken:
            return
        if time.monotonic() >= until:
            raise CannotStart(
                f"Another migration of {package} is still running: wait for it and start again."
            )
        await asyncio.sleep(_PAUSE_SECONDS)


async def _once_up(ask: Callable[[], Awaitable[T]], package: str, wait_seconds: float) -> T:
    until = time.monotonic() + wait_seconds
    while True:
        try:
            return await ask()
        except Exception as error:
            if not is_away(error):
                raise
            if time.monotonic() >= until:
                own = f"REDRESS_{package.rpartition('.')[2].upper()}_DATABASE_URL"
                raise CannotStart(
                    f"The database of {package} did not answer for {wait_seconds:g} s: start it, or correct {own}."
                ) from error
        await asyncio.sleep(_PAUSE_SECONDS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a developer's command."""
    from alembic.util import CommandError

    parser = argparse.ArgumentParser(
        prog="python -m chassis.migrations", description=(__doc__ or "").split("\n")[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in (
        (
            "revision",
            "write a revision from the difference between the tables in code and the database at head",
        ),
        ("check", "fail where a database at head differs from the tables in code"),
        ("upgrade", "bring the database to head"),
    ):
        one = commands.add_parser(name, help=purpose)
        one.add_argument("package", help="such as intake")
        one.add_argument("--url", help="database; else REDRESS_<PACKAGE>_DATABASE_URL")
        if name == "revision":
            one.add_argument("message", help="what it does, in a few words")
    given = parser.parse_args(arguments)
    url = given.url or os.environ.get(f"REDRESS_{given.package.upper()}_DATABASE_URL", "")
    if not url:
        parser.error(f"give --url or set REDRESS_{given.package.upper()}_DATABASE_URL")
    try:
        return asyncio.run(_obey(given.command, url, given.package, getattr(given, "message", "")))
    except (CannotStart, CommandError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


async def _obey(name: str, url: str, package: str, message: str) -> int:
    match name:
        case "revision":
            sys.stdout.write(f"{await make_revision(url, package, message)}\n")
        case "check":
            difference = await check_migrations(url, package)
            sys.stdout.write(f"{difference or 'no difference'}\n")
            return 1 if difference else 0
        case _:
            sys.stdout.write(f"{await migrate(url, package)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
