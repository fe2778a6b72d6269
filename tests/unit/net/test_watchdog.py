"""Exchanges that end in time, whatever the other side does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from audio_gateway.deadline import Cancellation
from audio_gateway.net.watchdog import TimeUpError, Watchdog


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_silent_connection_is_shut_down_at_the_deadline(pair: tuple[socket.socket, socket.socket]) -> None:
    with Watchdog(0.05) as watchdog:
        watchdog.watch(pair[0])
        with pytest.raises(TimeUpError), watchdog.in_time():
            pair[0].recv(1)


def test_a_connection_is_shut_down_when_nothing_comes_for_too_long(pair: tuple[socket.socket, socket.socket]) -> None:
    with Watchdog(600, silence_s=0.05) as watchdog:
        watchdog.watch(pair[0])
        with pytest.raises(TimeUpError), watchdog.in_time():
            pair[0].recv(1)


def test_a_short_time_counts_while_the_thread_waits_for_a_long_one(pair: tuple[socket.socket, socket.socket]) -> None:
    with Watchdog(600), Watchdog(0.05) as watchdog:
        watchdog.watch(pair[0])
        with pytest.raises(TimeUpError), watchdog.in_time():
            pair[0].recv(1)


def test_silence_counts_only_while_somebody_waits() -> None:
    with Watchdog(600, silence_s=5) as watchdog:
        assert watchdog.fires_at(1.0) == 6.0
        with watchdog.in_time():
            in_5_s = watchdog.fires_at(1.0)
            assert in_5_s == watchdog.fires_at(100.0)
            assert 0 < in_5_s - time.monotonic() <= 5
        assert watchdog.fires_at(1.0) == 6.0


def test_each_wait_has_all_of_the_time_but_the_deadline_stays() -> None:
    with Watchdog(600, silence_s=5) as watchdog:
        with watchdog.in_time():
            first = watchdog.fires_at(0.0)
        with watchdog.in_time():
            assert watchdog.fires_at(0.0) > first
        assert watchdog.fires_at(1e12) < time.monotonic() + 601


def test_a_cancellation_shuts_the_connection_down_at_once(pair: tuple[socket.socket, socket.socket]) -> None:
    cancellation = Cancellation()
    with Watchdog(600, cancellation) as watchdog:
        watchdog.watch(pair[0])
        threading.Thread(target=cancellation.cancel).start()
        with pytest.raises(TimeUpError), watchdog.in_time():
            pair[0].recv(1)


def test_a_connection_that_is_made_after_the_cancellation_is_shut_down(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with Watchdog(600, cancellation) as watchdog:
        watchdog.watch(pair[0])
        with pytest.raises(TimeUpError), watchdog.in_time():
            pair[0].recv(1)


def test_one_that_is_stopped_leaves_the_connection_alone(pair: tuple[socket.socket, socket.socket]) -> None:
    cancellation = Cancellation()
    with Watchdog(600, cancellation) as watchdog:
        watchdog.watch(pair[0])
    cancellation.cancel()
    watchdog.fire()
    pair[1].sendall(b"x")
    assert pair[0].recv(1) == b"x"


def test_many_share_one_thread() -> None:
    dogs = [Watchdog(600) for _ in range(20)]
    assert [thread.name for thread in threading.enumerate()].count("watchdog") == 1
    for watchdog in dogs:
        watchdog.stop()
        watchdog.stop()
