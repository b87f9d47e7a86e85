"""The command, as an operator runs it."""

import asyncio
import os
import sys

import pytest

from tests.capa.world import CONFIG, open_world
from tests.support.postgres import Databases, fresh_database

BASE = {
    "PATH": os.environ.get("PATH", ""),
    "REDRESS_CONFIG_DIR": str(CONFIG),
    "REDRESS_PEPPER": "a pepper for tests that is long enough",
}


async def run(*arguments: str, **environment: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "capa",
        *arguments,
        env=BASE | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        said, _ = await process.communicate()
    return process.returncode, said.decode()


@pytest.mark.parametrize(
    ("role", "environment", "said"),
    [
        ("api", {}, "REDRESS_CAPA_DATABASE_URL"),
        (
            "worker",
            {"REDRESS_DATABASE_URL": "postgresql://u@127.0.0.1:1/d"},
            "REDRESS_LOG_DATABASE_URL is missing",
        ),
    ],
)
async def test_a_missing_setting_ends_the_process_with_one_line_that_names_it(
    role: str, environment: dict[str, str], said: str
) -> None:
    code, output = await run(role, **environment)
    assert (code, said in output, len(output.splitlines())) == (2, True, 1), output


async def test_a_damaged_policy_ends_the_process_with_one_line_that_names_the_file() -> None:
    database = {"REDRESS_DATABASE_URL": "postgresql://u@127.0.0.1:1/d"}
    code, output = await run("api", **database, REDRESS_CAPA_TRIAGE_POLICY="nowhere.toml")
    assert (code, "nowhere.toml cannot be read" in output) == (2, True), output


async def test_an_older_schema_is_refused_and_migrate_brings_it_up(database_url: str) -> None:
    refused = await run("api", REDRESS_DATABASE_URL=database_url)
    migrated = await run("migrate", REDRESS_DATABASE_URL=database_url)
    listed = await run("dead-letters", "list", REDRESS_DATABASE_URL=database_url)
    assert (refused[0], "python -m capa migrate" in refused[1]) == (2, True), refused
    assert (migrated, listed) == ((0, "capa: 0008\n"), (0, "0 event(s)\n"))


async def test_migrate_brings_the_embedded_log_up_too(database_url: str, postgres: Databases) -> None:
    with fresh_database(postgres) as log_url:
        migrated = await run("migrate", REDRESS_DATABASE_URL=database_url, REDRESS_LOG_DATABASE_URL=log_url)
        async with open_world(log_url) as log:
            assert (migrated[0], await log.number_of("log_record")) == (0, 0), migrated
