"""docker-compose.yml as compose sees it: merged, and with the variables of an `.env` in their places."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "docker-compose.yml"
EXAMPLE = ROOT / ".env.example"
SERVICES = ("intake", "capa", "notifier")

Compose = dict[str, Any]

VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+):-(?P<default>[^}]*)\}")


def read_compose(variables: Mapping[str, str] | None = None) -> Compose:
    """Read the file with these variables, and each other's default."""
    known = variables or {}
    text = VARIABLE.sub(lambda found: known.get(found["name"], found["default"]), FILE.read_text())
    document: Compose = yaml.safe_load(text)
    return {name: part for name, part in document.items() if not name.startswith("x-")}


def used_variables() -> set[str]:
    """Name every variable that the file takes from the environment or `.env`."""
    return {found["name"] for found in VARIABLE.finditer(FILE.read_text())}


def example_variables() -> dict[str, str]:
    """Read `.env.example`, with what it shows behind a `#` too."""
    found = re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE)
    return dict(found)


def service_of(name: str) -> str | None:
    """Tell which of our services a container belongs to."""
    return next((service for service in SERVICES if name.startswith(f"{service}-")), None)
