"""Prints the measurements, each beside the bare thing in the same run: `python -m benchmarks [name ...] [--quick]`."""

import argparse
import asyncio
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.tables import Table
from local.kafka import kafka_version, missing_tools
from local.postgres import VERSION as POSTGRES

MEASUREMENTS: Final = {
    "create": "benchmarks.create",
    "import": "benchmarks.imports",
    "events": "benchmarks.delivery",
    "finding": "benchmarks.finding",
    "latency": "benchmarks.latency",
    "memory": "benchmarks.memory",
}
RESULTS: Final = Path(__file__).resolve().parent / "results"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the measurements named, or all, and keep their tables; gives the exit code."""
    options = _parser().parse_args(arguments)
    # So that a kill unwinds like Ctrl-C, and every process that was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    names = [name for name in MEASUREMENTS if name in options.names]
    now = datetime.now(UTC)
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{now:%Y-%m-%d}.md"
    _keep(file, f"# {now:%Y-%m-%d %H:%M} UTC{', quick' if options.quick else ''}\n\n{machine()}")
    print(machine())
    failed = False
    for name in names:
        try:
            tables = _measure(name, quick=options.quick)
        except Exception as error:  # noqa: BLE001  (one measurement that fails costs the others nothing)
            failed = True
            print(f"\n{name} was not measured: {type(error).__name__}: {error}", file=sys.stderr)
            _keep(file, f"## {name}\n\nNot measured: {type(error).__name__}.")
            continue
        for table in tables:
            print(f"\n{table.text()}", flush=True)
            _keep(file, table.markdown())
    print(f"\nKept in {file.relative_to(RESULTS.parent.parent)}.")
    return 1 if failed else 0


def machine() -> str:
    """Say on what is measured, in one line."""
    kafka = f"Kafka {kafka_version()}" if not missing_tools() else "no Kafka"
    packages = ", ".join(f"{name} {version(name)}" for name in ("fastapi", "uvicorn", "asyncpg", "aiokafka"))
    return (
        f"{_processor()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB, {platform.system()} {platform.release()};"
        f" Python {platform.python_version()}, PostgreSQL {POSTGRES} with fsync on, {kafka}, {packages};"
        f" Redress {_revision()}."
    )


def _measure(name: str, *, quick: bool) -> list[Table]:
    import uvloop

    module: Any = import_module(MEASUREMENTS[name])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tables: list[Table] = runner.run(module.measure(quick=quick))
    return tables


def _keep(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as kept:
        kept.write(f"{text}\n\n")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _revision() -> str:
    """Name the commit that is measured; `-dirty` where files differ from it."""
    command = ["git", "describe", "--always", "--dirty"]
    try:
        asked = subprocess.run(command, cwd=RESULTS.parent, capture_output=True, text=True, check=False)
    except OSError:
        return "of an unknown commit"
    return asked.stdout.strip() or "of an unknown commit"


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _name(text: str) -> str:
    if text not in MEASUREMENTS:
        raise argparse.ArgumentTypeError(f"{text} is none of {', '.join(MEASUREMENTS)}")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure, side by side with the bare thing."
    )
    parser.add_argument(
        "names",
        nargs="*",
        type=_name,
        default=list(MEASUREMENTS),
        metavar="name",
        help=f"{', '.join(MEASUREMENTS)}; default: all",
    )
    parser.add_argument("--quick", action="store_true", help="short and small: to see that it works")
    return parser


if __name__ == "__main__":
    sys.exit(main())
