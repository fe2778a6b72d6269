"""Tests that kill a process kill that one."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.fakes.owners import look, process_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="connections are looked up in Linux's /proc")

CLIENT = """
import socket, sys
client = socket.socket()
client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
client.bind(("127.0.0.1", int(sys.argv[1])))
client.connect(("127.0.0.1", int(sys.argv[2])))
print("connected", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def servers() -> Iterator[tuple[int, int]]:
    """The ports of two servers."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        yield one.getsockname()[1], other.getsockname()[1]


@contextlib.contextmanager
def a_client(port: int, server: int) -> Iterator[int]:
    """A process that is connected from the port; its id."""
    command = [sys.executable, "-c", CLIENT, str(port), str(server)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == b"connected\n"
        yield process.pid
        process.stdin.close()


@pytest.mark.parametrize("known", [False, True])
def test_the_process_at_the_other_end_is_found(servers: tuple[int, int], known: bool) -> None:
    with socket.create_connection(("127.0.0.1", servers[0])) as mine:
        port = mine.getsockname()[1]
        if known:
            look()
        assert process_of(port, servers[0]) == os.getpid()


def test_two_connections_may_be_from_the_same_port(servers: tuple[int, int]) -> None:
    with socket.socket() as mine:
        mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        mine.bind(("127.0.0.1", 0))
        port = mine.getsockname()[1]
        mine.connect(("127.0.0.1", servers[0]))
        with a_client(port, servers[1]) as other:
            assert (process_of(port, servers[0]), process_of(port, servers[1])) == (os.getpid(), other)


def test_a_connection_without_an_owner_has_no_process(
    servers: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fakes.owners._PATIENCE_S", 0.1)
    with pytest.raises(ProcessLookupError):
        process_of(1, servers[0])
