"""`python -m capa api|worker|all|migrate|topics|announce-again|verify-history|verify-signatures|dead-letters …`."""

import argparse
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from capa.domain.case.signing import faults
from capa.main import run_all, run_api
from capa.settings import CapaSettings
from capa.usecases.announce_again import SECTIONS
from capa.wiring import SERVICE, VERSION, build_announce_again, build_histories, open_core
from capa.worker import run_worker
from chassis import verify_history
from chassis.database import open_engine
from chassis.logging import configure_logging
from chassis.migrations import migrate_service, require_schema
from chassis.run import run_process
from chassis.settings import load_settings_or_exit
from chassis.telemetry import announce_build
from chassis.tracing import start_tracing
from common.clock import utc_now
from events.kafka.topics_command import add_options, create_topics
from events.postgres import announce_again, dead_letters
from events.wake import Wake

_ROLES: Final[Mapping[str, Callable[[CapaSettings], Awaitable[int]]]] = {
    "api": run_api,
    "worker": run_worker,
    "all": run_all,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the arguments ask and end the process with its exit code: 0 done, 2 wrong settings or usage."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if options.role == "verify-signatures" and not rest:
        # Neither settings nor a database: whoever has the file can check it anywhere.
        sys.exit(verify_signatures(options.file))
    if rest and options.role != "dead-letters":
        parser.error(f"unrecognised: {' '.join(rest)}")
    settings = load_settings_or_exit(CapaSettings)
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
        case "dead-letters":
            run_process(lambda: _dead_letters(settings, rest))
        case role:
            run_process(lambda: _run(settings, role))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m capa", description="Nonconformities and their actions.")
    roles = parser.add_subparsers(dest="role", required=True)
    for name, purpose in (
        ("api", "the HTTP API"),
        ("worker", "relay, consumer and gauges"),
        ("all", "both in one process"),
        ("migrate", "bring the database to head, and the embedded log's too where it is used"),
    ):
        roles.add_parser(name, help=purpose)
    topics = roles.add_parser("topics", help="create the topics of Redress that Kafka lacks")
    add_options(topics)
    again = roles.add_parser("announce-again", help="tell the topics again what stands in the records")
    announce_again.add_options(again, SECTIONS)
    verify = roles.add_parser("verify-history", help="verify the chains of all histories")
    verify_history.add_options(verify, "one nonconformity, action or case, by its number")
    signed = roles.add_parser(
        "verify-signatures", help="check a saved answer of GET /v1/cases/{id}/signatures, without a database"
    )
    signed.add_argument("file", type=Path, help="the saved answer, as JSON")
    roles.add_parser("dead-letters", help="events that could not be handled", add_help=False)
    return parser


def verify_signatures(file: Path) -> int:
    """Say of each signature in a file whether it fits what was signed; gives 0 if all do, 1 if not, 2 for no such file."""
    try:
        exported = json.loads(file.read_text(encoding="utf-8"))
        number, parts = exported["number"], exported["signatures"]
        found = [(part["signature"], faults(number, part["signature"], part["document"])) for part in parts]
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"{file} holds no signatures of a case: {error}\n")
        return 2
    for signature, wrong in found:
        state = "; ".join(wrong) if wrong else "fits"
        void = f", void since {signature['voided_at']}" if signature.get("voided_at") else ""
        sys.stdout.write(
            f"{number} {signature['covers']}: {signature['printed_name']}, {signature['meaning']}, "
            f"{signature['signed_at']}: {state}{void}\n"
        )
    return 1 if any(wrong for _, wrong in found) else 0


async def _run(settings: CapaSettings, role: str) -> int:
    announce_build(SERVICE, VERSION, settings.commit)
    start_tracing(settings, VERSION)
    return await _ROLES[role](settings)


async def _migrate(settings: CapaSettings) -> int:
    for line in await migrate_service(settings, SERVICE, log_package="events.log"):
        sys.stdout.write(f"{line}\n")
    return 0


async def _announce_again(settings: CapaSettings, options: argparse.Namespace) -> int:
    core = open_core(settings, role="announce-again", wake=Wake())
    try:
        await require_schema(core.engine, SERVICE)
        return await announce_again.command(core.engine, build_announce_again(core), options)
    finally:
        await core.engine.dispose()


async def _verify_history(settings: CapaSettings, options: argparse.Namespace) -> int:
    core = open_core(settings, role="verify-history", wake=Wake())
    try:
        await require_schema(core.engine, SERVICE)
        return await verify_history.command(build_histories(core), options, core.clock)
    finally:
        await core.engine.dispose()


async def _dead_letters(settings: CapaSettings, arguments: Sequence[str]) -> int:
    engine = open_engine(settings.database_url, name=f"{SERVICE}-dead-letters", pool_size=1)
    try:
        return await dead_letters.command(engine, SERVICE, arguments, utc_now)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    main()
