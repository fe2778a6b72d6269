"""Speech is passed on while it arrives: early, evenly, in pieces of bounded size, and released when nobody listens."""

from __future__ import annotations

import functools
import itertools
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.encode import encode
from audio_gateway.audio.formats import SPEECH_FORMATS, SpeechFormat
from audio_gateway.audio.transcode import transcode
from audio_gateway.errors import InvalidAudio
from tests.examples import examples
from tests.sound import clip
from tests.unit.audio.files import any_file, encoded, id3, in_pieces, mp3, riff, spoken, tone

pytestmark = pytest.mark.slow

RATE = 24_000
FRAME_MS = {"pcm": 0, "wav": 0, "mp3": 24, "opus": 40, "aac": 43, "flac": 48}
"""A page of Opus has one packet of 20 ms, and another one is needed to know that it is not the last."""
LOOK_AHEAD_MS = {"pcm": 0, "wav": 0, "mp3": 48, "opus": 7, "aac": 43, "flac": 0}
PIECE_MS = 10
BLOCK_MS = 10


def source(kind: SpeechFormat, seconds: float) -> bytes:
    return tone(seconds, RATE) if kind == "pcm" else spoken(kind, seconds)


# ---------------------------------------------------------------- early and evenly
@pytest.mark.parametrize("speed", [1.0, 1.5])
@pytest.mark.parametrize("wanted", SPEECH_FORMATS)
@pytest.mark.parametrize("kind", SPEECH_FORMATS)
def test_sound_comes_out_early_and_evenly(kind: SpeechFormat, wanted: SpeechFormat, speed: float) -> None:
    """No more is held than one frame on either side, what the encoder looks ahead, and the window of the tempo."""
    data, read = source(kind, 3.0), 0
    piece = len(data) * PIECE_MS // 3_000

    def arriving() -> Iterator[bytes]:
        nonlocal read
        for chunk in in_pieces(data, piece):
            read += PIECE_MS
            yield chunk

    headers = {"wav": 44, "opus": 97, "flac": 60}.get(wanted, 0)
    got, times = 0, [0]
    for made in transcode(arriving(), declared=kind, sample_rate=RATE, wanted=wanted, speed=speed):
        got += len(made)
        if got > headers and read > times[-1] and read < 2_900:
            times.append(read)
    window = 0 if speed == 1.0 else 85
    most = 2 * PIECE_MS + BLOCK_MS + FRAME_MS[kind] + (FRAME_MS[wanted] + window) * speed
    assert times[1] <= most + (LOOK_AHEAD_MS[wanted] + FRAME_MS[kind]) * speed, "the first sound"
    assert max(b - a for a, b in itertools.pairwise(times[1:])) <= most


@pytest.mark.parametrize("wanted", SPEECH_FORMATS)
def test_a_sentence_that_comes_at_once_goes_out_in_pieces(wanted: SpeechFormat) -> None:
    for kind in SPEECH_FORMATS:
        made = list(transcode([source(kind, 10.0)], declared=kind, sample_rate=RATE, wanted=wanted))
        assert max(map(len, made)) <= 65_536
        if wanted not in (kind, "pcm", "wav"):
            half_a_second = len(source(wanted, 0.5))
            assert max(map(len, made)) <= half_a_second


def test_tiny_pieces_are_not_encoded_one_by_one() -> None:
    made = list(encode(in_pieces(tone(1.0, RATE), 2), sample_rate=RATE, format="mp3"))
    assert len(made) <= 101


# ---------------------------------------------------------------- wherever the network cuts
FILES: dict[str, tuple[SpeechFormat, int]] = {
    "pcm": ("pcm", RATE),
    "pcm, 16 kHz": ("pcm", 16_000),
    "wav": ("wav", 0),
    "wav of a stream": ("wav", 0),
    "wav, 24 bits": ("wav", 0),
    "mp3": ("mp3", 0),
    "mp3 in place of pcm": ("pcm", RATE),
    "mp3, with tags and its length": ("mp3", 0),
    "aac": ("aac", 0),
    "opus": ("opus", 0),
    "flac": ("flac", 0),
    "webm": ("opus", 0),
    "m4a": ("aac", 0),
    "three wavs": ("wav", 0),
    "two mp3s": ("mp3", 0),
    "two aacs": ("aac", 0),
    "two flacs": ("flac", 0),
    "two opuses": ("opus", 0),
}


@functools.cache
def content(name: str) -> bytes:
    spoken_s = 0.3
    plain = riff(tone(spoken_s, RATE), rate=RATE)
    return {
        "pcm": lambda: clip("austen-0870")[44:14_444],
        "pcm, 16 kHz": lambda: tone(spoken_s, 16_000),
        "wav": lambda: plain,
        "wav of a stream": lambda: spoken("wav", spoken_s),
        "wav, 24 bits": lambda: encoded("wav 44.1 kHz 24 bit", spoken_s),
        "mp3": lambda: spoken("mp3", spoken_s),
        "mp3 in place of pcm": lambda: spoken("mp3", spoken_s),
        "mp3, with tags and its length": lambda: id3() + id3(b"x") + mp3(spoken_s) + b"TAG" + bytes(125),
        "aac": lambda: spoken("aac", spoken_s),
        "opus": lambda: spoken("opus", spoken_s),
        "flac": lambda: spoken("flac", spoken_s),
        "webm": lambda: any_file("webm opus 48 kHz", spoken_s),
        "m4a": lambda: any_file("m4a 44.1 kHz stereo", spoken_s),
        "three wavs": lambda: plain + spoken("wav", spoken_s) + plain,
        "two mp3s": lambda: mp3(spoken_s) + id3() + spoken("mp3", spoken_s),
        "two aacs": lambda: spoken("aac", spoken_s) * 2,
        "two flacs": lambda: spoken("flac", spoken_s) * 2,
        "two opuses": lambda: spoken("opus", spoken_s) * 2,
    }[name]()


def answered(name: str, pieces: Iterator[bytes], wanted: SpeechFormat, speed: float) -> bytes | str:
    """The whole answer, or the refusal."""
    declared, rate = FILES[name]
    try:
        return b"".join(transcode(pieces, declared=declared, sample_rate=rate, wanted=wanted, speed=speed))
    except InvalidAudio as error:
        return error.message


@functools.cache
def from_one_piece(name: str, wanted: SpeechFormat, speed: float) -> bytes | str:
    return answered(name, iter([content(name)]), wanted, speed)


@pytest.mark.parametrize("wanted", SPEECH_FORMATS)
@pytest.mark.parametrize("name", FILES)
def test_single_bytes_make_the_same_answer_as_one_piece(name: str, wanted: SpeechFormat) -> None:
    assert answered(name, in_pieces(content(name), 1), wanted, 1.0) == from_one_piece(name, wanted, 1.0)


@given(
    st.sampled_from(list(FILES)),
    st.sampled_from(SPEECH_FORMATS),
    st.sampled_from([1.0, 1.0, 1.5, 0.6]),
    st.lists(st.integers(0, 1_000_000), max_size=40),
)
@examples(150)
def test_any_cuts_make_the_same_answer_as_one_piece(
    name: str, wanted: SpeechFormat, speed: float, cuts: list[int]
) -> None:
    data = content(name)
    at = [0, *sorted(cut * len(data) // 1_000_000 for cut in cuts), len(data)]
    pieces = (data[start:end] for start, end in itertools.pairwise(at))
    assert answered(name, pieces, wanted, speed) == from_one_piece(name, wanted, speed)


# ---------------------------------------------------------------- what an unknown length looks like
def test_headers_of_a_stream_declare_no_length() -> None:
    wav = b"".join(transcode([tone(0.5, RATE)], declared="pcm", sample_rate=RATE, wanted="wav"))
    assert wav[:8] == b"RIFF\xff\xff\xff\xff"
    assert wav[36:44] == b"data\xff\xff\xff\xff"
    flac = b"".join(transcode([tone(0.5, RATE)], declared="pcm", sample_rate=RATE, wanted="flac"))
    assert int.from_bytes(flac[21:26], "big") & 0xF_FFFF_FFFF == 0
    mp3_file = b"".join(transcode([tone(0.5, RATE)], declared="pcm", sample_rate=RATE, wanted="mp3"))
    assert not any(mark in mp3_file for mark in (b"ID3", b"Info", b"Xing", b"LAME3"))


# ---------------------------------------------------------------- cut off
@pytest.mark.parametrize(("kind", "unit"), [("mp3", 384), ("opus", None), ("aac", None)])
def test_what_passes_before_a_file_is_cut_off_is_complete(kind: SpeechFormat, unit: int | None) -> None:
    data, got = spoken(kind, 2.0), bytearray()
    cut = data[: len(data) // 2 + 5]
    with pytest.raises(InvalidAudio, match="cut off"):
        _take(transcode(in_pieces(cut, 100), declared=kind, sample_rate=0, wanted=kind), got)
    assert data.startswith(got)
    assert len(cut) - 1_000 < len(got) < len(cut)
    mark = {"opus": b"OggS", "aac": b"\xff\xf1"}.get(kind, b"\xff\xf3")
    assert data[len(got) :].startswith(mark)
    assert unit is None or len(got) % unit == 0


def _take(made: Iterator[bytes], got: bytearray) -> None:
    for piece in made:
        got += piece


# ---------------------------------------------------------------- nobody listens any more
class Provider:
    """An answer, and the thread in which it was closed."""

    def __init__(self, data: bytes) -> None:
        self.closed_in: threading.Thread | None = None
        self.chunks = self._chunks(data)

    def _chunks(self, data: bytes) -> Iterator[bytes]:
        try:
            yield from in_pieces(data, 500)
        finally:
            self.closed_in = threading.current_thread()


@pytest.mark.parametrize("speed", [1.0, 1.5])
@pytest.mark.parametrize("wanted", SPEECH_FORMATS)
@pytest.mark.parametrize("name", FILES)
def test_closing_the_answer_closes_the_provider_at_once(name: str, wanted: SpeechFormat, speed: float) -> None:
    declared, rate = FILES[name]
    provider = Provider(content(name))
    made = transcode(provider.chunks, declared=declared, sample_rate=rate, wanted=wanted, speed=speed)
    try:
        next(made)
    except InvalidAudio:
        assert "two" in name
    made.close()  # type: ignore[attr-defined] # a generator
    assert provider.closed_in is threading.current_thread()


def test_a_refused_answer_is_closed_while_its_error_is_held() -> None:
    for data in (b"<html>" * 1_000, spoken("mp3", 1.0) + b"<html>" * 1_000):
        provider = Provider(data)
        made = transcode(provider.chunks, declared="mp3", sample_rate=0, wanted="opus")
        with pytest.raises(InvalidAudio) as held:
            _take(made, bytearray())
        assert provider.closed_in is threading.current_thread()
        assert held.value.__traceback__ is not None


# ---------------------------------------------------------------- hours
@pytest.mark.parametrize(
    ("kind", "wanted", "minutes"), [("pcm", "mp3", 20), ("mp3", "opus", 4), ("flac", "aac", 4), ("opus", "flac", 4)]
)
def test_memory_does_not_grow_with_the_length(kind: SpeechFormat, wanted: SpeechFormat, minutes: int) -> None:
    half_a_minute = source(kind, 30.0)

    def hours() -> Iterator[bytes]:
        for _ in range(minutes * 2):
            yield from in_pieces(half_a_minute, 2_000)

    made = transcode(hours(), declared=kind, sample_rate=RATE, wanted=wanted)
    _take_bytes(made, 300_000)
    before = _resident()
    _take_bytes(made, None)
    assert _resident() - before < 4_000_000


def _take_bytes(made: Iterator[bytes], most: int | None) -> None:
    taken = 0
    while (most is None or taken < most) and (piece := next(made, None)) is not None:
        taken += len(piece)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
