"""A recording is measured while it is read, as it is when it is measured alone."""

from __future__ import annotations

import pytest

from audio_gateway.audio.measure import measure
from audio_gateway.audio.recording import Recording
from audio_gateway.errors import AudioTooLong, InvalidAudio
from tests.sound import ENCODINGS, Encoding, encode, silent_flac, tone_wav
from tests.unit.audio.files import EVERY_FORMAT, any_file, spoken


@pytest.mark.parametrize("name", EVERY_FORMAT)
def test_the_length_is_the_one_that_is_measured(name: str) -> None:
    data = any_file(name, 1.0)
    recording = Recording(data)
    samples = sum(map(len, recording.pcm(16_000))) // 2
    assert recording.duration_ms == measure(data).duration_ms
    assert abs(samples / 16 - recording.duration_ms) <= 2


def test_the_length_grows_while_it_is_read() -> None:
    recording = Recording(spoken("flac", 10.0))
    pieces = recording.pcm(16_000)
    next(pieces)
    assert 0 < recording.duration_ms < 5_000


def test_it_stops_when_the_time_is_up() -> None:
    got: list[bytes] = []
    with pytest.raises(AudioTooLong) as raised:
        got.extend(Recording(silent_flac(3_600)).pcm(16_000, out_of_time=lambda: len(got) > 50))
    assert 0 < raised.value.limit_ms < 60_000
    assert sum(map(len, got)) <= 60 * 32_000


def test_less_than_a_tenth_of_a_second_is_refused() -> None:
    with pytest.raises(InvalidAudio, match="too short"):
        list(Recording(spoken("flac", 0.05)).pcm(16_000))


@pytest.mark.parametrize(
    "encoding",
    [
        ENCODINGS["m4a 44.1 kHz stereo"],
        ENCODINGS["webm opus 48 kHz"],
        ENCODINGS["ogg opus 16 kHz"],
        ENCODINGS["ogg vorbis 44.1 kHz stereo"],
        Encoding("matroska", "libmp3lame", 22_050),
    ],
    ids=lambda encoding: f"{encoding.container} {encoding.codec}",
)
@pytest.mark.parametrize("late_s", [5.3, 3_600.0])
def test_audio_that_starts_late_is_as_long_as_it_sounds(encoding: Encoding, late_s: float) -> None:
    """A recording of the middle of a stream has its first timestamp there; that is neither silence nor cut off."""
    data = encode(tone_wav(4.0), encoding, late_s=late_s)
    assert abs(measure(data).duration_ms - 4_000) < 100
