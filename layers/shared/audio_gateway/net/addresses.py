"""Where a host of a caller's is: looked up once, in time, and never inside the operator's network."""

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

# IANA's special-purpose registries: whatever is not reachable from everywhere, and what carries another address inside.
_NOT_PUBLIC_V4: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # of carriers; a cloud's metadata is here, too
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
# All of IPv6 that is in use. Outside are loopback, link-local, unique local, multicast, IPv4-mapped and NAT64.
_GLOBAL_V6: Final = ip_network("2000::/3")
_NOT_PUBLIC_V6: Final = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # protocols: Teredo, ORCHID, benchmarks
            "2001:db8::/32",
            "2002::/16",  # 6to4: an IPv4 address is inside
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is reachable from everywhere, and holds no other address inside."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _GLOBAL_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def addresses_of(target: Target, deadline: Deadline, *, param: str) -> list[Address]:
    """The addresses of the target's host, of one lookup; one that is not public spoils them all.

    Raises:
        InvalidRequest: it has none, or one that is not public; no message tells the two apart.
        FetchTimedOut: the lookup took longer than until the deadline.
    """
    found = _looked_up(target, deadline, param)
    places: list[Address] = [
        (family, address) for family, _, _, _, address in found if family in {socket.AF_INET, socket.AF_INET6}
    ]
    if not places or not (target.any_address or all(is_public(ip_address(place[0])) for _, place in places)):
        message = (
            f"'{param}' does not lead to a public address, or its name cannot be looked up from here; "
            "it must be reachable from everywhere."
        )
        raise InvalidRequest(message, param=param, code="invalid_url")
    return places


def _looked_up(target: Target, deadline: Deadline, param: str) -> list[Any]:
    """What the resolver says; nothing if it knows no such name."""
    answer: SimpleQueue[list[Any]] = SimpleQueue()

    def look_up() -> None:
        try:
            answer.put(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            answer.put([])

    # The resolver takes no time-out: whoever owns the name decides how long it lasts. The thread ends by itself.
    Thread(target=look_up, daemon=True).start()
    try:
        return answer.get(timeout=deadline.remaining_s())
    except Empty:
        raise FetchTimedOut(f"The host of '{param}' could not be looked up in time.", param=param) from None
