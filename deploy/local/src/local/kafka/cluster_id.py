"""Gives a cluster the id that its nodes are formatted with."""

import base64
import uuid
from pathlib import Path


def cluster_id(folder: Path) -> str:
    """Read the id that the cluster in this folder was formatted with, made on first use."""
    file = folder / "cluster.id"
    if file.is_file():
        return file.read_text(encoding="utf-8").strip()
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(made := new_cluster_id(), encoding="utf-8")
    return made


def new_cluster_id() -> str:
    """16 random bytes in URL-safe base64 as Kafka writes ids; a leading dash would read as an option."""
    while (made := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return made
