"""Which addresses a webhook may lead to, decided for the very address that is then connected to."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses that a host name has now; raises OSError where it has none."""

_NAT64 = IPv6Network("64:ff9b::/96")


class AddressRefused(Exception):
    """The host leads to an address that webhooks must not reach."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """Lets public addresses through, and private ones only where an operator has listed their network."""

    allowed: tuple[Network, ...] = ()
    resolve: Resolve = resolve

    async def pin(self, host: str, port: int) -> str:
        """Give an address of the host to connect to; raises AddressRefused where any of its addresses is not allowed.

        The caller connects to this address and asks no resolver again, so that the name cannot change its meaning
        between check and use.
        """
        addresses = [ip_address(text.partition("%")[0]) for text in await self.resolve(host, port)]
        if not addresses:
            raise OSError("the host name has no address")
        for address in addresses:
            if not self.permits(address):
                raise AddressRefused("the host leads to an address that is not public and not allow-listed")
        return str(addresses[0])

    def permits(self, address: Address) -> bool:
        """Tell whether a webhook may be posted to this address; an IPv4 address inside an IPv6 one counts itself."""
        inner = _inner(address)
        if any(inner in network for network in self.allowed if network.version == inner.version):
            return True
        return inner.is_global and not inner.is_multicast


def _inner(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
