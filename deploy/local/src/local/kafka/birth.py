"""Tells a process from a later one that was given its id."""

import subprocess
from pathlib import Path


def birth_of(pid: int) -> str | None:
    """When the process began, in the system's own words, to tell it from a later one with its id; None if it ended."""
    if Path("/proc/self/stat").is_file():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        # The name in brackets may hold anything; what follows the last bracket starts with the state.
        fields = stat.rpartition(")")[2].split()
        state, threads, began = fields[0], int(fields[17]), fields[19]
        # A process whose first thread has ended shows as a zombie, and holds its files until its last one has.
        return None if state in "ZX" and threads <= 1 else began
    asked = ["/bin/ps", "-o", "state=,lstart=", "-p", str(pid)]
    said = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10)
    state, _, began = said.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else began.strip()
