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


def environment(server: Server, folder: Path, **more: str) -> dict[str, str]:
    """The settings that every measured process gets."""
    return {
        **os.environ,
        "REDRESS_PEPPER": PEPPER,
        "REDRESS_KEYS_FILE": str(folder / "keys.json"),
        "REDRESS_CONFIG_DIR": str(ROOT / "config"),
        "REDRESS_INTAKE_DATABASE_URL": server.url("redress_intake"),
        "REDRESS_CAPA_DATABASE_URL": server.url("redress_capa"),
        "REDRESS_NOTIFIER_DATABASE_URL": server.url("redress_notifier"),
        "REDRESS_LOG_DATABASE_URL": server.url("redress_log"),
        **more,
    }


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
            running.terminate()
            running.wait(20)


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
    answer, _ = await client.communicate(json.dumps(task).encode())
    found: dict[str, Any] = json.loads(answer)
    return found
