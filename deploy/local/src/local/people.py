"""The sample people, so that the owners that the policies name can be reached from the first complaint on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.web import call


@dataclass(frozen=True, slots=True)
class LoadedPeople:
    """How many people notifier took, and who it refused, each with the reason."""

    taken: int
    refused: tuple[str, ...] = ()


def load_samples(notifier: str, key: str, file: Path) -> LoadedPeople:
    """Give notifier the people of the file when it has none at all; none are taken when it had some.

    Raises CallError when notifier refuses the whole, OSError or ValueError when the file cannot be read.
    """
    if call("GET", f"{notifier}/v1/people?limit=1", key=key)["items"]:
        return LoadedPeople(0)
    return load_people(notifier, key, json.loads(file.read_text(encoding="utf-8"))["people"])


def load_people(notifier: str, key: str, people: Sequence[Any]) -> LoadedPeople:
    """Give notifier these people; each stands for itself, so that a refused one loses no other."""
    answer = call("POST", f"{notifier}/v1/people:bulk", key=key, body={"people": people}, timeout=30)
    refused = tuple(
        f"{result['id']}: " + "; ".join(f"{error['pointer']} {error['detail']}" for error in result["errors"])
        for result in answer["results"]
        if result["outcome"] == "refused"
    )
    return LoadedPeople(len(answer["results"]) - len(refused), refused)
