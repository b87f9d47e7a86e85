"""`python -m notifier api|worker|all|migrate|dead-letters …`."""

import argparse
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from chassis.database import open_engine
from chassis.logging import configure_logging
from chassis.migrations import migrate_service
from chassis.run import run_process
from chassis.settings import load_settings_or_exit
from common.clock import utc_now
from events.postgres.dead_letters import command
from notifier.main import serve
from notifier.settings import Settings
from notifier.worker import work, work_and_serve

RUNS: Final = {
    "api": (serve, "serve the API"),
    "worker": (work, "listen, fire timers and send"),
    "all": (work_and_serve, "both in one process"),
}


def main(arguments: Sequence[str]) -> None:
    """Do what the arguments ask; ends the process."""
    parser = argparse.ArgumentParser(
        prog="python -m notifier", description="Reminds, escalates and delivers."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, (_, purpose) in RUNS.items():
        verbs.add_parser(verb, help=purpose)
    verbs.add_parser("migrate", help="bring the database to head")
    verbs.add_parser("dead-letters", help="events that could not be handled", add_help=False)
    given, rest = parser.parse_known_args(arguments)
    if rest and given.verb != "dead-letters":
        parser.error(f"unknown: {' '.join(rest)}")
    settings = load_settings_or_exit(Settings)
    run_process(_run(given.verb, settings, rest))


def _run(verb: str, settings: Settings, rest: Sequence[str]) -> Callable[[], Awaitable[int]]:
    async def run() -> int:
        match verb:
            case "migrate":
                return await _migrate(settings)
            case "dead-letters":
                return await _dead_letters(settings, rest)
            case _:
                configure_logging("notifier", settings.log_level)
                return await RUNS[verb][0](settings)

    return run


async def _migrate(settings: Settings) -> int:
    for line in await migrate_service(settings, "notifier", log_package="events.log"):
        sys.stdout.write(f"{line}\n")
    return 0


async def _dead_letters(settings: Settings, rest: Sequence[str]) -> int:
    engine = open_engine(settings.database_url, name="notifier-dead-letters", pool_size=1)
    try:
        return await command(engine, "notifier", rest, utc_now)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1:])
