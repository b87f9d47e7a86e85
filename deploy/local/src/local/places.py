"""Where the system on this machine keeps its things."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Places:
    """The folders and files below `home`, and the repository's own `config`."""

    home: Path
    config: Path

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data."""
        return self.home / "postgres"

    @property
    def secrets(self) -> Path:
        """Pepper and keys, for the owner's eyes alone."""
        return self.home / "secrets"

    @property
    def mail(self) -> Path:
        """Each mail that was sent, as a file."""
        return self.home / "mail"

    @property
    def logs(self) -> Path:
        """One log for each process."""
        return self.home / "logs"

    @property
    def attachments(self) -> Path:
        """Each attachment of a complaint, under its id."""
        return self.home / "attachments"

    @property
    def lock(self) -> Path:
        """Held by the one supervisor that may run here."""
        return self.home / "lock"

    @property
    def processes(self) -> Path:
        """What was started, so that what a crash left behind can be stopped."""
        return self.home / "processes.json"

    @property
    def run(self) -> Path:
        """What runs where, for tools; there only while the system is up."""
        return self.home / "run.json"

    @property
    def curl(self) -> Path:
        """The command line that posts a first complaint."""
        return self.home / "curl.txt"


def places(home: Path | None = None) -> Places:
    """Find the places: `home`, else REDRESS_HOME, else `.redress` in the clone or the working folder."""
    root = _clone()
    chosen = home or Path(os.environ.get("REDRESS_HOME") or root / ".redress")
    return Places(home=chosen.absolute(), config=root / "config")


def write_whole(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace a file in one step, so that a reader or a crash never meets half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def write_json(path: Path, value: Any) -> None:
    """Replace a file by the value as JSON, readable by its owner alone."""
    write_whole(path, json.dumps(value, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file; None when it is absent or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _clone() -> Path:
    for folder in Path(__file__).resolve().parents:
        if (folder / "config").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    return Path.cwd()
