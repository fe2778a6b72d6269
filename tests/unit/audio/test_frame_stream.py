"""Frames of audio that is still arriving are decoded as FFmpeg decodes the whole file, only earlier."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.byte_stream import ByteStream
from audio_gateway.audio.decode import decode_pcm, decode_stream
from audio_gateway.audio.encode import encode
from audio_gateway.audio.flac_stream import frames, stream_info
from audio_gateway.audio.frame_stream import FramedContainer
from audio_gateway.audio.sniff import Container
from audio_gateway.audio.transcode import transcode
from audio_gateway.errors import InvalidAudio
from tests.examples import examples
from tests.unit.audio.files import ENCODINGS, encoded, in_pieces, mp3, spoken, tone
from tests.unit.audio.signals import loudness

RATE = 24_000


def streamed(data: bytes, container: Container, rate: int = RATE, size: int = 500) -> bytes:
    return b"".join(decode_stream(in_pieces(data, size), container=container, sample_rate=rate))


# ---------------------------------------------------------------- the same samples
@pytest.mark.parametrize(
    ("data", "container"),
    [
        (spoken("mp3", 1.0), "mp3"),
        (mp3(1.0, rate=44_100, xing=False, layout="stereo"), "mp3"),
        (spoken("aac", 1.0), "aac"),
        (spoken("flac", 1.0), "flac"),
        (encoded("flac 48 kHz 5.1", 1.0), "flac"),
    ],
)
def test_a_stream_has_the_samples_of_the_file(data: bytes, container: FramedContainer) -> None:
    assert streamed(data, container) == b"".join(decode_pcm(data, RATE))


@pytest.mark.parametrize("name", [name for name in ENCODINGS if name.startswith("wav")])
def test_a_wav_that_arrives_has_the_samples_of_the_file(name: str) -> None:
    data = encoded(name, 1.0)
    pcm = b"".join(transcode(in_pieces(data, 501), declared="wav", sample_rate=0, wanted="pcm"))
    assert pcm == b"".join(decode_pcm(data, RATE))


@pytest.mark.parametrize("seconds", [0.3, 1.0, 1.337])
@pytest.mark.parametrize("rate", [24_000, 44_100])
@pytest.mark.parametrize("vbr", [True, False])
def test_the_silence_that_an_mp3_declares_is_cut_off(seconds: float, rate: int, vbr: bool) -> None:
    pcm = streamed(mp3(seconds, rate=rate, vbr=vbr), "mp3", rate)
    assert len(pcm) == 2 * int(seconds * rate)
    assert loudness(pcm[:200]) > 2_000
    assert loudness(pcm[-200:]) > 2_000


def test_several_mp3s_with_their_lengths_are_all_heard() -> None:
    pcm = streamed(mp3(1.0) * 3, "mp3")
    assert 3.0 <= len(pcm) / 48_000 < 3.0 + 2 * 0.072


# ---------------------------------------------------------------- earlier
@pytest.mark.parametrize(
    ("data", "most_ms"),
    [
        (spoken("mp3", 3.0), 50),
        (spoken("aac", 3.0), 90),
        (spoken("flac", 3.0), 100),
        (encoded("wav 8 kHz u8", 3.0), 30),
        (encoded("wav 8 kHz mu-law", 3.0), 30),
        (encoded("wav 48 kHz float", 3.0), 30),
    ],
)
def test_sound_needs_little_more_than_a_frame(data: bytes, most_ms: float) -> None:
    read = 0

    def arriving() -> Iterator[bytes]:
        nonlocal read
        for piece in in_pieces(data, 20):
            read += len(piece)
            yield piece

    next(transcode(arriving(), declared="mp3", sample_rate=0, wanted="pcm"))
    assert read / len(data) * 3_000 < most_ms


# ---------------------------------------------------------------- frames of FLAC
def flac_frames(data: bytes, size: int = 500) -> list[bytes]:
    stream = ByteStream(in_pieces(data, size))
    stream_info(stream)
    return list(frames(stream))


@pytest.mark.parametrize("size", [1, 100, 1_000_000])
def test_frames_of_flac_are_told_apart(size: int) -> None:
    data = spoken("flac", 1.0)
    found = flac_frames(data, size)
    assert len(found) == -(-24_000 // 1_152)
    assert data.endswith(b"".join(found))
    assert flac_frames(data * 2, size) == found * 2


@given(st.binary(max_size=4_000).map(lambda noise: noise[: len(noise) & ~1]))
@examples(50)
def test_samples_that_look_like_marks_cut_no_frame(noise: bytes) -> None:
    marks = b"\xff\xf8\xc9\x08fLaC\x00\x00\x00\x22" * 200
    pcm = marks + noise + marks
    data = b"".join(encode([pcm], sample_rate=RATE, format="flac"))
    assert streamed(data, "flac") == pcm


def test_flac_that_is_damaged_in_the_middle_is_refused() -> None:
    data = bytearray(spoken("flac", 3.0))
    data[len(data) // 2 :: 997] = bytes(len(data[len(data) // 2 :: 997]))
    with pytest.raises(InvalidAudio):
        streamed(bytes(data) + tone(2.0, RATE), "flac")


def test_mostly_damaged_frames_are_refused() -> None:
    data = bytearray(spoken("aac", 2.0))
    at = 0
    while at < len(data):
        length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        data[at + 7 : at + length] = bytes([0xFF]) * (length - 7)
        at += length
    with pytest.raises(InvalidAudio):
        streamed(bytes(data), "aac")
