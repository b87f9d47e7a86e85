"""Writes what the nodes of one cluster agree on into each node's server.properties."""

from dataclasses import dataclass
from typing import Protocol

from local.kafka.guard import Guard
from local.kafka.ports import HOST


class Seat(Protocol):
    """What a node's neighbours must know of it: its number, counted from 1, and where it listens."""

    @property
    def number(self) -> int:
        """The node's id."""
        ...

    @property
    def port(self) -> int:
        """Where clients reach it."""
        ...

    @property
    def controller_port(self) -> int:
        """Where the other controllers reach it."""
        ...


@dataclass(frozen=True)
class Plan:
    """What the nodes of one cluster agree on."""

    cluster_id: str
    nodes: tuple[Seat, ...]
    guard: Guard | None = None

    def properties(self, node: Seat) -> str:
        """Write out the node's server.properties; folders are relative to the node's own, so no path needs escaping."""
        several = len(self.nodes) > 1
        copies = min(len(self.nodes), 3)
        in_sync = 2 if copies > 2 else 1  # noqa: PLR2004 - of three copies two must have a record; of fewer, one
        # Voters are fixed by address: a node may come back on another port, and any number of nodes is set up alike.
        voters = ",".join(f"{each.number}@{HOST}:{each.controller_port}" for each in self.nodes)
        door = self.guard.protocol if self.guard else "PLAINTEXT"
        listeners = f"{door}://{HOST}:{node.port},CONTROLLER://{HOST}:{node.controller_port}"
        lines: dict[str, str | int] = {
            "process.roles": "broker,controller",
            "node.id": node.number,
            "controller.quorum.voters": voters,
            "listeners": listeners,
            "advertised.listeners": listeners,
            "inter.broker.listener.name": door,
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": f"CONTROLLER:PLAINTEXT,{door}:{door}",
            "log.dirs": "data",
            "metadata.log.dir": "metadata",
            "auto.create.topics.enable": "false",
            "default.replication.factor": copies,
            "min.insync.replicas": in_sync,
            "unclean.leader.election.enable": "false",
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "transaction.state.log.num.partitions": 1,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            # A node that was killed may register again only when its last life has timed out, after 9 s by default.
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            # The compactor's table is 128 MiB by default, the greater part of what an idle broker holds.
            "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
            "num.network.threads": 2,
            "num.io.threads": 4,
        }
        if self.guard:
            lines |= self.guard.properties()
        if several:
            lines |= {
                "replica.lag.time.max.ms": 5000,
                # All nodes stop together. The last ones have no quorum left to hand their partitions over to and
                # would wait minutes for it.
                "controlled.shutdown.enable": "false",
            }
        return "".join(f"{name}={value}\n" for name, value in lines.items())
