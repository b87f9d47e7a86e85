"""Programs that tests run but Python packages do not bring: left out loudly where they are absent."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def need_tool(name: str, package: str) -> str:
    """Find a program; without it leave the test out, saying how to get it, and where CI=true fail."""
    found = shutil.which(name)
    if found is not None:
        return found
    reason = f"{name} is not on the path. On Debian and Ubuntu: apt-get install {package}"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def run_tool(*command: str | Path, timeout: float = 60.0) -> tuple[int, str]:
    """Run a program to its end; gives its exit code and all that it said."""
    done = subprocess.run(
        list(command), capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL
    )
    return done.returncode, done.stdout + done.stderr
