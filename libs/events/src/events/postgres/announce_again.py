"""The command that tells the topics again what a service's records say: `python -m <service> announce-again`."""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from events.again import AnnouncePart, Part, Place, Told, UnknownPlace
from events.postgres.away import DATABASE_FAILURES

MOST_WAITING: Final = 10_000
"""With so many records in the outbox the telling waits for the relay."""

_WAITING_POLL: Final = 0.5
_WAITING: Final = sa.text("SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT :most) AS waiting")


@dataclass
class Telling:
    """One run of the command: what it has told so far, and where it goes on."""

    announce: AnnouncePart
    engine: AsyncEngine
    place: Place | None
    since: datetime | None
    batch: int
    per_second: float
    dry_run: bool
    most_waiting: int = MOST_WAITING
    records: int = 0
    events: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Tell part after part until the end; raises what the database raises, with `place` where to go on."""
        clock = asyncio.get_running_loop().time
        free_at = clock()
        while self.place is not None:
            if not self.dry_run:
                await asyncio.sleep(max(0.0, free_at - clock()))
                await self._until_relayed()
            told = await self.announce(
                Part(place=self.place, since=self.since, records=self.batch, dry_run=self.dry_run)
            )
            # Counted from when the last part was due, so that slow transactions do not lower the rate.
            free_at = max(free_at, clock() - 1.0) + len(told.events) / self.per_second
            self._count(told)

    def _count(self, told: Told) -> None:
        self.records += told.records
        self.events.update(event.type for event in told.events)
        self.place = told.next
        if told.next is not None and told.records and not self.dry_run:
            _say({"announced": self.events.total(), "records": self.records, "after": str(told.next)})

    async def _until_relayed(self) -> None:
        said = False
        while await self._waiting() >= self.most_waiting:
            if not said:
                sys.stderr.write("The outbox is full: waiting for the relay; is the worker running?\n")
                said = True
            await asyncio.sleep(_WAITING_POLL)

    async def _waiting(self) -> int:
        async with self.engine.connect() as connection:
            return int((await connection.execute(_WAITING, {"most": self.most_waiting})).scalar_one())


async def command(engine: AsyncEngine, announce: AnnouncePart, options: argparse.Namespace) -> int:
    """Do what the options ask, and return the exit code: 0 told to the end, 1 broken off, 2 no such place."""
    telling = Telling(
        announce=announce,
        engine=engine,
        place=options.after,
        since=options.since,
        batch=options.batch,
        per_second=options.per_second,
        dry_run=options.dry_run,
    )
    try:
        await telling.run()
    except UnknownPlace as error:
        sys.stderr.write(f"--after: {error}\n")
        return 2
    except DATABASE_FAILURES as error:
        sys.stderr.write(
            f"The database cannot be used ({type(error).__name__}). Go on with: --after {telling.place}\n"
        )
        return 1
    verb = "would_announce" if telling.dry_run else "announced"
    _say({verb: telling.events.total(), "records": telling.records, "events": dict(telling.events)})
    return 0


def add_options(parser: argparse.ArgumentParser, sections: Sequence[str]) -> None:
    """Add the command's options, with the sections that the service's records are told in."""
    parser.description = (
        "Announces again what stands in this service's records: for listeners that were rebuilt, or after the topics "
        "were lost. Those that know it already are changed by nothing of it."
    )
    parser.add_argument(
        "--since",
        type=_instant,
        metavar="INSTANT",
        help="only what was recorded or changed since, such as 2026-11-27T08:00:00Z (default: everything)",
    )
    parser.add_argument(
        "--after",
        type=Place.parse,
        default=Place(sections[0]),
        metavar="PLACE",
        help=f"go on after a place that an earlier run printed, or begin with a section: {', '.join(sections)}",
    )
    parser.add_argument(
        "--per-second",
        type=_rate,
        default=500.0,
        metavar="EVENTS",
        help="at most so many events a second (default: 500)",
    )
    parser.add_argument(
        "--batch",
        type=_count,
        default=200,
        metavar="RECORDS",
        help="so many records in one transaction (default: 200)",
    )
    parser.add_argument("--dry-run", action="store_true", help="count, and announce nothing")


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError("an instant needs its offset, such as Z or +01:00")
    return at


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return rate


def _count(text: str) -> int:
    number = int(text)
    if not 0 < number <= 5_000:  # noqa: PLR2004  (said in the message)
        raise argparse.ArgumentTypeError("must be from 1 to 5000")
    return number


def _say(answer: dict[str, Any]) -> None:
    # Flushed, so that whoever breaks the command off has read where to go on.
    print(json.dumps(answer), flush=True)  # noqa: T201  (the answer of a command)
