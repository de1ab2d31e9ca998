"""Which addresses a source may have: the public internet and what the administrator has listed, nothing else.

Python's `is_private` and `is_global` let through shared, translated and tunnelled ranges behind which a private
address can hide, so the list is our own: everything that IANA does not give to the public, and the tunnels.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NEVER_V4 = [
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by a provider's customers; one cloud's metadata service
        "127.0.0.0/8",
        "168.63.129.16/32",  # looks public, is a cloud's own service to its machines
        "169.254.0.0/16",  # link-local; the metadata service of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relay
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
]
PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")  # outside of it nothing is public: loopback, link, site, mapped, NAT64
NEVER_V6 = [
    ipaddress.IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: holds any IPv4 address
        "2620:4f:8000::/48",
        "3fff::/20",
    )
]
HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")


def is_public(address: Address) -> bool:
    """Whether `address` belongs to the public internet and cannot be another address in disguise."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in NEVER_V4)
    return address.scope_id is None and address in PUBLIC_V6 and not any(address in block for block in NEVER_V6)


@dataclass(frozen=True, slots=True)
class Exceptions:
    """What OUTBOUND_ALLOW lists besides: single doors (a host or an address with its port) and whole networks."""

    doors: frozenset[tuple[str, int]] = frozenset()
    networks: tuple[Network, ...] = field(default=())

    @classmethod
    def read(cls, entries: Iterable[str]) -> Exceptions:
        """`prometheus.internal:9090`, `127.0.0.1:8000`, `[::1]:9090`, `10.20.0.0/16`. Refuses (ValueError) the rest."""
        doors, networks = set(), []
        for entry in (text.strip().lower() for text in entries):
            if "/" in entry:
                networks.append(ipaddress.ip_network(entry, strict=True))
            else:
                doors.add(_door(entry))
        return cls(frozenset(doors), tuple(networks))

    def admit(self, host: str, address: Address, port: int) -> bool:
        """Whether the administrator allows this door, by the name that was asked for or by its address."""
        names = (host.lower().rstrip("."), str(address))
        if any((name, port) in self.doors for name in names):
            return True
        return any(address in network for network in self.networks if network.version == address.version)


def _door(entry: str) -> tuple[str, int]:
    host, colon, port = entry.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ValueError(f"{entry!r} is neither host:port nor a network like 10.20.0.0/16")
    if host.startswith("[") and host.endswith("]"):
        return str(ipaddress.IPv6Address(host[1:-1])), int(port)
    if not HOST.fullmatch(host):
        raise ValueError(f"{entry!r} has no host name before its port")
    return host.rstrip("."), int(port)
