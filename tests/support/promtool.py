"""Prometheus's own checker for the tests that ask it."""

import subprocess

from tests.support.outside_tools import need_tool


def check_metrics(scrape: str) -> str:
    """What `promtool check metrics` has against a scrape; empty where nothing."""
    tool = need_tool("promtool", "prometheus")
    answer = subprocess.run(
        [tool, "check", "metrics"], input=scrape, capture_output=True, text=True, timeout=30, check=False
    )
    found = (answer.stdout + answer.stderr).strip()
    return found or ("" if answer.returncode == 0 else f"promtool ended with {answer.returncode}")
