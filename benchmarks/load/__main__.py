"""The command line of the load generator: `python -m benchmarks.load run | steps | scale | check | size | report`."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import uvloop

from benchmarks.load.arrivals import Kind, Mix, Schedule
from benchmarks.load.check import Verdict, check
from benchmarks.load.complaints import Pool, pool
from benchmarks.load.figures import Figures, read_figures
from benchmarks.load.ledger import LEDGER, read_ledger
from benchmarks.load.limits import count, numbers, rate, seconds, share
from benchmarks.load.loopback import NotLoopbackError
from benchmarks.load.play import Bounds, Run
from benchmarks.load.report import tables
from benchmarks.load.steps import Limits, rates
from benchmarks.load.story import Story
from benchmarks.load.target import NoTargetError, Target, find_target
from benchmarks.machine import ROOT
from benchmarks.tables import Table
from local.kafka import missing_tools

FOLDER: Final = ROOT / ".redress" / "load"
REPORT: Final = "report.md"
DONE: Final = 0
FAILED: Final = 1
CANNOT: Final = 2

T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments ask; 0 done, 1 something did not hold or a check failed, 2 it cannot be done."""
    options = _parser().parse_args(arguments)
    # So that a kill unwinds like Ctrl-C, and every process that was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    do: Callable[[argparse.Namespace], int] = options.do
    try:
        return do(options)
    except (NoTargetError, NotLoopbackError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return CANNOT


def _run(options: argparse.Namespace) -> int:
    target, complaints, name = find_target(options.home), pool(options.seed), _name()
    print(f"{complaints.said}.\nRun {name}: {options.rate:g} complaints a second for {options.seconds:g} s.")
    figures = _play(options, target, complaints, name, options.rate, folder=options.out / name)
    _keep(tables([figures]), options.out / name / REPORT)
    return DONE if options.no_check else _checked(options.out / name, target, options.patience)


def _steps(options: argparse.Namespace) -> int:
    target, complaints, name = find_target(options.home), pool(options.seed), _name()
    limits = Limits(p99=options.p99, decided_p99=options.decided_p99)
    print(f"{complaints.said}.\nEach step takes {options.seconds:g} s and ends when all is decided.")
    runs: list[Figures] = []
    bend = f"Every step up to {options.to:g} complaints a second held."
    for place, each in enumerate(rates(options.first, options.to, options.factor), start=1):
        figures = _play(
            options, target, complaints, f"{name}-{place}", each, folder=options.out / name / f"step-{place}"
        )
        runs.append(figures)
        broken = limits.broken(figures)
        print(f"{each:g} a second: {'; '.join(broken) or 'holds'}.", flush=True)
        if broken:
            bend = f"{each:g} complaints a second did not hold: {'; '.join(broken)}."
        if broken or figures.interrupted:
            break
    _keep(tables(runs), options.out / name / REPORT, bend)
    codes = [
        _checked(options.out / name / f"step-{place}", target, options.patience)
        for place in range(1, len(runs) + 1)
        if not options.no_check
    ]
    return max(codes, default=DONE)


def _play(
    options: argparse.Namespace, target: Target, complaints: Pool, name: str, each: float, *, folder: Path
) -> Figures:
    bounds = Bounds(
        connections=options.connections,
        timeout=options.timeout,
        patience=options.patience,
        probes=options.probes,
    )
    run = Run(target, _schedule(options, each), Story(name, complaints, target.intake_key), folder, bounds)
    return _in_loop(_until_told(run))


async def _until_told(run: Run) -> Figures:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, run.stop)
    return await run.play()


def _scale(options: argparse.Namespace) -> int:
    if missing := missing_tools():
        print("Replicas are measured on Kafka. " + " ".join(missing), file=sys.stderr)
        return CANNOT
    from benchmarks.load import scale

    complaints, name = pool(options.seed), _name()
    print(f"{complaints.said}.")
    sizes: list[scale.Scaled] = []
    for partitions in options.partitions:
        for replicas in options.replicas:
            label = f"{name}-p{partitions}r{replicas}"
            sizes.append(
                _in_loop(
                    scale.measure(
                        partitions=partitions,
                        replicas=replicas,
                        schedule=scale.alone(_schedule(options, options.rate)),
                        pool=complaints,
                        name=label,
                        folder=options.out / label,
                        within=options.patience,
                    )
                )
            )
            print(f"{partitions} partitions, {replicas} replicas:")
            print("\n".join(sizes[-1].verdict.lines()), flush=True)
    _keep([scale.table(sizes)], options.out / f"{name}-scale.md")
    return DONE if all(size.verdict.fine for size in sizes) else FAILED


def _check(options: argparse.Namespace) -> int:
    return _checked(options.folder or _latest(options.out), find_target(options.home), options.patience)


def _checked(folder: Path, target: Target, within: float) -> int:
    verdict: Verdict = check(read_ledger(folder / LEDGER), target, within=within)
    print("\n".join(verdict.lines()), flush=True)
    return DONE if verdict.fine else FAILED


def _size(options: argparse.Namespace) -> int:
    from benchmarks.load.sizes import measure, table_of

    target = find_target(options.home)
    if "intake" not in target.databases:
        print(
            "The databases are not known: set REDRESS_LOAD_INTAKE_DATABASE_URL and others.", file=sys.stderr
        )
        return CANNOT
    complaints, found = _in_loop(measure(target.databases))
    print(table_of(complaints, found).markdown())
    return DONE


def _report(options: argparse.Namespace) -> int:
    folders = options.folders or [_latest(options.out)]
    _keep(tables([read_figures(folder) for folder in folders]), options.file)
    return DONE


def _keep(made: Sequence[Table], file: Path | None, last: str = "") -> None:
    for table in made:
        print(f"\n{table.text()}")
    print(f"\n{last}" if last else "", flush=True)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            "\n\n".join([*(table.markdown() for table in made), *([last] if last else [])]) + "\n"
        )
        print(f"Kept in {file}.")


def _latest(folder: Path) -> Path:
    """Find the run that ended last; raises ValueError where there is none."""
    found = sorted(folder.glob(f"**/{LEDGER}"), key=lambda file: file.stat().st_mtime)
    if not found:
        raise ValueError(f"{folder} holds no run yet.")
    return found[-1].parent


def _schedule(options: argparse.Namespace, each: float) -> Schedule:
    mix = Mix(options.read, options.repeat, options.amend, options.list)
    return Schedule(
        rate=each,
        seconds=options.seconds,
        most=options.most,
        seed=options.seed,
        mix=mix,
        day=options.day,
    )


def _name() -> str:
    return f"load-{datetime.now(UTC):%Y%m%dt%H%M%S}"


def _in_loop(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load",
        description="A CRM that hands over complaints at a rate, on this machine alone. It is for measuring: what it"
        " hands over stays in the system that it is pointed at.",
    )
    commands = parser.add_subparsers(required=True)
    run = _command(commands, "run", _run, "hand over at one rate, report, and check every complaint")
    _shape(run, rate_default=20.0, seconds_default=30.0)
    steps = _command(commands, "steps", _steps, "raise the rate until it does not hold any more")
    steps.add_argument("--from", dest="first", type=rate, default=25.0, metavar="RATE", help="first rate")
    steps.add_argument("--to", type=rate, default=400.0, metavar="RATE", help="last rate")
    steps.add_argument(
        "--factor", type=_factor, default=1.5, help="each rate is so many times the one before"
    )
    steps.add_argument("--p99", type=seconds, default=500.0, metavar="MS", help="longest p99 of an answer")
    steps.add_argument(
        "--decided-p99", type=seconds, default=10_000.0, metavar="MS", help="longest p99 until decided"
    )
    _shape(steps, seconds_default=60.0)
    scale = _command(commands, "scale", _scale, "how decisions grow with replicas, on a Kafka of its own")
    scale.add_argument("--replicas", type=numbers(3), default=[1, 2, 3], help="such as 1,2,3; at most 3")
    scale.add_argument("--partitions", type=numbers(64), default=[6], help="of each topic, such as 1,6")
    _shape(scale, rate_default=50.0, seconds_default=40.0, patience_default=300.0)
    checking = _command(commands, "check", _check, "compare a ledger with intake and capa once more")
    checking.add_argument("folder", type=Path, nargs="?", help="folder of the run; default: the last one")
    checking.add_argument("--patience", type=seconds, default=60.0, help="seconds to wait for decisions")
    _command(commands, "size", _size, "the room that complaints take in the databases")
    report = _command(commands, "report", _report, "print runs as tables, to be pasted into docs/capacity.md")
    report.add_argument("folders", type=Path, nargs="*", help="folders of runs; default: the last one")
    report.add_argument("--file", type=Path, help="keep the tables here too")
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    do: Callable[[argparse.Namespace], int],
    purpose: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=purpose, description=purpose)
    command.set_defaults(do=do)
    command.add_argument("--home", type=Path, help="of `make run`; default: REDRESS_HOME, else .redress")
    command.add_argument("--out", type=Path, default=FOLDER, help="where ledgers and figures are kept")
    return command


def _shape(
    command: argparse.ArgumentParser,
    *,
    rate_default: float | None = None,
    seconds_default: float,
    patience_default: float = 30.0,
) -> None:
    if rate_default is not None:
        command.add_argument("--rate", type=rate, default=rate_default, help="new complaints a second")
    command.add_argument("--seconds", type=seconds, default=seconds_default, help="how long it sends")
    command.add_argument("--most", type=count(1_000_000), default=100_000, help="complaints at most")
    command.add_argument("--seed", type=int, default=7, help="the same seed sends the same at the same times")
    command.add_argument("--day", type=seconds, metavar="SECONDS", help="a day's rise and fall in so long")
    command.add_argument("--connections", type=count(256), default=32, help="connections at most")
    command.add_argument("--timeout", type=seconds, default=10.0, help="seconds that an answer is waited for")
    command.add_argument(
        "--patience", type=seconds, default=patience_default, help="seconds to wait for decisions at the end"
    )
    command.add_argument("--probes", type=share(50), default=5.0, help="complaints watched a second")
    for kind, default in Mix().others.items():
        command.add_argument(
            f"--{kind.value}", type=share(10), default=default, help=f"{_SAID[kind]} for one complaint"
        )
    command.add_argument("--no-check", action="store_true", help="leave the check of every complaint out")


_SAID: Final = {
    Kind.READ: "readings of a status by external id",
    Kind.REPEAT: "repeats with the same Idempotency-Key",
    Kind.AMEND: "amendments",
    Kind.LIST: "lists",
}


def _factor(text: str) -> float:
    value = float(text)
    if not 1.05 <= value <= 10:  # noqa: PLR2004 - less would take for ever
        raise argparse.ArgumentTypeError("must be from 1.05 to 10")
    return value


if __name__ == "__main__":
    sys.exit(main())
