"""The scripts that make compose's secrets, databases and roles, run against a real PostgreSQL."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.migrations import migrate
from local.postgres import PostgresError
from tests.deploy.compose.document import SERVICES, read_compose
from tests.deploy.databases import MadeDatabases, made_databases, make_secrets


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeDatabases]:
    with made_databases(tmp_path_factory.mktemp("compose")) as made:
        yield made


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_logs_in_by_its_secret_and_its_migrations_need_no_superuser(
    service: str, databases: MadeDatabases
) -> None:
    assert await migrate(databases.url(service), service)
    known = databases.server.execute(
        "SELECT rolname FROM pg_roles WHERE rolsuper OR rolcreatedb OR rolcreaterole"
    )
    assert f"redress_{service}" not in known.split()


def test_a_service_enters_no_database_but_its_own(databases: MadeDatabases) -> None:
    for service in SERVICES:
        password = databases.secret(f"{service}_database_password")
        for other in SERVICES:
            if other == service:
                assert (
                    databases.login(f"redress_{service}", password, f"redress_{other}")
                    == f"redress_{service}"
                )
            else:
                with pytest.raises(PostgresError, match="permission denied for database"):
                    databases.login(f"redress_{service}", password, f"redress_{other}")


def test_a_wrong_password_is_refused(databases: MadeDatabases) -> None:
    with pytest.raises(PostgresError, match="password authentication failed"):
        databases.login("redress_intake", databases.secret("capa_database_password"), "redress_intake")


def test_the_monitor_reads_statistics_and_no_data(databases: MadeDatabases) -> None:
    password = databases.secret("monitor_database_password")
    assert databases.login("redress_monitor", password, "postgres") == "redress_monitor"
    with pytest.raises(PostgresError, match="permission denied for database"):
        databases.login("redress_monitor", password, "redress_intake")


def test_secrets_are_made_once_each_of_its_own_and_kept_from_others(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets(folder)
    first = {file.name: file.read_text() for file in folder.iterdir()}
    (folder / "grafana_admin_password").unlink()
    assert make_secrets(folder).splitlines() == [f"made {folder}/grafana_admin_password"]
    again = {file.name: file.read_text() for file in folder.iterdir()}
    changed = {name for name in first if first[name] != again[name]}
    random = [text for name, text in first.items() if name.endswith(("password", "pepper")) and text.strip()]
    assert changed == {"grafana_admin_password"}
    assert len(set(random)) == len(random) == 7
    assert {len(text) for text in random} == {65}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_every_secret_of_compose_is_made(tmp_path: Path) -> None:
    make_secrets(tmp_path / "secrets")
    made = {file.name for file in (tmp_path / "secrets").iterdir()}
    assert {Path(secret["file"]).name for secret in read_compose()["secrets"].values()} == made
