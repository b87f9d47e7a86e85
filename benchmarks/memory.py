"""Memory of each process at rest and after many complaints, and how long the system takes to start."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx

from benchmarks.system import System, system
from benchmarks.tables import Table, below
from local.demo import made_up

MEMORY_TARGET_MB: Final = 450.0
START_TARGET: Final = 10.0
REST: Final = 10.0
"""Seconds after a start until the system counts as at rest."""
IMPORT_WITHIN: Final = 900.0
DECIDED_WITHIN: Final = 120.0
"""Seconds after the import that capa's decisions are waited for; the table tells how many there were."""
SMAPS: Final = Path("/proc/self/smaps_rollup")
_MEBIBYTE: Final = 1024


async def measure(*, quick: bool) -> list[Table]:
    """Start twice, look at the memory, import, look again."""
    number = 2_000 if quick else 100_000
    _need_linux()
    with system() as running:
        first = await asyncio.to_thread(running.start)
        await asyncio.to_thread(running.stop)
        second = await asyncio.to_thread(running.start)
        await asyncio.sleep(2.0 if quick else REST)
        at_rest = usage(running.pids())
        await _import(running, number)
        decided = await _decided(running, number)
        afterwards = usage(running.pids())
    return [_starts(first, second), _memory(at_rest, afterwards, number, decided)]


def _need_linux() -> None:
    if not SMAPS.exists():
        raise RuntimeError("memory is measured on Linux alone: it needs /proc/<pid>/smaps_rollup")


def usage(pids: Mapping[str, int]) -> dict[str, float]:
    """Give each part's proportional set size in MiB; PostgreSQL's with all of its processes."""
    children = _children()
    found = {}
    for name, pid in pids.items():
        own = [pid, *children.get(pid, ())] if name == "PostgreSQL" else [pid]
        found[name] = sum(_pss(each) for each in own) / _MEBIBYTE
    return found


def _pss(pid: int) -> int:
    """Read a process's proportional set size in KiB: what several share is divided among them; 0 once it is gone."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                # The name in parentheses may hold anything, so fields are counted from the last closing one.
                parent = int((entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
                found.setdefault(parent, []).append(int(entry.name))
    return found


async def _import(running: System, number: int) -> None:
    headers = {"Authorization": f"Bearer {running.key('admin')}", "Content-Type": "application/x-ndjson"}
    async with httpx.AsyncClient(
        base_url=running.url("intake"), headers=headers, timeout=300, trust_env=False
    ) as client:
        posted = await client.post(
            "/v1/imports", params={"source_system": "bench"}, content=made_up(number, 7).content
        )
        address = f"/v1/imports/{posted.raise_for_status().json()['id']}"
        async with asyncio.timeout(IMPORT_WITHIN):
            while (found := (await client.get(address)).raise_for_status().json())["state"] != "finished":
                if found["state"] in {"failed", "aborted"}:
                    raise RuntimeError(f"the import ended: {found}")
                await asyncio.sleep(0.5)
    if found["created"] != number:
        raise RuntimeError(f"not every row became a complaint: {found}")


async def _decided(running: System, number: int) -> int:
    """Wait within the bound until capa has decided on all; tell on how many it has."""
    end = time.monotonic() + DECIDED_WITHIN
    while True:
        count = await asyncio.to_thread(
            running.server.execute, "SELECT count(*) FROM triage_decision", database="redress_capa"
        )
        if int(count) >= number or time.monotonic() > end:
            return int(count)
        await asyncio.sleep(1.0)


def _starts(first: float, second: float) -> Table:
    return Table(
        "Start-up",
        "`python -m local up`, from the command to everything ready, embedded log. The first start makes the databases,"
        " the keys and the people.",
        ("", "seconds", "target"),
        (
            ("first", f"{first:.1f}", ""),
            ("second", f"{second:.1f}", below(second, START_TARGET, "s")),
        ),
    )


def _memory(
    at_rest: Mapping[str, float], afterwards: Mapping[str, float], number: int, decided: int
) -> Table:
    whole = sum(at_rest.values())
    rows = [(name, f"{at_rest[name]:.0f}", f"{afterwards.get(name, 0.0):.0f}", "") for name in at_rest]
    total = (
        "whole system",
        f"{whole:.0f}",
        f"{sum(afterwards.values()):.0f}",
        below(whole, MEMORY_TARGET_MB, "MB at rest"),
    )
    return Table(
        "Memory",
        f"PSS in MB (2^20 bytes), embedded log, at rest after the second start and after an import of {number:,} complaints,"
        f" when capa had decided on {decided:,} of them. PSS divides shared pages among those that share them, so that"
        " the sum counts each once.",
        ("", "at rest", f"after {number:,}", "target"),
        (*rows, total),
    )
