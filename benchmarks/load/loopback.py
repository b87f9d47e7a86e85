"""Refuses every address but this machine's own: load is sent nowhere else."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit


class NotLoopbackError(Exception):
    """An address leads, or may lead, away from this machine; the text names it."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address of this machine, resolved once, so that no later answer of a name server moves it."""

    host: str
    port: int
    path: str = ""

    @property
    def url(self) -> str:
        """The address as a base URL, by number and not by name."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def loopback(url: str) -> Address:
    """Resolve an `http://` URL; raises NotLoopbackError unless every address behind its name is loopback."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 80
    except ValueError as error:
        raise NotLoopbackError(f"{url} is no address: {error}") from None
    if parts.scheme != "http" or not host:
        raise NotLoopbackError(f"{url} is no address of this machine: write it as http://127.0.0.1:<port>.")
    return Address(_resolved(host, port, url), port, parts.path)


def loopback_database(url: str) -> str:
    """Give the URL of a database back; raises NotLoopbackError unless it is a socket's folder or loopback."""
    parts = urlsplit(url)
    asked = parse_qs(parts.query).get("host", [])
    for host in [*asked, *([parts.hostname] if parts.hostname else [])]:
        if not host.startswith("/"):
            _resolved(host, 5432, f"the database at {host}")
    if not asked and not parts.hostname:
        raise NotLoopbackError("the database's URL names no host: name one, or a socket's folder.")
    return url


def _resolved(host: str, port: int, shown: str) -> str:
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise NotLoopbackError(f"{shown} cannot be resolved: {error}") from None
    for address in sorted(found):
        if not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
            raise NotLoopbackError(
                f"{shown} leads to {address}, which is not this machine: load stays on loopback."
            )
    return min(found)
