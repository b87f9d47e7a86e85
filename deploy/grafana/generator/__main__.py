"""Writes the dashboards, or checks that the committed ones are current.

`python -m deploy.grafana.generator write|check`, and for an installation of your own
`python -m deploy.grafana.generator write --into FOLDER --runbooks https://wiki.example/redress/runbooks`.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.grafana.generator.boards import BOARDS
from deploy.grafana.generator.build import as_json

ROOT: Final = Path(__file__).resolve().parents[3]
COMMITTED: Final = ROOT / "deploy" / "grafana" / "dashboards"
RUNBOOKS: Final = "docs/runbooks"
"""Relative to the repository: only whoever publishes the pages knows their address."""


def files(runbooks: str) -> Mapping[str, str]:
    """Make every dashboard, by its path within the folder of dashboards."""
    return {f"{each.folder}/{each.uid}.json": as_json(each, runbooks) for each in BOARDS}


def stale(folder: Path, wanted: Mapping[str, str]) -> list[Path]:
    """Name what is missing, differs, or belongs to no dashboard any more."""
    changed = [
        folder / name
        for name, text in wanted.items()
        if not (folder / name).is_file() or (folder / name).read_text() != text
    ]
    left = [path for path in folder.rglob("*.json") if path.relative_to(folder).as_posix() not in wanted]
    return sorted(changed + left)


def write(folder: Path, wanted: Mapping[str, str]) -> None:
    """Write every dashboard; other files of the folder may be somebody's and stay."""
    for name, text in wanted.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main(arguments: list[str]) -> int:
    """Write or check; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.grafana.generator", description="Dashboards as code."
    )
    parser.add_argument("verb", choices=["write", "check"])
    parser.add_argument(
        "--into", type=Path, default=COMMITTED, help="folder of dashboards (default: the committed one)"
    )
    parser.add_argument(
        "--runbooks", default=RUNBOOKS, help="address of the runbook pages (default: %(default)s)"
    )
    chosen = parser.parse_args(arguments)
    wanted = files(chosen.runbooks)
    if chosen.verb == "write":
        write(chosen.into, wanted)
        return 0
    found = stale(chosen.into, wanted)
    for path in found:
        print(f"{path} is stale: make fmt writes it; where its dashboard is no more, delete it.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
