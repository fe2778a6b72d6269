"""Any audio becomes s16le mono."""

from __future__ import annotations

import array
import math
from collections.abc import Iterator

import pytest

from audio_gateway.audio.decode import decode_pcm, decode_stream
from audio_gateway.audio.measure import measure
from audio_gateway.audio.sniff import sniff
from audio_gateway.errors import InvalidAudio
from tests.sound import CLIPS, clip
from tests.unit.audio.files import EVERY_FORMAT, any_file, in_pieces, mp3, riff, spoken, tone
from tests.unit.audio.signals import power

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", EVERY_FORMAT)
@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
def test_every_format_decodes_to_its_tone_at_any_rate(name: str, rate: int) -> None:
    pcm = b"".join(decode_pcm(any_file(name), rate))
    assert abs(len(pcm) / 2 / rate - 2.0) < 0.11
    assert power(pcm, rate, 440) > 100 * power(pcm, rate, 1_000)


@pytest.mark.parametrize("name", EVERY_FORMAT)
def test_what_is_decoded_is_as_long_as_what_was_measured(name: str) -> None:
    data = any_file(name)
    samples = sum(map(len, decode_pcm(data, 16_000))) // 2
    assert abs(samples / 16 - measure(data).duration_ms) <= 2


def test_pieces_are_bounded() -> None:
    assert max(map(len, decode_pcm(spoken("flac", 30.0), 16_000))) <= 16_000


def test_channels_are_mixed_not_dropped() -> None:
    """Sound in one channel only is heard, whichever of nine it is."""
    rate, channels = 16_000, 9
    for loud in (0, 5, 8):
        samples = array.array("h", bytes(2 * channels * rate))
        samples[loud::channels] = array.array("h", tone(1.0, rate))
        pcm = b"".join(decode_pcm(riff(samples.tobytes(), channels=channels, rate=rate), rate))
        assert power(pcm, rate, 440) > 1_000


def test_rate_and_channels_may_change_within_a_file() -> None:
    pcm = b"".join(decode_pcm(mp3(2.0) + mp3(2.0, rate=44_100, layout="stereo"), 16_000))
    assert abs(len(pcm) / 32_000 - 4.0) < 0.2
    assert power(pcm[-32_000:], 16_000, 440) > 100 * power(pcm[-32_000:], 16_000, 1_000)


@pytest.mark.parametrize("name", CLIPS)
def test_wav_at_its_own_rate_comes_out_bit_for_bit(name: str) -> None:
    assert b"".join(decode_pcm(clip(name), 16_000)) == clip(name)[44:]


def test_what_is_no_audio_is_refused_at_once() -> None:
    with pytest.raises(InvalidAudio, match="HTML"):
        decode_pcm(b"<html>", 16_000)


def test_a_file_that_was_cut_off_gives_what_is_there_and_then_fails() -> None:
    data = spoken("flac", 10.0)
    data = data[:21] + bytes([data[21] & 0xF0]) + (240_000).to_bytes(4, "big") + data[26:]
    pieces = decode_pcm(data[: len(data) // 2], 16_000)
    got: list[bytes] = []
    with pytest.raises(InvalidAudio, match="cut off"):
        got.extend(pieces)
    assert 3.0 < sum(map(len, got)) / 32_000 < 7.0


# ---------------------------------------------------------------- while it arrives
@pytest.mark.parametrize("name", EVERY_FORMAT)
@pytest.mark.parametrize("size", [1, 997])
def test_a_stream_decodes_to_what_the_file_does(name: str, size: int) -> None:
    data = any_file(name, 0.5)
    container = sniff(data)
    assert container is not None
    streamed = b"".join(decode_stream(in_pieces(data, size), container=container, sample_rate=16_000))
    # A stream cannot be looked at from its end: what an encoder padded may be in it.
    assert abs(len(streamed) - sum(map(len, decode_pcm(data, 16_000)))) <= 32 * 60


@pytest.mark.parametrize("name", ["mp3 44.1 kHz stereo", "ogg opus 16 kHz", "aac adts 24 kHz", "wav 44.1 kHz 24 bit"])
def test_a_stream_gives_sound_before_it_has_ended(name: str) -> None:
    data = any_file(name, 20.0)
    read = 0

    def arriving() -> Iterator[bytes]:
        nonlocal read
        for piece in in_pieces(data, 1_000):
            read += len(piece)
            yield piece

    pcm = decode_stream(arriving(), container=sniff(data) or "wav", sample_rate=24_000)
    next(pcm)
    assert read < len(data) / 4


def test_what_the_stream_raises_comes_out_as_it_is() -> None:
    data = spoken("mp3", 5.0)

    def breaking() -> Iterator[bytes]:
        yield data[: len(data) // 2]
        raise ConnectionResetError("the other side went away")

    pcm = decode_stream(breaking(), container="mp3", sample_rate=24_000)
    assert len(next(pcm)) > 0
    with pytest.raises(ConnectionResetError, match="went away"):
        list(pcm)


def test_a_stream_of_something_else_is_refused() -> None:
    with pytest.raises(InvalidAudio, match="could not be decoded"):
        list(decode_stream(in_pieces(b"<html>" * 100), container="webm", sample_rate=24_000))
    with pytest.raises(InvalidAudio, match="other data"):
        list(decode_stream(in_pieces(b"<html>" * 100), container="ogg", sample_rate=24_000))
    with pytest.raises(InvalidAudio):
        list(decode_stream(iter(()), container="mp3", sample_rate=24_000))


def test_resampling_keeps_the_level() -> None:
    pcm = b"".join(decode_pcm(riff(tone(2.0, 44_100), rate=44_100), 16_000))
    middle = array.array("h", pcm)[8_000:24_000]
    assert abs(math.sqrt(sum(v * v for v in middle) / len(middle)) - 12_000 / math.sqrt(2)) < 100
