"""Whatever bytes are sent: audio, a clear refusal, and never anything else or without end."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio_gateway.audio.conform import conform
from audio_gateway.audio.decode import decode_pcm
from audio_gateway.audio.measure import measure
from audio_gateway.errors import InvalidAudio
from tests.unit.audio.files import EVERY_FORMAT, any_file, in_pieces

SECONDS = 5.0


@functools.cache
def sample(name: str) -> bytes:
    return any_file(name, 0.6)


def refusal_of(work: Callable[[], object]) -> InvalidAudio | None:
    """The refusal, if it was one; everything else that is raised fails the test."""
    try:
        work()
    except InvalidAudio as error:
        return error
    return None


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Some bytes changed, mostly near the beginning where headers are, some left out, and the end cut off."""
    changed = bytearray(data)
    near = st.one_of(st.integers(0, min(len(data), 400) - 1), st.integers(0, len(data) - 1))
    for at, value in draw(st.lists(st.tuples(near, st.integers(0, 255)), max_size=12)):
        changed[at] = value
    start = draw(st.one_of(st.just(len(data)), near))
    del changed[start : start + draw(st.integers(0, 2_000))]
    return bytes(changed[: draw(st.one_of(st.just(len(changed)), st.integers(0, len(changed))))])


@pytest.mark.parametrize("name", EVERY_FORMAT)
@given(draw=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_damaged_files_are_audio_or_refused(name: str, draw: st.DataObject):
    data = draw.draw(damaged(sample(name)))
    started = time.process_time()
    for work in (
        lambda: measure(data, limit_ms=60_000),
        lambda: _drain(decode_pcm(data, 16_000)),
        lambda: _drain(conform(in_pieces(data), declared="mp3", sample_rate=24_000, wanted="pcm")),
    ):
        refused = refusal_of(work)
        assert refused is None or (refused.param == "file" and len(refused.message) > 20)
    assert time.process_time() - started < SECONDS


def _drain(pieces) -> None:
    for _ in pieces:
        pass


@given(
    st.binary(max_size=3_000), st.sampled_from([b"", b"OggS", b"fLaC", b"RIFF\0\0\0\0WAVE", b"\x1aE\xdf\xa3", b"ID3\4"])
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_behind_any_magic_are_audio_or_refused(data: bytes, magic: bytes):
    refused = refusal_of(lambda: measure(magic + data, limit_ms=60_000))
    assert refused is None or refused.message
