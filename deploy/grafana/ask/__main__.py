"""Saves what every dashboard query answers: `python -m deploy.grafana.ask --prometheus URL --into FOLDER`.

One Markdown page for each dashboard. The exit code is 1 where Prometheus refused a query.
"""

import argparse
import sys
import time
from pathlib import Path

from deploy.grafana.ask.prometheus import Prometheus, Window
from deploy.grafana.ask.questions import all_questions
from deploy.grafana.ask.report import Answered, answered, as_markdown


def main(arguments: list[str]) -> int:
    """Ask and save; gives the exit code."""
    chosen = _parser().parse_args(arguments)
    now = time.time()
    window = Window(now - chosen.minutes * 60, now, chosen.step, chosen.scrape_interval)
    chosen.into.mkdir(parents=True, exist_ok=True)
    with Prometheus(chosen.prometheus, window) as prometheus:
        found = [answered(prometheus, each) for each in all_questions()]
    for each in found:
        (chosen.into / f"{each.questions.uid}.md").write_text(as_markdown(each))
    return tell(found)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.grafana.ask", description="Save what every dashboard query answers."
    )
    parser.add_argument(
        "--prometheus", required=True, metavar="URL", help="for example http://127.0.0.1:9090"
    )
    parser.add_argument(
        "--into", required=True, type=Path, metavar="FOLDER", help="where the pages are written"
    )
    parser.add_argument(
        "--minutes", type=float, default=10, help="how far to look back (default: %(default)s)"
    )
    parser.add_argument(
        "--step", type=float, default=15, metavar="SECONDS", help="between points (default: %(default)s)"
    )
    parser.add_argument(
        "--scrape-interval",
        type=float,
        default=15,
        metavar="SECONDS",
        help="how often the services are scraped (default: %(default)s)",
    )
    return parser


def tell(found: list[Answered]) -> int:
    """Print a line for each dashboard; gives 1 where a query was refused, else 0."""
    refused = 0
    for each in found:
        answers = each.panels.values()
        wrong = [answer for answer in answers if answer.error]
        empty = sum(answer.empty for answer in answers) - len(wrong)
        refused += len(wrong)
        print(
            f"{each.questions.uid}: {len(answers)} queries, {empty} without an answer, {len(wrong)} refused"
        )
        for answer in wrong:
            print(f"  {answer.error}: {answer.asked}", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
