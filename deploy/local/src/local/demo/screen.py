"""The last screen of the demo: what came in, what it led to, who was told, and where to look next."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.demo.complaints import Source
from local.demo.desk import Desk, Item, pages
from local.demo.loop import Telling, newest
from local.speech import short

_SEVERITIES: Final = ("minor", "major", "critical")
_OUTCOMES: Final = ("created", "unchanged", "amended", "rejected")
_TRIAGE: Final = ("raised", "linked", "declined", "pending")
_MAILS_SHOWN: Final = 5
_HEADERS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What the services say at the end."""

    complaints: Sequence[Item]
    nonconformities: Sequence[Item]
    actions: Sequence[Item]
    notices: Sequence[Item]
    deliveries: Sequence[Item]


def read_figures(desk: Desk, source: Source, since: datetime) -> Figures:
    """Ask the services; notices and messages count since the demo began, all else as it stands now."""
    return Figures(
        complaints=list(pages(desk.intake, "/v1/complaints", source_system=source.source_system)),
        nonconformities=list(pages(desk.capa, "/v1/nonconformities")),
        actions=list(pages(desk.capa, "/v1/actions", state="open")),
        notices=newest(pages(desk.notifier, "/v1/notices"), since),
        deliveries=newest(pages(desk.notifier, "/v1/deliveries"), since),
    )


def show_loop(console: Console, source: Source, imported: Item, figures: Figures, telling: Telling) -> None:
    """Print the table of the whole loop, each line with what it means."""
    table = Table(title="How the loop closed", title_justify="left", show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, text in _lines(source, imported, figures, telling):
        table.add_row(name, Text(text))
    console.print(table)


def _lines(source: Source, imported: Item, figures: Figures, telling: Telling) -> list[tuple[str, str]]:
    severities = Counter(complaint["reported_severity"] for complaint in figures.complaints)
    triage = Counter(complaint["triage"]["state"] for complaint in figures.complaints)
    declined = Counter(
        complaint["triage"]["reason"]
        for complaint in figures.complaints
        if complaint["triage"]["state"] == "declined"
    )
    nonconformities = Counter(each["state"] for each in figures.nonconformities)
    overdue = Counter(action["owner"] or "nobody" for action in figures.actions if action["overdue"])
    sent = [notice for notice in figures.notices if notice["state"] == "sent"]
    kinds = Counter(notice["kind"] for notice in sent)
    channels = Counter(each["channel"] for each in figures.deliveries if each["state"] == "sent")
    lines = [
        ("this file", f"{imported['rows']:,} rows: {_counted(imported, _OUTCOMES)}"),
        (
            "complaints",
            f"{len(figures.complaints):,} from {source.source_system} in all: {_counted(severities, _SEVERITIES)}",
        ),
        (
            "triage",
            f"{_counted(triage, _TRIAGE)}\n(raised: a nonconformity was opened; linked: it joined an open one)",
        ),
    ]
    if declined:
        lines.append(("declined because", _counted(declined)))
    lines += [
        ("nonconformities", _counted(nonconformities) or "none"),
        ("open actions", f"{len(figures.actions):,}, of which {overdue.total():,} are overdue"),
    ]
    if overdue:
        lines.append(("overdue by owner", _counted(overdue)))
    owners = f"owners told of {len(telling.told)} of the {telling.expected} actions that the demo made due"
    if telling.later:
        owners += f"; {len(telling.later)} wait for a digest until {min(telling.later.values()).astimezone():%H:%M:%S}"
    lines += [
        ("told", owners),
        (
            "notices sent",
            _sent(len(sent), kinds, channels),
        ),
    ]
    return lines


def _sent(notices: int, kinds: Counter[str], channels: Counter[str]) -> str:
    if not notices:
        return "none since the demo began"
    said = f"{notices:,} since the demo began ({_counted(kinds)})"
    return f"{said}, in {channels.total():,} messages ({_counted(channels)})" if channels else said


def show_mails(console: Console, folder: Path | None, since: datetime) -> None:
    """Print where the mails lie, and the subjects of the newest that came since the demo began."""
    if folder is None:
        _print(console, "\nMails went to the mail server that the environment names.")
        return
    found = mails(folder)
    fresh = sum(path.stat().st_mtime >= since.timestamp() for path in found)
    _print(
        console,
        f"\nMails lie in {short(folder)}, one file each; any mail program opens them. "
        f"{fresh} came since the demo began. The newest:",
    )
    for path in found[-_MAILS_SHOWN:]:
        _print(console, f"  to {_header(path, 'To')}: {_header(path, 'Subject')}\n     {path.name}")


def show_next(console: Console, run: Mapping[str, Any], figures: Figures) -> None:
    """Print the pages and the commands to go on with; they work when pasted."""
    urls = {name: service["url"] for name, service in run["services"].items()}
    _print(console, "\nLook further, every step with its documentation:")
    for name, url in urls.items():
        _print(console, f"  {name:<9} {url}/docs")
    raised = next((each for each in figures.complaints if each["triage"]["state"] == "raised"), None)
    key, asked = run["keys"]["admin"], []
    if raised:
        asked.append(("A complaint and what it led to", f"{urls['intake']}/v1/complaints/{raised['number']}"))
    asked += [
        ("What is overdue, and whose it is", f"{urls['capa']}/v1/actions?overdue=true"),
        ("Who was told what, and when", f"{urls['notifier']}/v1/notices?state=sent"),
    ]
    for what, url in asked:
        line = shlex.join(["curl", "-sS", url, "-H", f"Authorization: Bearer {key}"])
        _print(console, f"\n{what}:\n{line}")


def mails(folder: Path) -> list[Path]:
    """List the mails, the newest last."""
    return sorted(folder.glob("*.eml")) if folder.is_dir() else []


def _counted(numbers: Mapping[str, int], names: Sequence[str] = ()) -> str:
    order = names or sorted(numbers, key=lambda name: (-numbers[name], name))
    return ", ".join(f"{numbers[name]:,} {name}" for name in order if numbers.get(name))


def _header(path: Path, name: str) -> str:
    with path.open("rb") as file:
        value: Any = message_from_bytes(file.read(_HEADERS), policy=policy.default)[name]
    return "".join(letter if letter.isprintable() else " " for letter in str(value or ""))


def _print(console: Console, text: str) -> None:
    # What is to be pasted or clicked stays on one line and keeps every character.
    console.print(text, soft_wrap=True, markup=False, highlight=False)
