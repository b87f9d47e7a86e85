"""CPU seconds of what has no /metrics: the PostgreSQL of `make run`, as Linux shows it, and this process itself."""

import contextlib
import os
import time
from pathlib import Path

from local.postgres import Server


def cpu_seconds(home: Path | None) -> dict[str, float]:
    """Give the CPU seconds used so far, by name; PostgreSQL only where its home is known, on Linux."""
    found = {"load generator": time.process_time()}
    if home is not None and (pid := Server(home / "postgres").pid) is not None:
        with contextlib.suppress(OSError):
            found["PostgreSQL"] = tree_seconds(pid)
    return found


def tree_seconds(root: int) -> float:
    """Add up a process, its living children, and those of them that have ended; raises OSError where it is gone."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                # The name in parentheses may hold anything, so fields are counted from the last closing one.
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                if int(entry.name) == root:
                    ticks += sum(map(int, fields[11:15]))
                elif int(fields[1]) == root:
                    ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
