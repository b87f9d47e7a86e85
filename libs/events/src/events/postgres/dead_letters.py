"""The command for events that were set aside: `python -m <service> dead-letters list|show|retry|discard`."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from common.clock import Clock
from events.codec import Known, decode
from events.postgres import parking
from events.postgres.parking import Parked


async def command(engine: AsyncEngine, group: str, arguments: Sequence[str], clock: Clock) -> int:
    """Do what the arguments ask, print the answer, and return the exit code: 0 done, 2 usage, 4 not found."""
    options = _parser(group).parse_args(list(arguments))
    match options.verb:
        case "list":
            return await _list(engine, group, everything=options.all)
        case "show":
            return await _show(engine, group, options.id)
        case _:
            return await _decide(engine, group, options, clock)


def _parser(group: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {group} dead-letters",
        description="Events that could not be handled. A dead or parked event keeps the later events of its key waiting.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    listing = verbs.add_parser("list", help="dead events, oldest first")
    listing.add_argument("--all", action="store_true", help="parked and discarded ones too")
    showing = verbs.add_parser("show", help="one event with its bytes, headers and history")
    showing.add_argument("id", type=int)
    for verb, text in (
        ("retry", "let the handler try it again at once"),
        ("discard", "give it up, so that its key goes on"),
    ):
        deciding = verbs.add_parser(verb, help=text)
        deciding.add_argument("id", type=int)
        deciding.add_argument("--by", required=True, help="who decides, such as person:anna")
        deciding.add_argument("--reason", required=True, help="why; kept with the event")
    return parser


async def _list(engine: AsyncEngine, group: str, *, everything: bool) -> int:
    after, count = 0, 0
    while True:
        async with engine.connect() as connection:
            page = await parking.listed(connection, group, None if everything else ["dead"], after=after)
        for parked in page:
            print(json.dumps(_summary(parked)))  # noqa: T201  (the answer of a command)
        count += len(page)
        if not page:
            break
        after = page[-1].id
    print(f"{count} event(s)")  # noqa: T201  (the answer of a command)
    return 0


async def _show(engine: AsyncEngine, group: str, parked_id: int) -> int:
    async with engine.connect() as connection:
        parked = await parking.shown(connection, group, parked_id)
    if parked is None:
        return _not_found(parked_id)
    record = parked.received.record
    whole = {
        **_summary(parked),
        "headers": [[name, value.decode("utf-8", "replace")] for name, value in record.headers],
        "value": record.value.decode("utf-8", "replace"),
        "log": parked.log,
    }
    print(json.dumps(whole, indent=2))  # noqa: T201  (the answer of a command)
    return 0


async def _decide(engine: AsyncEngine, group: str, options: argparse.Namespace, clock: Clock) -> int:
    step = parking.retry if options.verb == "retry" else parking.discard
    async with engine.begin() as connection:
        found = await step(connection, group, options.id, by=options.by, reason=options.reason, now=clock())
    if not found:
        return _not_found(options.id)
    print(f"{options.verb}: {options.id}")  # noqa: T201  (the answer of a command)
    return 0


def _not_found(parked_id: int) -> int:
    print(f"no event {parked_id} is set aside here")  # noqa: T201  (the answer of a command)
    return 4


def _summary(parked: Parked) -> dict[str, Any]:
    decoded = decode(parked.received.record)
    return {
        "id": parked.id,
        "state": parked.state,
        "type": decoded.event.type if isinstance(decoded, Known) else None,
        "key": parked.identity.key,
        "event_id": parked.identity.event_id,
        "topic": parked.received.record.topic,
        "partition": parked.received.partition,
        "position": parked.received.position,
        "attempts": parked.attempts,
        "reason": parked.reason,
        "detail": parked.detail,
        "parked_at": parked.parked_at.isoformat(),
        "next_attempt_at": parked.next_attempt_at.isoformat(),
    }
