"""Tell whether a process id still means the process that was written down."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_LINUX: bool = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class Process:
    """A process id with the moment it began, so that a reused id is not taken for the same process."""

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        return find(self.pid) == self


def find(pid: int) -> Process | None:
    """Return the running process with this id, or None; a zombie counts as gone."""
    started = _linux_start(pid) if _LINUX else _asked_of_ps(pid, "lstart=")
    return Process(pid, started) if started else None


def command_line(pid: int) -> str:
    """Return the words that the process was started with, joined by spaces; empty when it is gone."""
    if _LINUX:
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return ""
        return raw.replace(b"\0", b" ").decode(errors="replace").strip()
    return _asked_of_ps(pid, "command=")


def stop(*running: Process, within: float) -> list[Process]:
    """Ask the processes to end, kill those that still run after `within` seconds; return those that would not go.

    Each id is looked up again before each signal, so that nothing else is ever hit.
    """
    left = list(running)
    for number, patience in ((signal.SIGTERM, within), (signal.SIGKILL, 5.0)):
        for process in left:
            if process.alive:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(process.pid, number)
        deadline = time.monotonic() + patience
        left = [process for process in left if not gone(process, within=deadline - time.monotonic())]
    return left


def gone(process: Process, *, within: float) -> bool:
    """Wait at most `within` seconds for the process to end; True when it did."""
    deadline = time.monotonic() + within
    while process.alive:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def working_in(folder: Path) -> list[int]:
    """List the processes that work in `folder`, as far as this user may see them; on Linux only, else empty."""
    if not _LINUX:
        return []
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").readlink() == folder:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def _linux_start(pid: int) -> str:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    # The name in parentheses may hold anything, so fields are counted from the last closing one.
    fields = text.rpartition(")")[2].split()
    state, ticks = fields[0], fields[19]
    return "" if state in {"Z", "X"} else f"{boot}/{ticks}"


def _asked_of_ps(pid: int, column: str) -> str:
    answer = subprocess.run(
        ["/bin/ps", "-p", str(pid), "-o", "state=", "-o", column], capture_output=True, text=True, check=False
    )
    state, _, rest = answer.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else rest.strip()
