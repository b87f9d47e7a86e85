"""Golden examples: one record of each published version, as its producer wrote it, never edited."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from events.catalogue import ANNOUNCES, LISTENS
from events.published import golden_record
from events.transport import Received

FOLDER: Final = Path(__file__).parents[1] / "contracts"
WRITTEN_AT: Final = datetime(2026, 3, 2, 12, 0, 1, tzinfo=UTC)


def golden_types() -> list[str]:
    """Every type that has a golden example."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def golden(event_type: str, position: int = 0) -> Received:
    """The golden example of a type, as a consumer receives it."""
    text = (FOLDER / f"{event_type}.json").read_text("utf-8")
    return Received(golden_record(text), partition=0, position=position, written_at=WRITTEN_AT)


def goldens_heard_by(service: str) -> dict[str, Received]:
    """The golden example of each type on the topics that a service reads."""
    # What two services announce has one golden, of one of them.
    spoken = {contract.type for heard in LISTENS[service] for contract in ANNOUNCES[heard]}
    return {name: golden(name, position) for position, name in enumerate(golden_types()) if name in spoken}
