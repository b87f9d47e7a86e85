"""How the Kafka transport is sized."""

from dataclasses import dataclass
from typing import Final

PARTITIONS: Final = 6
"""Of each service's topic. Keys spread over them, so the number never changes once events are in."""


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Sizes and bounds of the Kafka transport; times in seconds."""

    batch: int = 100
    """Records that a handler is given at once, at most."""
    session: float = 30.0
    """A member that is silent for so long loses its partitions."""
    heartbeat: float = 3.0
    rebalance: float = 60.0
    """How long a group waits for a member to come to a rebalance."""
    request: float = 30.0
    """How long a reader waits for any one answer; longer than `revoke` and `commit` together, or joining fails."""
    revoke: float = 20.0
    """How long work in flight may go on after its partition was taken away."""
    drain: float = 5.0
    """How long work in flight may go on after a stop."""
    commit: float = 5.0
    start: float = 10.0
    close: float = 3.0
    ask: float = 10.0
    publish: float = 5.0
    """How long one batch may wait for its acknowledgement, retries included, before it counts as failed."""
    stuck: float = 60.0
    """A partition that has records to read and gives none for so long is read by a new consumer."""
