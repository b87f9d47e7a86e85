"""A PostgreSQL, services and clients for one measurement, all on loopback and gone afterwards."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.postgres import Server

ROOT = Path(__file__).resolve().parent.parent
PEPPER = "for measurements alone, where it guards nothing"


def free_port() -> int:
    """Find a free port on loopback."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def postgres() -> Iterator[Server]:
    """A PostgreSQL that keeps its promises to the disk, as `make run` has it."""
    with tempfile.TemporaryDirectory(prefix="redress-bench-") as folder:
        Path(folder).chmod(0o711)
        server = Server(Path(folder) / "postgres")
        server.start()
        try:
            yield server
        finally:
            server.remove()


def clean_environment() -> dict[str, str]:
    """The environment without the user's own settings, so that everybody measures the same."""
    return {name: value for name, value in os.environ.items() if not name.startswith("REDRESS_")}


def environment(server: Server, folder: Path, **more: str) -> dict[str, str]:
    """The settings that every measured process gets."""
    return {
        **clean_environment(),
        "REDRESS_PEPPER": PEPPER,
        "REDRESS_KEYS_FILE": str(folder / "keys.json"),
        "REDRESS_CONFIG_DIR": str(ROOT / "config"),
        # With the limits on, so that their cost is measured, and too high to be reached.
        "REDRESS_RATE_LIMIT_READ": "6000000",
        "REDRESS_RATE_LIMIT_WRITE": "6000000",
        "REDRESS_RATE_LIMIT_EXPORT": "6000",
        "REDRESS_RATE_LIMIT_BULK": "6000",
        "REDRESS_INTAKE_DATABASE_URL": server.url("redress_intake"),
        "REDRESS_CAPA_DATABASE_URL": server.url("redress_capa"),
        "REDRESS_NOTIFIER_DATABASE_URL": server.url("redress_notifier"),
        "REDRESS_LOG_DATABASE_URL": server.url("redress_log"),
        **more,
    }


def make_key(folder: Path, *scopes: str, source_system: str | None = None) -> str:
    """Make an API key with these scopes in the file that `environment` names."""
    rights = [word for scope in scopes for word in ("--scope", scope)]
    own = ["--source-system", source_system] if source_system else []
    file = ["--file", str(folder / "keys.json"), "--name", "bench", "--actor", "system:bench"]
    made = subprocess.run(
        [sys.executable, "-m", "chassis.keys", "new", *file, *rights, *own],
        env={**clean_environment(), "REDRESS_PEPPER": PEPPER},
        check=True,
        capture_output=True,
        text=True,
    )
    return next(word for word in made.stdout.split() if word.startswith("redress_"))


def migrate(service: str, variables: Mapping[str, str]) -> None:
    """Bring a service's database, and the embedded log's, to head."""
    subprocess.run(
        [sys.executable, "-m", service, "migrate"],
        env=dict(variables),
        check=True,
        stdout=subprocess.DEVNULL,
    )


@contextmanager
def process(arguments: list[str], variables: Mapping[str, str], *, log: Path, ready: str) -> Iterator[int]:
    """Run a process until the block ends; gives its id once `ready` answers."""
    with log.open("ab") as output:
        running = subprocess.Popen(
            [sys.executable, *arguments], env=dict(variables), stdout=output, stderr=output, cwd=ROOT
        )
        try:
            wait_for(ready, running, log)
            yield running.pid
        finally:
            end(running)


def end(running: "subprocess.Popen[bytes]", *, seconds: float = 20) -> None:
    """Ask a process to end, and kill it where it does not within the bound."""
    running.terminate()
    try:
        running.wait(seconds)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()


def wait_for(url: str, running: "subprocess.Popen[bytes]", log: Path, *, seconds: float = 60) -> None:
    """Wait until the address answers at all; raises with the end of the log where the process ends before."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if running.poll() is not None:
            raise RuntimeError(f"the process ended: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310  (an address of our own)
                return
        except urllib.error.HTTPError as error:
            if error.code != 503:  # noqa: PLR2004  (unready)
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer: {log.read_text()[-2000:]}")


async def load(task: Mapping[str, Any]) -> dict[str, Any]:
    """Have a client process play a task."""
    client = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.client",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        answer, _ = await client.communicate(json.dumps(task).encode())
    finally:
        if client.returncode is None:  # the measurement was given up
            client.kill()
            await client.wait()
    found: dict[str, Any] = json.loads(answer)
    return found
