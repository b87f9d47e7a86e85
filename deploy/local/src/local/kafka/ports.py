"""Finds loopback ports that a node can listen on."""

import random
import socket
from collections.abc import Collection

from local.kafka.errors import BrokerError

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port(taken: Collection[int] = ()) -> int:
    """Find a free loopback port below the range that clients' own ends are taken from.

    From that range a client could take the port of a node while it is dead, and the node could not come back.
    """
    for port in random.sample(range(20_000, 32_000), 200):
        if port not in taken and is_free(port):
            return port
    raise BrokerError("no free port found between 20000 and 32000")
