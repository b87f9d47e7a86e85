"""`python -m intake api|worker|all|migrate|topics|announce-again|apply-retention|verify-history|seal-secrets|reindex|rebase-clocks|dead-letters …`."""

import argparse
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from chassis import verify_history
from chassis.database import open_engine
from chassis.logging import configure_logging
from chassis.migrations import migrate_service, require_schema
from chassis.run import run_process
from chassis.settings import load_settings_or_exit
from chassis.telemetry import announce_build
from chassis.tracing import start_tracing
from chassis.webhooks import sealing_anew
from common.actor import Actor
from common.clock import utc_now
from events.kafka.topics_command import add_options, create_topics
from events.postgres import announce_again, dead_letters
from intake.db.webhook_rows import SECRETS
from intake.db.work import Bells
from intake.jobs.retention_command import retention_command
from intake.main import run_all, run_api
from intake.settings import IntakeSettings
from intake.usecases.announce_again import SECTIONS
from intake.usecases.rebase_clocks import Order, RebaseClocks
from intake.wiring import (
    SERVICE,
    VERSION,
    build_announce_again,
    build_histories,
    build_rebase_clocks,
    build_reindex,
    build_retention,
    open_core,
)
from intake.worker import run_worker

_ROLES: Final[Mapping[str, Callable[[IntakeSettings], Awaitable[int]]]] = {
    "api": run_api,
    "worker": run_worker,
    "all": run_all,
}
_TOLD_EVERY: Final = 10_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the arguments ask and end the process with its exit code: 0 done, 2 wrong settings or usage."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.role != "dead-letters":
        parser.error(f"unrecognised: {' '.join(rest)}")
    settings = load_settings_or_exit(IntakeSettings)
    configure_logging(SERVICE, settings.log_level)
    match options.role:
        case "migrate":
            run_process(lambda: _migrate(settings))
        case "topics":
            run_process(lambda: create_topics(settings, options.partitions, options.replication))
        case command if command in _COMMANDS:
            run_process(lambda: _COMMANDS[command](settings, options))
        case "rebase-clocks":
            order = _order(parser, options)
            run_process(lambda: _rebase_clocks(settings, order))
        case "dead-letters":
            run_process(lambda: _dead_letters(settings, rest))
        case role:
            run_process(lambda: _run(settings, role))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m intake", description="Takes complaints in.")
    roles = parser.add_subparsers(dest="role", required=True)
    for name, purpose in (
        ("api", "the HTTP API"),
        ("worker", "relay, consumer and jobs"),
        ("all", "both in one process"),
        ("migrate", "bring the database to head, and the embedded log's too where it is used"),
    ):
        roles.add_parser(name, help=purpose)
    topics = roles.add_parser("topics", help="create the topics of Redress that Kafka lacks")
    add_options(topics)
    again = roles.add_parser("announce-again", help="tell the topics again what stands in the records")
    announce_again.add_options(again, SECTIONS)
    roles.add_parser(
        "reindex", help="compare the words of every complaint with what searches ask, and correct them"
    )
    retention = roles.add_parser(
        "apply-retention", help="tell whose personal data was kept for long enough, or erase it"
    )
    retention.add_argument(
        "--erase", action="store_true", help="erase it; else it is only told what would be"
    )
    verify = roles.add_parser("verify-history", help="verify the chains of all histories")
    verify_history.add_options(verify, "one complaint, by its number or id")
    roles.add_parser("seal-secrets", help="encrypt every webhook secret under the present key")
    rebase = roles.add_parser(
        "rebase-clocks", help="count running clocks anew by the present policy; shows what would change"
    )
    rebase.add_argument("--apply", action="store_true", help="change them, and tell their deadlines anew")
    rebase.add_argument("--by", help="who has it done, such as person:anna.berg; with --apply")
    rebase.add_argument("--reason", help="why, for the complaints' histories; with --apply")
    roles.add_parser("dead-letters", help="events that could not be handled", add_help=False)
    return parser


async def _run(settings: IntakeSettings, role: str) -> int:
    announce_build(SERVICE, VERSION, settings.commit)
    start_tracing(settings, VERSION)
    return await _ROLES[role](settings)


async def _migrate(settings: IntakeSettings) -> int:
    for line in await migrate_service(settings, SERVICE, log_package="events.log"):
        sys.stdout.write(f"{line}\n")
    return 0


async def _announce_again(settings: IntakeSettings, options: argparse.Namespace) -> int:
    core = open_core(settings, role="announce-again", wake=Bells())
    try:
        await require_schema(core.engine, SERVICE)
        return await announce_again.command(core.engine, build_announce_again(core), options)
    finally:
        await core.engine.dispose()


async def _reindex(settings: IntakeSettings, _: argparse.Namespace) -> int:
    core = open_core(settings, role="reindex", wake=Bells())
    looked_at = written = 0
    try:
        await require_schema(core.engine, SERVICE)
        async for batch in build_reindex(core)():
            looked_at, written = looked_at + batch.looked_at, written + batch.written
            if looked_at % _TOLD_EVERY == 0:
                sys.stdout.write(f"{looked_at} looked at, {written} written\n")
    finally:
        await core.engine.dispose()
    sys.stdout.write(f"{looked_at} complaints looked at, {written} written. Done.\n")
    return 0


async def _apply_retention(settings: IntakeSettings, options: argparse.Namespace) -> int:
    core = open_core(settings, role="apply-retention", wake=Bells())
    try:
        await require_schema(core.engine, SERVICE)
        return await retention_command(build_retention(core), erase=options.erase)
    finally:
        await core.engine.dispose()


async def _verify_history(settings: IntakeSettings, options: argparse.Namespace) -> int:
    core = open_core(settings, role="verify-history", wake=Bells())
    try:
        await require_schema(core.engine, SERVICE)
        return await verify_history.command(build_histories(core), options, core.clock)
    finally:
        await core.engine.dispose()


async def _seal_secrets(settings: IntakeSettings, _: argparse.Namespace) -> int:
    core = open_core(settings, role="seal-secrets", wake=Bells())
    try:
        await require_schema(core.engine, SERVICE)
        return await sealing_anew.command(core.engine, core.crm.sealer, SECRETS)
    finally:
        await core.engine.dispose()


_COMMANDS: Final[Mapping[str, Callable[[IntakeSettings, argparse.Namespace], Awaitable[int]]]] = {
    "announce-again": _announce_again,
    "apply-retention": _apply_retention,
    "reindex": _reindex,
    "seal-secrets": _seal_secrets,
    "verify-history": _verify_history,
}


def _order(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Order | None:
    if not options.apply:
        return None
    if not options.by or not (options.reason or "").strip():
        parser.error("--apply needs --by person:… and --reason …, which the complaints' histories keep")
    try:
        return Order(Actor.parse(options.by), options.reason.strip())
    except ValueError as error:
        parser.error(f"--by: {error}")


async def _rebase_clocks(settings: IntakeSettings, order: Order | None) -> int:
    core = open_core(settings, role="rebase-clocks", wake=Bells())
    try:
        await require_schema(core.engine, SERVICE)
        for line in [line async for line in rebase_lines(build_rebase_clocks(core), order)]:
            sys.stdout.write(f"{line}\n")
    finally:
        await core.engine.dispose()
    return 0


async def rebase_lines(rebase: RebaseClocks, order: Order | None) -> AsyncIterator[str]:
    """Go over all complaints with open clocks, and say in a line for each clock what changes, from when to when and why."""
    after: UUID | None = None
    looked = complaints = clocks = 0
    while True:
        part = await rebase(after, order=order)
        looked += part.looked
        for each in part.found:
            complaints += 1
            for one in each.clocks:
                clocks += 1
                before, then = _instant(one.before.due_at), _instant(one.after.due_at)
                gone = "" if one.after.is_open else f", {one.after.state}"
                yield f"{each.number} {one.before.name}: due {before} -> {then}{gone}: {', '.join(one.why)}"
        if part.next is None:
            break
        after = part.next
    done = "would change; --apply changes them" if order is None else "changed"
    yield f"{looked} complaints with open clocks; {clocks} clocks of {complaints} complaints {done}."


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


async def _dead_letters(settings: IntakeSettings, arguments: Sequence[str]) -> int:
    engine = open_engine(settings.database_url, name=f"{SERVICE}-dead-letters", pool_size=1)
    try:
        return await dead_letters.command(engine, SERVICE, arguments, utc_now)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    main()
