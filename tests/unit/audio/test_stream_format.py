"""A format is recognised from the fewest bytes that make it certain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.byte_stream import ByteStream
from audio_gateway.audio.formats import SPEECH_FORMATS, SpeechFormat
from audio_gateway.audio.sniff import sniff
from audio_gateway.audio.stream_format import recognise_stream
from audio_gateway.errors import InvalidAudio
from tests.unit.audio.files import EVERY_FORMAT, any_file, id3, in_pieces, mp3, spoken, tone

PCM = tone(1.0, 24_000)
TEXT_LIKE = b"sounds like text"


def bytes_needed(data: bytes, declared: SpeechFormat) -> tuple[str | None, int]:
    """The format, and how many bytes were read to know it."""
    read = 0

    def arriving() -> Iterator[bytes]:
        nonlocal read
        for piece in in_pieces(data, 1):
            read += 1
            yield piece

    return recognise_stream(ByteStream(arriving()), declared), read


@pytest.mark.parametrize(
    ("data", "declared", "container", "needed"),
    [
        (spoken("wav", 0.5), "wav", "wav", 16),
        (spoken("opus", 0.5), "opus", "ogg", 16),
        (spoken("flac", 0.5), "flac", "flac", 16),
        (spoken("mp3", 0.5), "mp3", "mp3", 384 + 7),
        (id3() + spoken("mp3", 0.5), "mp3", "mp3", len(id3()) + 384 + 7),
        (spoken("mp3", 0.5), "pcm", "mp3", 7 * 384 + 7),
        (mp3(0.5, rate=44_100, xing=False), "pcm", "mp3", None),
        (spoken("opus", 0.5), "pcm", "ogg", 16),
        (PCM, "pcm", None, 16),
        (TEXT_LIKE + PCM, "pcm", None, 512),
        (b"G" + PCM[1:], "pcm", None, 512),
        (bytes(3_000) + spoken("mp3", 2.0), "mp3", "mp3", 16_384),
    ],
)
def test_no_more_bytes_are_awaited_than_needed(
    data: bytes, declared: SpeechFormat, container: str | None, needed: int | None
) -> None:
    found, read = bytes_needed(data, declared)
    assert found == container
    assert needed is None or read == needed


@pytest.mark.parametrize("name", EVERY_FORMAT)
def test_every_file_is_recognised_as_when_it_is_whole(name: str) -> None:
    data = any_file(name, 0.5)
    for declared in SPEECH_FORMATS:
        assert recognise_stream(ByteStream([data]), declared) == sniff(data)


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_a_short_file_needs_no_more_frames_than_it_has(frames: int) -> None:
    data = spoken("mp3", 1.0)[: frames * 384]
    assert bytes_needed(data, "pcm") == ("mp3", len(data))
    assert recognise_stream(ByteStream([data]), "mp3") == "mp3"


@given(st.binary(min_size=1, max_size=2_000), st.integers(1, 600))
def test_the_cuts_decide_nothing(data: bytes, size: int) -> None:
    def found(pieces: Iterator[bytes]) -> str | None:
        try:
            return recognise_stream(ByteStream(pieces), "pcm")
        except InvalidAudio as error:
            return error.message

    assert found(in_pieces(data, size)) == found(iter([data]))


def test_nothing_is_lost_by_looking() -> None:
    for data, declared in ((PCM, "pcm"), (spoken("mp3", 0.5), "mp3"), (spoken("opus", 0.5), "opus")):
        stream = ByteStream(in_pieces(data, 100))
        recognise_stream(stream, declared)  # type: ignore[arg-type] # one of the three
        assert b"".join(stream.rest()) == data
