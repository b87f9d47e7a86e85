"""The whole system as `make run` starts it, with a home and ports of its own."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import ROOT, clean_environment
from local.plan import PORTS
from local.postgres import Server

UP_WITHIN: Final = 120.0
DOWN_WITHIN: Final = 20.0


class System:
    """PostgreSQL, mailbox and the three services, each a process."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self._home = home
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start everything; gives the seconds until all is ready."""
        began = time.perf_counter()
        with (self._home.parent / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local", "up"],
                env=self._environment,
                stdout=output,
                stderr=output,
                cwd=ROOT,
                start_new_session=True,
            )
        while not (self._home / "run.json").exists():
            if self._process.poll() is not None or time.perf_counter() - began > UP_WITHIN:
                raise RuntimeError(f"the system did not come up:\n{self._output()}")
            time.sleep(0.01)
        return time.perf_counter() - began

    def stop(self) -> None:
        """Stop everything as Ctrl-C does; the data stay."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(DOWN_WITHIN)

    def remove(self) -> None:
        """Stop whatever still runs and delete the data."""
        self.stop()
        subprocess.run(
            [sys.executable, "-m", "local", "reset", "--yes"],
            env=self._environment,
            cwd=ROOT,
            check=False,
            capture_output=True,
            timeout=60,
        )

    def url(self, service: str) -> str:
        """Tell where a service answers."""
        return str(self._described["services"][service]["url"])

    def key(self, role: str) -> str:
        """Tell the API key of a role."""
        return str(self._described["keys"][role])

    def pids(self) -> Mapping[str, int]:
        """Tell the process of each part by its name; PostgreSQL's is that of the first of several."""
        if self._process is None:
            raise RuntimeError("the system is not up")
        record = json.loads((self._home / "processes.json").read_text())
        postgres = self.server.pid
        found = {"supervisor": self._process.pid, **{name: int(entry[0]) for name, entry in record.items()}}
        return found if postgres is None else found | {"PostgreSQL": postgres}

    @property
    def server(self) -> Server:
        """The PostgreSQL of this system."""
        return Server(self._home / "postgres")

    @property
    def _described(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads((self._home / "run.json").read_text())
        return found

    def _output(self) -> str:
        return (self._home.parent / "output.txt").read_text()[-3000:]


@contextmanager
def system(*, kafka: str | None = None) -> Iterator[System]:
    """Prepare a system on the embedded log, or on the brokers named; stopped and removed when the block ends."""
    with tempfile.TemporaryDirectory(prefix="redress-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as another user where this process is root
        environment = {**clean_environment(), **_free_ports(), "REDRESS_HOME": str(folder / "home")}
        if kafka is not None:
            environment |= {"REDRESS_TRANSPORT": "kafka", "REDRESS_KAFKA_BOOTSTRAP_SERVERS": kafka}
        prepared = System(folder / "home", environment)
        try:
            yield prepared
        finally:
            prepared.remove()


def _free_ports() -> dict[str, str]:
    with ExitStack() as stack:
        # Held together, so that no two of them are the same.
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in PORTS]
        return {name: str(each.getsockname()[1]) for name, each in zip(PORTS, held, strict=True)}
