"""The addresses of a host that a caller names: looked up once, in time, and never inside the operator's network."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

from audio_gateway.deadline import Deadline
from audio_gateway.errors import FetchTimedOut, InvalidRequest
from audio_gateway.net.bounded_connection import Address
from audio_gateway.net.targets import Target

# IANA's special-purpose registries: addresses that are not reachable from everywhere, or that contain another address.
_NOT_PUBLIC_V4: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # carrier-grade NAT; some clouds have their metadata here
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local: the metadata of AWS
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",  # multicast, reserved, broadcast
        ),
    )
)
# All public IPv6 addresses. Loopback, link-local, unique local, multicast, IPv4-mapped and NAT64 are outside of it.
_GLOBAL_V6: Final = ip_network("2000::/3")
_NOT_PUBLIC_V6: Final = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # protocols: Teredo, ORCHID, benchmarks
            "2001:db8::/32",
            "2002::/16",  # 6to4: contains an IPv4 address
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is reachable from everywhere, and contains no other address."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _GLOBAL_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def addresses_of(target: Target, deadline: Deadline, *, param: str) -> list[Address]:
    """The addresses of the target's host, from one lookup. If one of them is not public, none may be used.

    Raises:
        InvalidRequest: it has none, or one that is not public; the message is the same.
        FetchTimedOut: the lookup did not end before the deadline.
    """
    found = _looked_up(target, deadline, param)
    places: list[Address] = [
        (family, address) for family, _, _, _, address in found if family in {socket.AF_INET, socket.AF_INET6}
    ]
    if not places or not (target.any_address or all(is_public(ip_address(place[0])) for _, place in places)):
        message = (
            f"'{param}' has no public address, or its host name cannot be resolved; "
            "send a URL that is reachable from the internet."
        )
        raise InvalidRequest(message, param=param, code="invalid_url")
    return places


def _looked_up(target: Target, deadline: Deadline, param: str) -> list[Any]:
    """The resolver's answer; empty for an unknown name."""
    answer: SimpleQueue[list[Any]] = SimpleQueue()

    def look_up() -> None:
        try:
            answer.put(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            answer.put([])

    # The resolver takes no timeout: the owner of the name decides how long it lasts. The thread ends by itself.
    Thread(target=look_up, daemon=True).start()
    try:
        return answer.get(timeout=deadline.remaining_s())
    except Empty:
        raise FetchTimedOut(f"The host of '{param}' could not be resolved in time.", param=param) from None
