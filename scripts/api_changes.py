"""Holds today's OpenAPI documents against the published ones, so that no change breaks a client unnoticed.

    api_changes.py check     fails where docs/openapi/ breaks a client of docs/openapi/published/
    api_changes.py publish   makes today's documents the published ones: at a release, after `check`
    api_changes.py cache     prints where scripts/openapi_tools.sh puts oasdiff, which compares them

oasdiff is built from its source, pinned by tests/openapi/tools/go.sum. Where it is absent the check says so and is left
out; with CI=true its absence is a failure.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
TODAY: Final = ROOT / "docs" / "openapi"
PUBLISHED: Final = TODAY / "published"
# What oasdiff only warns of, since other services ignore what they do not know: here it is refused.
LEVELS: Final = ROOT / "scripts" / "oasdiff-levels.txt"
PINS: Final = ROOT / "tests" / "openapi" / "tools"
OPTIONS: Final = ("--severity-levels", LEVELS, "--fail-on", "ERR", "--color", "never")
ABSENT: Final = "oasdiff is absent: run scripts/openapi_tools.sh, which needs Go 1.26 or later."


def cache_folder() -> Path:
    """Name the folder of the pinned tool: below REDRESS_OPENAPI_CACHE, or `redress` in the user's cache folder."""
    pins = b"".join(path.read_bytes() for path in sorted(PINS.iterdir()))
    if chosen := os.environ.get("REDRESS_OPENAPI_CACHE"):
        root = Path(chosen)
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "redress"
    return root.absolute() / f"oasdiff-{hashlib.sha256(pins).hexdigest()[:12]}"


def oasdiff() -> Path | None:
    """Find the pinned tool, None where it was not built."""
    found = cache_folder() / "oasdiff"
    return found if found.exists() else None


def breaking_changes(tool: Path, published: Path, today: Path) -> str:
    """Say what breaks a client of the published document, nothing where nothing does; raises RuntimeError if it cannot."""
    done = subprocess.run(
        [tool, "breaking", published, today, *OPTIONS],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in {0, 1} or done.stderr:
        raise RuntimeError(done.stderr or done.stdout)
    return done.stdout if done.returncode else ""


def check() -> int:
    """Compare every document; gives the exit code."""
    tool = oasdiff()
    if tool is None:
        print(f"Breaking changes of the APIs: NOT CHECKED. {ABSENT}", file=sys.stderr)
        return int(os.environ.get("CI", "").lower() == "true")
    failed = 0
    for today in sorted(TODAY.glob("*.json")):
        found = breaking_changes(tool, PUBLISHED / today.name, today)
        if found:
            failed = 1
            print(f"docs/openapi/{today.name} breaks clients of what is published:\n{found}", file=sys.stderr)
    if failed:
        print(
            "Keep what is published and add beside it, or say the break in docs/decisions and publish anew.",
            file=sys.stderr,
        )
    return failed


def publish() -> int:
    """Make today's documents the published ones."""
    PUBLISHED.mkdir(exist_ok=True)
    for today in sorted(TODAY.glob("*.json")):
        shutil.copyfile(today, PUBLISHED / today.name)
    return 0


def cache() -> int:
    """Print where the tool belongs."""
    print(cache_folder())
    return 0


if __name__ == "__main__":
    sys.exit({"check": check, "publish": publish, "cache": cache}[sys.argv[1]]())
