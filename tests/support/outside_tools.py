"""Programs that tests run but Python packages do not bring: left out loudly where they are absent."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest


def leave_out(reason: str) -> NoReturn:
    """Leave the test out with a reason that says how to get what it needs; where CI=true its absence is a failure."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def need_tool(name: str, package: str) -> str:
    """Find a program; without it leave the test out, saying how to get it, and where CI=true fail."""
    found = shutil.which(name)
    if found is not None:
        return found
    leave_out(f"{name} is not on the path. On Debian and Ubuntu: apt-get install {package}")


def run_tool(*command: str | Path, timeout: float = 60.0) -> tuple[int, str]:
    """Run a program to its end; gives its exit code and all that it said."""
    done = subprocess.run(
        list(command), capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL
    )
    return done.returncode, done.stdout + done.stderr
