"""Prometheus's own checker for the tests that ask it."""

import os
import shutil
import subprocess

import pytest

MISSING = "promtool is not installed; on Debian and Ubuntu: apt-get install prometheus"


def check_metrics(scrape: str) -> str:
    """What `promtool check metrics` has against a scrape; empty where nothing.

    Without promtool the test is left out, saying how to get it; where CI=true that is a failure.
    """
    tool = shutil.which("promtool")
    if tool is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(MISSING, pytrace=False)
        pytest.skip(MISSING)
    answer = subprocess.run(
        [tool, "check", "metrics"], input=scrape, capture_output=True, text=True, timeout=30, check=False
    )
    found = (answer.stdout + answer.stderr).strip()
    return found or ("" if answer.returncode == 0 else f"promtool ended with {answer.returncode}")
