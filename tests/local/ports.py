"""Ports for a system that runs beside others on the same machine."""

import socket
from contextlib import ExitStack

from local.plan import PORTS


def free_ports() -> dict[str, str]:
    """Choose a port that is free at this moment for each variable that sets one."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in PORTS]
        return {name: str(held.getsockname()[1]) for name, held in zip(PORTS, sockets, strict=True)}
