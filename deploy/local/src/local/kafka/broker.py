"""Runs a single Kafka node."""

from pathlib import Path

from typing_extensions import override

from local.kafka.cluster import Cluster
from local.kafka.guard import Guard


class Broker(Cluster):
    """One Kafka node on this machine; data stays in the folder between runs."""

    def __init__(self, folder: Path, port: int | None = None, *, guard: Guard | None = None) -> None:
        """Without a port it takes the one that it had before, or a free one."""
        super().__init__(folder, 1, ports=() if port is None else (port,), guard=guard)

    @override
    def pid(self, node: int = 1) -> int | None:
        """Give the process id, None if it is down."""
        return super().pid(node)

    @override
    def log(self, node: int = 1) -> Path:
        """Name the file that the broker's log goes to."""
        return super().log(node)

    @override
    async def kill(self, node: int = 1) -> None:
        """Kill it with SIGKILL; returns when it is gone."""
        await super().kill(node)

    @override
    async def restart(self, node: int = 1) -> None:
        """Start it again, on its old port and data, after stopping it if it runs; returns when it answers."""
        await super().restart(node)

    @override
    def wipe(self, node: int = 1) -> None:
        """Throw its records away while it is stopped."""
        super().wipe(node)
