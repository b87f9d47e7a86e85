"""How the launcher speaks to the person at the terminal."""

import os
import sys
from pathlib import Path


def say(text: str) -> None:
    """Tell what happens, at once also when the output is a file."""
    print(text, flush=True)


def complain(text: str) -> None:
    """Tell what went wrong."""
    print(text, file=sys.stderr, flush=True)


def short(path: Path) -> str:
    """Write a path as the person would from where they are."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
