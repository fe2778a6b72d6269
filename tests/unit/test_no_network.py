"""Unit tests have no network but this machine's own: neither connections nor names of others."""

from __future__ import annotations

import socket

import pytest
from pytest_socket import SocketConnectBlockedError


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "169.254.169.254", "0.0.0.0"])
def test_no_other_machine_is_reached(address: str) -> None:
    with pytest.raises(SocketConnectBlockedError):
        socket.create_connection((address, 80), timeout=1)


@pytest.mark.parametrize("name", ["example.com", "api.openai.com", "dynamodb.us-east-1.amazonaws.com"])
def test_no_name_of_another_machine_is_looked_up(name: str) -> None:
    with pytest.raises(AssertionError, match="looked up"):
        socket.getaddrinfo(name, 443)


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost"])
def test_this_machine_is(address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection((address, server.getsockname()[1])):
        pass
