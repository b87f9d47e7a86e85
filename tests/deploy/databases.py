"""PostgreSQL as docker-compose.yml has it: its own passwords, databases and roles, made by the same two scripts."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.postgres import SUPERUSER, Server, _binaries
from tests.deploy.compose.document import ROOT


@dataclass(frozen=True, slots=True)
class MadeDatabases:
    """A server that asks for passwords on loopback, and the folder of the secrets."""

    server: Server
    secrets: Path
    port: int

    def secret(self, name: str) -> str:
        return (self.secrets / name).read_text().strip()

    def url(self, service: str) -> str:
        """The URL in the service's secret file, with this server's address in place of compose's."""
        url = self.secret(f"redress_{service}_database_url")
        assert "@postgres:5432/" in url
        return url.replace("@postgres:5432/", f"@127.0.0.1:{self.port}/")

    def login(self, user: str, password: str, database: str) -> str:
        """Ask who is logged in; PostgresError where the server refuses."""
        return Server.ask(
            f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}", "SELECT current_user"
        )


@contextmanager
def made_databases(folder: Path) -> Iterator[MadeDatabases]:
    """Make secrets and databases by the scripts that compose uses; the server is gone afterwards."""
    secrets = folder / "secrets"
    make_secrets(secrets)
    server = Server(folder / "postgres", durable=False)
    server.start()
    try:
        _run_script(server, secrets)
        port = _listen_with_passwords(server)
        yield MadeDatabases(server, secrets, port)
    finally:
        server.remove()


def make_secrets(folder: Path) -> str:
    made = subprocess.run(
        [ROOT / "deploy/docker/secrets.sh", folder], check=True, capture_output=True, text=True, timeout=30
    )
    return made.stdout


def _run_script(server: Server, secrets: Path) -> None:
    host, port = (part.split("=")[1] for part in server.url().partition("?")[2].split("&"))
    subprocess.run(
        [ROOT / "deploy/docker/databases.sh"],
        env={
            "PATH": f"{_binaries()}:{os.environ['PATH']}",
            "PGHOST": host,
            "PGPORT": port,
            "POSTGRES_USER": SUPERUSER,
            "PASSWORDS_DIR": str(secrets),
        },
        check=True,
        timeout=60,
    )


def _listen_with_passwords(server: Server) -> int:
    """Have the server listen on a free port of loopback, with passwords as in the image."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = int(held.getsockname()[1])
    server.execute("ALTER SYSTEM SET listen_addresses = '127.0.0.1'")
    server.execute(f"ALTER SYSTEM SET port = {port}")
    rules = server.folder / "pg_hba.conf"
    rules.write_text(f"local all {SUPERUSER} trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
    server.stop()
    server.start()
    return port
