"""Holds the rules that no linter knows: run by `make check`, each with its reason.

- SQL never asks the database for the time: rules take it as a parameter, so that tests can move it.
- No committed file names a package registry's host or a path of the machine it was written on.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The patterns are put together from parts so that this file does not match itself.
REGISTRIES = re.compile(
    "|".join(["py" + r"pi\.org", "python" + r"hosted\.org", "npm" + r"js\.", "repo1?" + r"\.maven"])
)
MACHINE_PATHS = re.compile("/(?:home|root|Users)" + "/[a-z]")
SQL_NOW = re.compile(
    r"\b(?:now|clock_timestamp|statement_timestamp|transaction_timestamp)\(\)|CURRENT_" + "TIMESTAMP",
    re.IGNORECASE,
)
SQL_WORDS = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|WHERE|VALUES|INTERVAL|sa\.text|func\.)")
TIME_DEFAULT = re.compile(r"recorded_at\b.*DEFAULT", re.IGNORECASE)


def tracked(*patterns: str) -> Iterator[Path]:
    """List committed and new files, as git sees them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],  # noqa: S607  (git is on the path)
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    yield from (ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file())


def complaints() -> Iterator[str]:
    """Say what breaks a rule, one line each."""
    for path in tracked("libs/*.py", "services/*.py", "deploy/*.py"):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if SQL_NOW.search(line) and SQL_WORDS.search(line) and not TIME_DEFAULT.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: SQL takes the time as a parameter"
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if REGISTRIES.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: names a package registry's host"
            if MACHINE_PATHS.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: names a path of one machine"


def main() -> int:
    """Print what breaks a rule and tell whether anything does."""
    found = list(complaints())
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
