"""Remembers a node's last start in its folder, so that a later process can find it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Record:
    """What a node's folder remembers of its last start: the process, told apart by its birth, and the ports."""

    pid: int
    birth: str
    port: int
    controller_port: int


def read_record(folder: Path) -> Record | None:
    """Read what the node of this folder remembers; None where there is nothing whole to read."""
    try:
        return Record(**json.loads((folder / "node.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # never started, or the write was cut short


def write_record(folder: Path, record: Record) -> None:
    """Replace what the node of this folder remembers, in one step."""
    coming = folder / "node.json.coming"
    coming.write_text(json.dumps(asdict(record)), encoding="utf-8")
    coming.replace(folder / "node.json")
