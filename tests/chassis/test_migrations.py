import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database import open_engine
from chassis.migrations import (
    SchemaBehind,
    check_migrations,
    heads_of,
    main,
    make_revision,
    migrate,
    migrations_folder,
    require_schema,
    schema_is_current,
)
from chassis.settings import CannotStart

ENV = """\
from chassis.migrations import run_env
from sqlalchemy import Column, Integer, MetaData, Table, Text

metadata = MetaData()
Table("thing", metadata, Column("id", Integer, primary_key=True), Column("name", Text, nullable=False))
run_env(metadata)
"""
AWAY = "postgresql://redress@127.0.0.1:1/none"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    name = re.sub(r"\W", "_", f"service_{request.node.name}")[:50]
    (tmp_path / name / "migrations").mkdir(parents=True)
    (tmp_path / name / "__init__.py").touch()
    (tmp_path / name / "migrations" / "env.py").write_text(ENV)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    sys.modules.pop(name, None)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(database_url, name="tests")
    yield engine
    await engine.dispose()


async def columns(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'thing' ORDER BY 1"
    )
    await connection.close()
    return [row[0] for row in rows]


async def test_a_revision_is_written_from_the_tables_and_brings_a_database_to_head(
    database_url: str, engine: AsyncEngine, package: str
) -> None:
    file = await make_revision(database_url, package, "Add the thing")
    assert re.fullmatch(r"\d{8}_\d{4}_[0-9a-f]{12}_add_the_thing\.py", file.name)
    assert "SET LOCAL lock_timeout = '5s'" in file.read_text()
    assert not await schema_is_current(engine, package)
    head = await migrate(database_url, package)
    assert head in file.name
    assert await columns(database_url) == ["id", "name"]
    assert await schema_is_current(engine, package)
    assert await check_migrations(database_url, package) == ""


async def test_a_difference_between_tables_and_migrations_is_found(database_url: str, package: str) -> None:
    await make_revision(database_url, package, "Add the thing")
    await migrate(database_url, package)
    connection = await asyncpg.connect(database_url)
    await connection.execute("ALTER TABLE thing ADD COLUMN stray int")
    await connection.close()
    assert "stray" in await check_migrations(database_url, package)


async def test_a_process_refuses_an_older_schema_and_says_what_to_run(
    database_url: str, engine: AsyncEngine, package: str
) -> None:
    await make_revision(database_url, package, "Add the thing")
    with pytest.raises(SchemaBehind, match=f"python -m {package} migrate"):
        await require_schema(engine, package)
    await migrate(database_url, package)
    await require_schema(engine, package)


async def test_a_schema_of_a_later_release_serves(
    database_url: str, engine: AsyncEngine, package: str
) -> None:
    await make_revision(database_url, package, "Add the thing")
    await migrate(database_url, package)
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    await connection.close()
    assert await schema_is_current(engine, package)


async def test_migrating_from_several_places_at_once_works(database_url: str, package: str) -> None:
    await make_revision(database_url, package, "Add the thing")
    heads = await asyncio.gather(*(migrate(database_url, package) for _ in range(3)))
    assert len(set(heads)) == 1
    assert await columns(database_url) == ["id", "name"]


async def test_the_wait_for_another_migration_is_bounded(database_url: str, package: str) -> None:
    await make_revision(database_url, package, "Add the thing")
    connection = await asyncpg.connect(database_url)
    import hashlib

    digest = hashlib.sha256(f"redress migrations {package}".encode()).digest()
    await connection.execute("SELECT pg_advisory_lock($1)", int.from_bytes(digest[:8], signed=True))
    with pytest.raises(CannotStart, match="still running"):
        await migrate(database_url, package, wait_seconds=0.1)
    await connection.close()
    assert await migrate(database_url, package)


async def test_the_wait_for_a_database_is_bounded(package: str) -> None:
    with pytest.raises(CannotStart, match=r"did not answer for 0\.1 s.*_DATABASE_URL"):
        await migrate(AWAY, package, wait_seconds=0.1)


async def test_a_failed_revision_changes_nothing_and_keeps_those_before_it(
    database_url: str, package: str
) -> None:
    first = await make_revision(database_url, package, "Add the thing")
    await migrate(database_url, package)
    revision = first.name.split("_")[2]
    broken = (
        f'"""broken"""\nfrom alembic import op\nrevision = "b"\ndown_revision = "{revision}"\n'
        "def upgrade():\n    op.execute('ALTER TABLE thing ADD COLUMN half int')\n    op.execute('SELECT 1/0')\n"
    )
    (first.parent / "broken.py").write_text(broken)
    from chassis.migrations import _scripts

    _scripts.cache_clear()
    with pytest.raises(Exception, match="division by zero"):
        await migrate(database_url, package)
    assert await columns(database_url) == ["id", "name"]


def test_a_package_that_is_not_installed_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["upgrade", "no_such_service", "--url", AWAY]) == 2
    assert "not installed" in capsys.readouterr().err


def test_the_developers_commands_work(
    database_url: str, package: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [package, "--url", database_url]
    assert main(["revision", *given, "Add the thing"]) == 0
    assert main(["upgrade", *given]) == 0
    assert main(["check", *given]) == 0
    assert "no difference" in capsys.readouterr().out


@pytest.mark.parametrize("package_of", ["intake", "capa", "notifier", "events.log"])
def test_the_newest_revisions_are_those_that_alembic_finds(package_of: str) -> None:
    folder = migrations_folder(package_of)
    scripts = ScriptDirectory(str(folder))
    assert heads_of(folder) == set(scripts.get_heads()) != set()


def test_branches_and_merges_of_revisions_are_understood(tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    for name, former in (
        ("a", "None"),
        ("b", "'a'"),
        ("c", '"a"'),
        ("d", "('b', \"c\")"),
        ("e", "'d'"),
        ("f", "'d'"),
    ):
        text = f'"""revision = not this."""\n\nrevision: str = "{name}"\ndown_revision = {former}\nbranch_labels = None\n'
        (versions / f"{name}.py").write_text(text)
    assert heads_of(tmp_path) == {"e", "f"}
    (versions / "e.py").unlink()
    (versions / "f.py").unlink()
    assert heads_of(tmp_path) == {"d"}


@pytest.mark.parametrize("service", ["intake", "capa", "notifier"])
def test_what_a_running_service_does_not_need_is_not_loaded(service: str) -> None:
    code = f"import sys, {service}.main, {service}.__main__; print({{'alembic', 'mako', 'jwt', 'aiokafka', 'scipy'}} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout == "set()\n"
