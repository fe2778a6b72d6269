"""The comparison with other gateways: what it reads from the wire, computes and prints."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.peers.cases import CASES, record
from bench.peers.figures import Cell, is_buffered, percentile, piece_delays_ms, ratio
from bench.peers.load import Exchange
from bench.peers.processes import listens_only_on_loopback
from bench.peers.report import report, table
from bench.peers.sounds import Sounds
from bench.peers.upstream import PIECE_BYTES, PIECES, piece
from bench.peers.wire import MessageError, MessageReader

SPEECH, _, _, STREAM = CASES
WITH_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\ncontent-length: 11\r\n\r\nhello world"
IN_CHUNKS = (
    b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"6\r\nhello \r\n5;ext=1\r\nworld\r\n0\r\nTrailer: x\r\n\r\n"
)


def read(data: bytes, cuts: list[int]) -> tuple[MessageReader, bytes]:
    body = bytearray()
    reader = MessageReader(body.extend)
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        reader.feed(data[start:end])
    return reader, bytes(body)


# ---------------------------------------------------------------- the wire
@given(st.sampled_from([WITH_LENGTH, IN_CHUNKS]), st.data())
def test_a_message_is_read_however_it_is_cut(message: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(message)), max_size=8).map(sorted))
    reader, body = read(message, cuts)
    assert reader.complete
    assert body == b"hello world"


def test_a_message_is_incomplete_until_its_last_byte() -> None:
    for message in (WITH_LENGTH, IN_CHUNKS):
        for end in range(len(message)):
            assert not read(message[:end], [])[0].complete


def test_status_and_headers_are_read_whatever_the_case_of_the_name() -> None:
    reader, _ = read(WITH_LENGTH, [])
    assert (reader.status, reader.header(b"content-type"), reader.header(b"etag")) == (200, b"audio/mpeg", None)


def test_a_request_without_a_length_has_no_body() -> None:
    assert read(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", [])[0].complete


@pytest.mark.parametrize(
    "message",
    [
        b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nlonger",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1" * 80,
    ],
)
def test_a_broken_message_is_an_error(message: bytes) -> None:
    with pytest.raises(MessageError):
        read(message, [])


# ---------------------------------------------------------------- the figures
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed() -> None:
    assert [percentile([4, 1, 3, 2], percent) for percent in (0, 25, 50, 51, 99, 100)] == [1, 1, 2, 3, 4, 4]
    assert math.isnan(percentile([], 50))


def test_the_delay_of_a_piece_is_from_its_writing_to_its_arrival() -> None:
    assert piece_delays_ms([1_000_000, 2_000_000], [1_500_000, 4_000_000]) == [0.5, 2.0]


def test_a_stream_is_buffered_if_its_first_byte_comes_in_its_second_half() -> None:
    assert is_buffered(780, 780)
    assert not is_buffered(20, 780)


def test_what_was_not_measured_has_no_ratio() -> None:
    assert ratio(3, 2) == 1.5
    assert ratio(None, 2) is ratio(3, None) is None


# ---------------------------------------------------------------- the responses
def streamed(*, arriving_ns: int) -> Exchange:
    """A stream whose pieces were written one a millisecond, and all arrived then or later."""
    exchange = Exchange(0, 50_000_000, 200, "audio/pcm")
    for number in range(PIECES):
        exchange.body += piece(number * 1_000_000)
        exchange.arrivals.append((max(number * 1_000_000 + 500_000, arriving_ns), (number + 1) * PIECE_BYTES))
    return exchange


def test_a_stream_gives_the_time_of_its_first_byte_and_of_each_piece() -> None:
    cell = Cell("ours", "stream", 1)
    record(STREAM, streamed(arriving_ns=0), Sounds(b"", b"", b""), cell)
    assert cell.first_ms == [0.5]
    assert cell.delays_ms == [0.5] * PIECES
    assert (cell.faults, cell.errors) == ([], 0)


def test_a_buffered_stream_is_a_fault() -> None:
    cell = Cell("ours", "stream", 1)
    record(STREAM, streamed(arriving_ns=790_000_000), Sounds(b"", b"", b""), cell)
    assert cell.first_ms == [790.0]
    assert cell.faults == ["buffered: the first byte came with the last"]


@pytest.mark.parametrize(
    ("exchange", "fault"),
    [
        (Exchange(0, 1, 200, "audio/mpeg", bytearray(b"mp3")), []),
        (Exchange(0, 1, 200, "audio/mpeg", bytearray(b"mp")), ["other bytes than the upstream's"]),
        (Exchange(0, 1, 200, "audio/wav", bytearray(b"mp3")), ["Content-Type audio/wav instead of audio/mpeg"]),
    ],
)
def test_other_bytes_or_another_type_are_a_fault(exchange: Exchange, fault: list[str]) -> None:
    cell = Cell("ours", SPEECH.name, 1)
    record(SPEECH, exchange, Sounds(b"mp3", b"", b""), cell)
    assert cell.faults == fault
    assert len(cell.times_ms) == 1


def test_a_failure_is_an_error_and_has_no_time() -> None:
    cell = Cell("ours", SPEECH.name, 1)
    record(SPEECH, Exchange(0, 1, 500), Sounds(b"mp3", b"", b""), cell)
    record(SPEECH, Exchange(0, 1, failure="the connection was closed"), Sounds(b"mp3", b"", b""), cell)
    assert (cell.errors, cell.times_ms) == (2, [])
    assert cell.faults == ["status 500", "the connection was closed"]


# ---------------------------------------------------------------- the machine and the tables
LISTENERS = """  sl  local_address rem_address   st
   0: 0100007F:1F90 00000000:0000 0A
   1: 00000000:2328 00000000:0000 0A
   2: 00000000:1F91 00000000:0000 01
"""


@pytest.mark.parametrize(("port", "safe"), [(8080, True), (9000, False), (8081, True), (1, True)])
def test_a_port_that_other_machines_reach_is_noticed(port: int, *, safe: bool) -> None:
    assert listens_only_on_loopback(LISTENERS, port) is safe


def test_a_table_has_columns_of_equal_width() -> None:
    assert table(("name", "ms"), [("a", "1.5"), ("longer", "22")]).splitlines() == [
        "| name   | ms  |",
        "| ------ | --- |",
        "| a      | 1.5 |",
        "| longer | 22  |",
    ]


def test_the_report_compares_ours_with_each_other_gateway_and_says_what_was_not_measured() -> None:
    cells = [
        vars(Cell(name, "speech 32 KB", 1, [ms], seconds=1, cpu_seconds=0.004).summary())
        for name, ms in {"direct": 1.0, "LiteLLM": 8.0, "ours, stack": 4.0}.items()
    ]
    systems = [{"name": "Portkey", "remarks": ["NOT MEASURED: Node.js is not installed"]}]
    machine = {
        "date": "2026-12-01",
        "cpu": "a processor",
        "cores": 2,
        "load_average": 0.1,
        "versions": {"litellm": "1"},
    }
    lines = report({**machine, "systems": systems, "cells": cells}).splitlines()
    (ours,) = (line for line in lines if line.startswith("| ours, stack"))
    assert [cell.strip() for cell in ours.strip("|").split("|")] == [
        "ours, stack", "4.00", "4.00", "1.00", "4.00", "0", "4.00", "0.50", "",
    ]  # fmt: skip
    assert any("NOT MEASURED: Node.js is not installed" in line for line in lines)
