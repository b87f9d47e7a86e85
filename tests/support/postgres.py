"""One throw-away PostgreSQL for the whole test run, and databases on it."""

import json
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from chassis.migrations import migrate
from local import processes
from local.postgres import Server

OUTSIDE = "REDRESS_TEST_DATABASE_URL"
_PREFIX = "redress-test-"
_ENOUGH = 2_000_000_000
"""Free bytes that a run is sure to fit in."""


class Databases(Protocol):
    """A PostgreSQL server as a test sees it."""

    def url(self, database: str = "postgres") -> str:
        """A plain URL of one database."""

    def execute(self, sql: str, *, database: str = "postgres") -> str:
        """Run one statement as an owner of databases."""


class OutsideServer:
    """A server that somebody else runs, reached by the URL of any database on it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, database: str = "postgres") -> str:
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{database}"))

    def execute(self, sql: str, *, database: str = "") -> str:
        return Server.ask(self.url(database) if database else self._url, sql)


@contextmanager
def throwaway_server() -> Iterator[Databases]:
    """The server of this test run: the one that the environment names, else one of our own, gone afterwards."""
    if outside := os.environ.get(OUTSIDE):
        yield OutsideServer(outside)
        return
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_places()[0]))
    folder.chmod(0o711)
    me = processes.find(os.getpid())
    assert me is not None
    (folder / "owner.json").write_text(json.dumps([me.pid, me.started]))
    server = Server(folder / "postgres", durable=False)
    try:
        server.start()
        yield server
    finally:
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(server: Databases, template: str = "template0") -> Iterator[str]:
    """The URL of an empty database, or of a copy of a template; it is dropped afterwards, whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    # Its files are copied: to log each of their pages, as PostgreSQL does unasked, takes twice as long.
    server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    try:
        yield server.url(name)
    finally:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@asynccontextmanager
async def template_of(server: Databases, package: str) -> AsyncIterator[str]:
    """The name of a database with all of a package's migrations, which tests copy their own from."""
    with fresh_database(server) as url:
        await migrate(url, package)
        yield urlsplit(url).path.removeprefix("/")


def _places() -> list[Path]:
    """Where a throw-away server may live, best first: in memory a database is made five times faster."""
    memory, disk = Path("/dev/shm"), Path(tempfile.gettempdir())  # noqa: S108 - mkdtemp makes the name our own
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ENOUGH:
        return [memory, disk]
    return [disk]


def _sweep() -> None:
    """Remove the servers of earlier test runs that were killed before they could clean up."""
    for folder in [found for place in _places() for found in place.glob(f"{_PREFIX}*")]:
        with suppress(OSError, ValueError):
            pid, started = json.loads((folder / "owner.json").read_text())
            if not processes.Process(pid, started).alive:
                Server(folder / "postgres").remove()
                shutil.rmtree(folder, ignore_errors=True)
