"""The command line of the system on this machine: `python -m local up | down | status | reset | demo | mailbox`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from local.places import places


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    where = places(options.home)
    match options.command:
        case "up":
            from local.stack import up

            return asyncio.run(up(where, _environment(options)))
        case "down":
            from local.control import down

            return asyncio.run(down(where))
        case "status":
            from local.control import status

            return asyncio.run(status(where))
        case "reset":
            from local.control import reset

            return asyncio.run(reset(where, agreed=options.yes))
        case "demo":
            from local.demo.show import demo

            return demo(
                where, data=options.data, count=options.count, seed=options.seed, due_in=options.due_in
            )
        case _:
            return _mailbox(options.folder or where.mail, options.host, options.port)


def _mailbox(folder: Path, host: str, port: int) -> int:
    from local.mailbox import run

    try:
        asyncio.run(run(folder, host, port))
    except OSError as error:
        print(f"The mailbox cannot listen on {host}:{port}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


def _environment(options: argparse.Namespace) -> dict[str, str]:
    given = dict(os.environ)
    if options.transport:
        given["REDRESS_TRANSPORT"] = options.transport
    if options.kafka_bootstrap:
        given["REDRESS_KAFKA_BOOTSTRAP_SERVERS"] = options.kafka_bootstrap
    return given


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0 seconds")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local", description="The whole of Redress on one machine."
    )
    parser.add_argument(
        "--home", type=Path, help="where data lie; default: REDRESS_HOME, else .redress in the clone"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start everything and stay until Ctrl-C")
    up.add_argument(
        "--transport", choices=("embedded", "kafka"), help="default: REDRESS_TRANSPORT, else embedded"
    )
    up.add_argument("--kafka-bootstrap", metavar="HOST:PORT", help="default: 127.0.0.1:9092")
    commands.add_parser("down", help="stop everything; the data stay")
    commands.add_parser("status", help="say what runs")
    reset = commands.add_parser("reset", help="stop everything and delete all data")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    demo = commands.add_parser("demo", help="with the system up: load complaints and watch the loop close")
    demo.add_argument("--data", type=Path, help="a file in the CFPB's columns; default: made-up complaints")
    demo.add_argument("--count", type=_count, default=3_000, help="how many to make up")
    demo.add_argument("--seed", type=int, default=7, help="the same seed makes up the same complaints")
    demo.add_argument(
        "--due-in", type=_positive, default=20.0, metavar="SECONDS", help="when some actions become late"
    )
    mailbox = commands.add_parser("mailbox", help="take mail by SMTP and keep it as files")
    mailbox.add_argument("--host", default="127.0.0.1")
    mailbox.add_argument("--port", type=int, default=8025)
    mailbox.add_argument("--folder", type=Path, help="default: mail below home")
    return parser


if __name__ == "__main__":
    sys.exit(main())
