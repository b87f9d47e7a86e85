"""Runs the demo from its first line to its last screen."""

import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from local.demo import loop, screen
from local.demo.complaints import Source, made_up, real
from local.demo.desk import DemoError, Desk, Item, open_desk
from local.lock import holder
from local.places import Places, read_json

FAILED: Final = 1
NOT_UP: Final = 3


def demo(places: Places, *, data: Path | None, count: int, seed: int, due_in: float) -> int:
    """Load complaints, hurry some actions, watch their owners being told; gives the exit code.

    0 when every owner was told or will be in a digest, 1 when something went wrong, 3 when the system is not up.
    """
    # A pipe or a file gets plain text, whatever the environment says of colours.
    console = Console(force_terminal=sys.stdout.isatty())
    run = read_json(places.run)
    if run is None or holder(places.lock) is None:
        _say(console, "Redress is not running: start it in another terminal with `make run`, then come back.")
        return NOT_UP
    try:
        source = made_up(count, seed) if data is None else real(data)
        with open_desk(run) as desk:
            return _show(console, run, desk, source, due_in)
    except httpx.HTTPError as error:
        _say(console, f"The demo stopped, since a service does not answer: {error}. Is `make run` still up?")
    except (DemoError, OSError, ValueError) as error:
        _say(console, f"The demo stopped: {error}")
    except KeyboardInterrupt:
        _say(console, "The demo was stopped; what it has loaded stays.")
    return FAILED


def _show(console: Console, run: Mapping[str, Any], desk: Desk, source: Source, due_in: float) -> int:
    began = datetime.now(UTC)
    _say(console, f"Loading {source.said}.")
    with _bars(console) as bars:
        imported = _load(console, bars, desk, source)
        _triage(bars, desk, imported)
        hurried = loop.hurry(desk, due_in)
        number = len(hurried.generations)
        _say(console, f"{number} open actions are now due in {due_in:g} s, by capa's API and with a reason.")
        telling = _watch(bars, desk, hurried)
    figures = screen.read_figures(desk, source, began)
    folder = Path(run["mail"]) if run["mail"] else None
    _say(console, "")
    screen.show_loop(console, source, imported, figures, telling)
    screen.show_mails(console, folder, began)
    screen.show_next(console, run, figures)
    return _verdict(console, run, telling)


def _load(console: Console, bars: Progress, desk: Desk, source: Source) -> Item:
    bar = bars.add_task("complaints in", total=source.rows, detail="")
    imported = loop.load(desk, source, lambda done: bars.update(bar, completed=done))
    if imported["unchanged"] == imported["rows"]:
        _say(console, "Nothing new: every one of them was loaded before and is unchanged.")
    for row in loop.refused_rows(desk, imported):
        _say(console, f"Refused: {row}")
    return imported


def _triage(bars: Progress, desk: Desk, imported: Item) -> None:
    expected = imported["created"]
    bar = bars.add_task("decided", total=expected, detail="")

    def show(decided: Counter[str]) -> None:
        _detail(bars, bar, min(decided.total(), expected), decided)

    loop.wait_for_triage(desk, expected, show)


def _watch(bars: Progress, desk: Desk, hurried: loop.Hurry) -> loop.Telling:
    bar = bars.add_task("late and told", total=len(hurried.generations), detail="")

    def show(telling: loop.Telling) -> None:
        left = (hurried.due_at - datetime.now(UTC)).total_seconds()
        waiting = f"due in {left:.0f} s" if left > 0 else "overdue; the owners are being told"
        bars.update(bar, completed=len(telling.told), detail=waiting)

    return loop.watch(desk, hurried, show)


def _verdict(console: Console, run: Mapping[str, Any], telling: loop.Telling) -> int:
    if telling.missing:
        log = run["services"]["notifier"]["log"]
        _say(
            console,
            f"\n{telling.missing} of {telling.expected} overdue actions reached nobody within "
            f"{loop.TOLD_WITHIN:.0f} s of their due time. Notifier's log: {log}",
        )
        return FAILED
    if not telling.expected:
        _say(
            console,
            "\nNo action is open, so nothing could go late. Another --seed or `make reset` makes new ones.",
        )
    if telling.later:
        _say(
            console,
            "\nNobody is mailed twice within the digest window (15 minutes, unless something critical is late), so a "
            "demo that follows another one shortly has fewer mails.",
        )
    return 0


def _detail(bars: Progress, bar: TaskID, done: int, numbers: Mapping[str, int]) -> None:
    bars.update(
        bar, completed=done, detail=", ".join(f"{number:,} {name}" for name, number in numbers.items())
    )


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:>14}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[detail]}"),
        console=console,
    )


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, markup=False, highlight=False)
