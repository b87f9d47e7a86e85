"""Runs some Kafka nodes together."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from local.kafka.birth import birth_of
from local.kafka.cluster_id import cluster_id
from local.kafka.guard import Guard
from local.kafka.installer import install
from local.kafka.node import Node
from local.kafka.plan import Plan
from local.kafka.ports import free_port, is_free
from local.kafka.record import read_record


class Cluster:
    """Some Kafka nodes on this machine, each broker and controller; data stays in the folder between runs.

    Nodes are numbered from 1. Used as an async context manager, it is started on entry and stopped on exit. With
    three nodes a topic of replication 3 keeps every acknowledged record while any one of them is dead.
    """

    def __init__(
        self, folder: Path, nodes: int = 3, *, ports: Sequence[int] = (), guard: Guard | None = None
    ) -> None:
        """Without ports each node takes the one that it had before, or a free one."""
        self._guard = guard
        self._folder = folder.absolute()
        folders = [self._folder / f"node-{number}" for number in range(1, nodes + 1)]
        records = [read_record(folder) for folder in folders]
        # A node that runs counts on the others' ports, so these stay; a cluster that is all down may move.
        lives = any(record is not None and birth_of(record.pid) == record.birth for record in records)
        taken = set(ports)

        def choose(before: int | None) -> int:
            fits = before is not None and before not in taken and (lives or is_free(before))
            chosen = before if fits and before is not None else free_port(taken)
            taken.add(chosen)
            return chosen

        self._nodes = tuple(
            Node(
                folder,
                number,
                port=ports[number - 1] if ports else choose(record.port if record else None),
                controller_port=choose(record.controller_port if record else None),
                guard=guard,
            )
            for number, (folder, record) in enumerate(zip(folders, records, strict=True), start=1)
        )

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def bootstrap_servers(self) -> str:
        """The addresses of all nodes, as clients take them: host:port, separated by commas."""
        return ",".join(node.address for node in self._nodes)

    def pid(self, node: int) -> int | None:
        """Give the process id of a node, None if it is down."""
        return self._node(node).pid()

    def log(self, node: int) -> Path:
        """Name the file that the node's log goes to."""
        return self._node(node).log

    async def start(self) -> None:
        """Start every node that does not run; returns when each of them answers.

        Raises BrokerError with the end of the node's log when one does not start, and leaves none behind that
        this call started.
        """
        installation = await install()
        plan = self._plan()
        down = [node for node in self._nodes if node.pid() is None]
        starts = [node.start(installation, plan) for node in self._nodes]
        failed = [
            error for error in await asyncio.gather(*starts, return_exceptions=True) if error is not None
        ]
        if failed:
            await asyncio.gather(*(node.kill() for node in down))
            raise failed[0]

    async def stop(self) -> None:
        """Stop every node cleanly, within a bound."""
        await asyncio.gather(*(node.stop() for node in self._nodes))

    async def kill(self, node: int) -> None:
        """Kill one node with SIGKILL; returns when it is gone."""
        await self._node(node).kill()

    async def restart(self, node: int) -> None:
        """Start one node again, on its old port and data, after stopping it if it runs; returns when it answers."""
        await self._node(node).stop()
        await self._node(node).start(await install(), self._plan())

    def wipe(self, node: int) -> None:
        """Throw the records of a stopped node away, as a new disk would; its votes as a controller stay."""
        self._node(node).wipe()

    def _plan(self) -> Plan:
        return Plan(cluster_id(self._folder), self._nodes, self._guard)

    def _node(self, number: int) -> Node:
        return self._nodes[number - 1]
