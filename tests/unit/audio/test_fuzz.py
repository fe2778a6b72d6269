"""Whatever bytes are sent: audio, a clear refusal, and never anything else or without end."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from audio_gateway.audio.decode import decode_pcm
from audio_gateway.audio.measure import measure
from audio_gateway.audio.transcode import transcode
from audio_gateway.errors import InvalidAudio
from tests.examples import examples
from tests.unit.audio.files import EVERY_FORMAT, any_file, in_pieces

SECONDS = 20.0


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


@dataclass(frozen=True, slots=True)
class Damage:
    """Some bytes changed, some left out, and the end cut off: places are shares of the file, in millionths."""

    changes: list[tuple[int, int]]
    hole: tuple[int, int] | None
    end: int | None

    def done_to(self, data: bytes) -> bytes:
        changed = bytearray(data)
        for place, value in self.changes:
            changed[place * len(data) // 1_000_000] = value
        if self.hole:
            start = self.hole[0] * len(data) // 1_000_000
            del changed[start : start + self.hole[1]]
        return bytes(changed if self.end is None else changed[: self.end * len(changed) // 1_000_000])


PLACES = st.one_of(st.integers(0, 20_000), st.integers(0, 999_999))  # headers are near the beginning
DAMAGES = st.builds(
    Damage,
    changes=st.lists(st.tuples(PLACES, st.integers(0, 255)), max_size=12),
    hole=st.none() | st.tuples(PLACES, st.integers(0, 2_000)),
    end=st.none() | st.integers(0, 1_000_000),
)


@pytest.mark.parametrize("name", EVERY_FORMAT)
@given(damage=DAMAGES)
@settings(examples(12), phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_damaged_files_are_audio_or_refused(name: str, damage: Damage) -> None:
    data = damage.done_to(sample(name))
    started = time.process_time()
    for work in (
        lambda: measure(data, limit_ms=60_000),
        lambda: _drain(decode_pcm(data, 16_000)),
        lambda: _drain(transcode(in_pieces(data), declared="mp3", sample_rate=24_000, wanted="pcm")),
    ):
        refused = refusal_of(work)
        assert refused is None or (refused.param is None and len(refused.message) > 20)
    assert time.process_time() - started < SECONDS


def _drain(pieces: Iterator[bytes]) -> None:
    for _ in pieces:
        pass


@pytest.mark.parametrize("field", [0, 2, 4, 12, 14])  # tag, channels, rate, block, bits
@pytest.mark.parametrize("value", [0, 1, 0x00FF, 0x7FFF, 0xFFFF])
@pytest.mark.parametrize("name", ["wav 8 kHz mu-law", "wav 48 kHz float"])
def test_any_header_of_a_wav_is_audio_or_refused(name: str, field: int, value: int) -> None:
    data = sample(name)
    at = data.index(b"fmt ") + 8 + field
    for changed in (
        data[:at] + value.to_bytes(2, "little") + data[at + 2 :],
        data[: at + 2] + value.to_bytes(2, "little") + data[at + 4 :],
    ):
        started = time.process_time()
        refusal_of(partial(measure, changed, limit_ms=60_000))
        sound = transcode([changed], declared="wav", sample_rate=0, wanted="pcm")
        refusal_of(partial(_drain, sound))
        assert time.process_time() - started < SECONDS


@given(
    st.binary(max_size=3_000), st.sampled_from([b"", b"OggS", b"fLaC", b"RIFF\0\0\0\0WAVE", b"\x1aE\xdf\xa3", b"ID3\4"])
)
@examples(150)
def test_any_bytes_behind_any_magic_are_audio_or_refused(data: bytes, magic: bytes) -> None:
    refused = refusal_of(lambda: measure(magic + data, limit_ms=60_000))
    assert refused is None or refused.message
