"""`python -m notifier api|worker|all|migrate|topics|announce-again|verify-history|seal-secrets|dead-letters …`."""

import argparse
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from chassis import verify_history
from chassis.database import open_engine
from chassis.logging import configure_logging
from chassis.migrations import migrate_service, require_schema
from chassis.run import run_process
from chassis.settings import load_settings_or_exit
from chassis.telemetry import announce_build
from chassis.tracing import start_tracing
from chassis.webhooks import sealing_anew
from common.clock import utc_now
from events.kafka.topics_command import add_options, create_topics
from events.postgres import announce_again, dead_letters
from notifier.db.person_rows import SECRETS
from notifier.db.work import Wakes
from notifier.main import run_all, run_api
from notifier.settings import Settings
from notifier.usecases.announce_again import SECTIONS
from notifier.wiring import SERVICE, VERSION, build_announce_again, build_histories, open_core
from notifier.worker import run_worker

_ROLES: Final[Mapping[str, Callable[[Settings], Awaitable[int]]]] = {
    "api": run_api,
    "worker": run_worker,
    "all": run_all,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the arguments ask and end the process with its exit code: 0 done, 2 wrong settings or usage."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.role != "dead-letters":
        parser.error(f"unrecognised: {' '.join(rest)}")
    settings = load_settings_or_exit(Settings)
    configure_logging(SERVICE, settings.log_level)
    match options.role:
        case "migrate":
            run_process(lambda: _migrate(settings))
        case "topics":
            run_process(lambda: create_topics(settings, options.partitions, options.replication))
        case "announce-again":
            run_process(lambda: _announce_again(settings, options))
        case "verify-history":
            run_process(lambda: _verify_history(settings, options))
        case "seal-secrets":
            run_process(lambda: _seal_secrets(settings, options))
        case "dead-letters":
            run_process(lambda: _dead_letters(settings, rest))
        case role:
            run_process(lambda: _run(settings, role))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m notifier", description="Reminds, escalates and delivers."
    )
    roles = parser.add_subparsers(dest="role", required=True)
    for name, purpose in (
        ("api", "the HTTP API"),
        ("worker", "relay, consumer, timers and deliveries"),
        ("all", "both in one process"),
        ("migrate", "bring the database to head, and the embedded log's too where it is used"),
    ):
        roles.add_parser(name, help=purpose)
    topics = roles.add_parser("topics", help="create the topics of Redress that Kafka lacks")
    add_options(topics)
    again = roles.add_parser("announce-again", help="tell the topics again what stands in the records")
    announce_again.add_options(again, SECTIONS)
    verify = roles.add_parser("verify-history", help="verify the chains of all histories")
    verify_history.add_options(verify, "one person, by the id")
    seal = roles.add_parser("seal-secrets", help="encrypt every webhook secret under the present key")
    seal.add_argument(
        "--undo", action="store_true", help="write them unencrypted, for the release before this one"
    )
    roles.add_parser("dead-letters", help="events that could not be handled", add_help=False)
    return parser


async def _run(settings: Settings, role: str) -> int:
    announce_build(SERVICE, VERSION, settings.commit)
    start_tracing(settings, VERSION)
    return await _ROLES[role](settings)


async def _migrate(settings: Settings) -> int:
    for line in await migrate_service(settings, SERVICE, log_package="events.log"):
        sys.stdout.write(f"{line}\n")
    return 0


async def _announce_again(settings: Settings, options: argparse.Namespace) -> int:
    core = open_core(settings, role="announce-again", wakes=Wakes())
    try:
        await require_schema(core.engine, SERVICE)
        return await announce_again.command(core.engine, build_announce_again(core), options)
    finally:
        await core.engine.dispose()


async def _verify_history(settings: Settings, options: argparse.Namespace) -> int:
    core = open_core(settings, role="verify-history", wakes=Wakes())
    try:
        await require_schema(core.engine, SERVICE)
        return await verify_history.command(build_histories(core), options, core.clock)
    finally:
        await core.engine.dispose()


async def _seal_secrets(settings: Settings, options: argparse.Namespace) -> int:
    core = open_core(settings, role="seal-secrets", wakes=Wakes())
    try:
        await require_schema(core.engine, SERVICE)
        return await sealing_anew.command(core.engine, core.sealer, SECRETS, unseal=options.undo)
    finally:
        await core.engine.dispose()


async def _dead_letters(settings: Settings, arguments: Sequence[str]) -> int:
    engine = open_engine(settings.database_url, name=f"{SERVICE}-dead-letters", pool_size=1)
    try:
        return await dead_letters.command(engine, SERVICE, arguments, utc_now)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    main()
