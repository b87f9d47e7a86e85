"""Complaints in, actions out, owners told: the loop closing on one screen, within two minutes.

A client like any other: it uses the APIs with the keys that `make run` wrote, and nothing else.
"""

import csv
import io
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from local.places import Places, read_json
from local.speech import short

NOT_UP: Final = 3
FAILED: Final = 1
WATCHED: Final = 110.0
"""Seconds that the mails of the hurried actions are waited for."""
HURRIED: Final = 20
"""Actions whose due time is moved to seconds from now."""
DUE_IN: Final = 20
"""Seconds until they are due."""
PAGE: Final = 100
OUTCOMES: Final = ("created", "unchanged", "amended", "rejected")
_ROWS_READ: Final = 20_000

PRODUCTS: Final = (
    "credit-card",
    "mortgage",
    "student-loan",
    "checking-account",
    "debt-collection",
    "credit-reporting",
)
CATEGORIES: Final = (
    "fees",
    "wrong-amount",
    "no-answer",
    "late-payment",
    "closed-account",
    "wrong-data",
    "fraud",
)
CHANNELS: Final = ("phone", "email", "web", "letter")
SEVERITIES: Final = ("minor",) * 7 + ("major",) * 2 + ("critical",)
STORIES: Final = (
    "I was charged {amount} euros twice and nobody called me back.",
    "The {amount} euros that I paid in {month} were never booked.",
    "I asked three times in {month} and got three different answers.",
    "My statement of {month} shows {amount} euros that are not mine.",
)
MONTHS: Final = ("January", "March", "June", "September", "November")


@dataclass(frozen=True, slots=True)
class Source:
    """A file to load, how its rows are read, and what to say of it."""

    content: bytes
    rows: int
    media_type: str
    profile: str
    said: str


@dataclass(frozen=True, slots=True)
class Desk:
    """Clients of the three services with the keys of staff and administrators."""

    intake: httpx.Client
    capa: httpx.Client
    notifier: httpx.Client


def demo(places: Places, *, data: Path | None, count: int, seed: int) -> int:
    """Load complaints, hurry some actions, watch their owners being told; gives the exit code."""
    console = Console()
    run = read_json(places.run)
    if run is None:
        console.print("Redress is not running: start it in another terminal with `make run`, then come back.")
        return NOT_UP
    try:
        source = made_up(count, seed) if data is None else real(data)
        with _desk(run) as desk:
            return _show(console, places, desk, source)
    except (OSError, httpx.HTTPError, ValueError) as error:
        console.print(f"The demo stopped: {error}")
        return FAILED


def made_up(count: int, seed: int) -> Source:
    """Make plausible complaints; the same seed makes the same ones."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    lines = [json.dumps(_complaint(chance, number, seed)) for number in range(count)]
    content = "\n".join(lines).encode()
    said = f"{count} complaints that this demo made up (seed {seed}); no real person or company is meant"
    return Source(content, count, "application/x-ndjson", "native", said)


def real(path: Path) -> Source:
    """Take a file in the columns of the CFPB's public complaint database."""
    content = path.read_bytes()
    rows = sum(1 for _ in csv.reader(io.StringIO(content.decode("utf-8-sig")))) - 1
    return Source(content, rows, "text/csv", "cfpb", f"{rows} real complaints from {path.name}")


def _complaint(chance: random.Random, number: int, seed: int) -> dict[str, Any]:
    story = chance.choice(STORIES).format(amount=chance.randint(5, 900), month=chance.choice(MONTHS))
    return {
        "external_id": f"demo-{seed}-{number}",
        "channel": chance.choice(CHANNELS),
        "reported_severity": chance.choice(SEVERITIES),
        "product": chance.choice(PRODUCTS),
        "category": chance.choice(CATEGORIES),
        "description": story,
        "complainant": {"name": f"Customer {number}", "email": f"customer.{number}@example.org"},
    }


@contextmanager
def _desk(run: Mapping[str, Any]) -> Iterator[Desk]:
    def client(service: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {run['keys']['admin']}"}
        return httpx.Client(base_url=run["services"][service]["url"], headers=headers, timeout=30)

    with client("intake") as intake, client("capa") as capa, client("notifier") as notifier:
        yield Desk(intake, capa, notifier)


def _show(console: Console, places: Places, desk: Desk, source: Source) -> int:
    mails_before = len(_mails(places))
    console.print(Panel(f"Loading {source.said}.", title="Redress demo"))
    outcome = _load(console, desk, source)
    _wait_for_decisions(console, desk)
    hurried = _hurry(desk)
    console.print(
        f"{len(hurried)} actions are now due in {DUE_IN} seconds; their owners are told when they are late."
    )
    told = _watch(console, desk, hurried)
    _final_screen(console, places, desk, outcome, mails=len(_mails(places)) - mails_before)
    if told < len(hurried):
        console.print(
            f"Only {told} of {len(hurried)} owners were told within {WATCHED:.0f} s; see .redress/logs."
        )
        return FAILED
    return 0


def _load(console: Console, desk: Desk, source: Source) -> Mapping[str, int]:
    """Hand the file to the bulk import and follow it to its end."""
    posted = _checked(
        desk.intake.post(
            "/v1/imports",
            params={"profile": source.profile, "source_system": "demo"},
            content=source.content,
            headers={"Content-Type": source.media_type},
        )
    )
    address = f"/v1/imports/{posted['id']}"
    with _progress(console) as progress:
        bar = progress.add_task("complaints", total=source.rows)
        while True:
            found = _checked(desk.intake.get(address))
            progress.update(bar, completed=found["processed"])
            if found["state"] in {"finished", "failed", "aborted"}:
                return {outcome: found[outcome] for outcome in OUTCOMES}
            time.sleep(0.3)


def _wait_for_decisions(console: Console, desk: Desk) -> None:
    with console.status("capa decides what each complaint leads to ..."):
        _until(
            lambda: (
                not _checked(desk.intake.get("/v1/complaints", params={"triage": "pending", "limit": 1}))[
                    "items"
                ]
            )
        )


def _hurry(desk: Desk) -> list[str]:
    """Move the due time of some open actions to seconds from now, over as many owners as there are."""
    by_owner: dict[str, list[Mapping[str, Any]]] = {}
    for action in _pages(desk.capa, "/v1/actions", state="open", most=_ROWS_READ):
        by_owner.setdefault(action["owner"] or "", []).append(action)
    chosen = [action for turn in zip(*_padded(by_owner), strict=True) for action in turn if action][:HURRIED]
    hurried = []
    # One instant for all: what is late at the same time reaches its owner as one mail.
    due = datetime.now(UTC) + timedelta(seconds=DUE_IN)
    for action in chosen:
        answer = desk.capa.post(
            f"/v1/actions/{action['id']}/change-due",
            json={"due_at": due.isoformat(), "reason": "the demo cannot wait for days"},
            headers={"If-Match": f'"v{action["version"]}"'},
        )
        if answer.is_success:
            hurried.append(str(action["id"]))
    return hurried


def _padded(by_owner: Mapping[str, list[Mapping[str, Any]]]) -> list[list[Mapping[str, Any] | None]]:
    longest = max((len(actions) for actions in by_owner.values()), default=0)
    return [[*actions, *[None] * (longest - len(actions))] for actions in by_owner.values()]


def _watch(console: Console, desk: Desk, hurried: Sequence[str]) -> int:
    """Wait, within a bound, until the owner of each hurried action was told; tell for how many that is so."""
    told: set[str] = set()

    def all_told() -> bool:
        for action in set(hurried) - told:
            notices = _checked(desk.notifier.get("/v1/notices", params={"subject_id": action}))["items"]
            if any(notice["state"] == "sent" for notice in notices):
                told.add(action)
        progress.update(bar, completed=len(told))
        return len(told) == len(hurried)

    with _progress(console) as progress:
        bar = progress.add_task("late and told", total=len(hurried))
        _until(all_told, seconds=WATCHED)
    return len(told)


def _final_screen(
    console: Console, places: Places, desk: Desk, outcome: Mapping[str, int], *, mails: int
) -> None:
    triage = Counter[str]()
    for state in ("raised", "linked", "declined"):
        triage[state] = len(list(_pages(desk.intake, "/v1/complaints", triage=state, most=_ROWS_READ)))
    nonconformities = list(_pages(desk.capa, "/v1/nonconformities", most=_ROWS_READ))
    actions = list(_pages(desk.capa, "/v1/actions", most=_ROWS_READ))
    overdue = Counter(action["owner"] or "nobody" for action in actions if action["overdue"])
    table = Table(title="The loop", show_header=False)
    table.add_row(
        "complaints in this file", ", ".join(f"{number} {name}" for name, number in outcome.items() if number)
    )
    table.add_row("triage decided", ", ".join(f"{number} {state}" for state, number in triage.items()))
    table.add_row("nonconformities", str(len(nonconformities)))
    table.add_row("actions", f"{len(actions)}, of which {sum(overdue.values())} are overdue")
    table.add_row(
        "overdue by owner", ", ".join(f"{owner} {number}" for owner, number in overdue.most_common())
    )
    table.add_row("mails since the demo began", str(mails))
    console.print(table)
    console.print(f"Mails lie in {short(places.mail)}; any mail program opens them. The newest:")
    for path in _mails(places)[-5:]:
        console.print(f"  {path.name}", soft_wrap=True)
    console.print(
        "A raised complaint led to a nonconformity with an action; a linked one joined it; a declined one says why.\n"
        f"Look further: {desk.intake.base_url}/docs, {desk.capa.base_url}/docs, {desk.notifier.base_url}/docs"
    )


def _mails(places: Places) -> list[Path]:
    return sorted(places.mail.glob("*.eml")) if places.mail.is_dir() else []


def _pages(client: httpx.Client, path: str, *, most: int, **query: Any) -> Iterator[Mapping[str, Any]]:
    parameters = {"limit": PAGE, **query}
    read = 0
    while read < most:
        page = _checked(client.get(path, params=parameters))
        yield from page["items"]
        read += len(page["items"])
        if not page["has_more"]:
            return
        parameters["cursor"] = page["next_cursor"]


def _checked(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        raise ValueError(f"{answer.request.url} answered {answer.status_code}: {answer.text[:300]}")
    found: dict[str, Any] = answer.json()
    return found


def _until(holds: Callable[[], bool], *, seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.5)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:>12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
