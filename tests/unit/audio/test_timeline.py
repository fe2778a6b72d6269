"""Times are those of the recording, where its sound begins late or has gaps; its length is that of the sound."""

from __future__ import annotations

import pytest

from audio_gateway.audio.measure import measure
from audio_gateway.audio.recording import Recording
from audio_gateway.audio.rewrite import as_plain_file
from audio_gateway.audio.timeline import Timeline
from tests import sound
from tests.sound import Encoding, tone_wav
from tests.unit.audio.files import any_file

pytestmark = pytest.mark.slow

FILMS: dict[str, tuple[Encoding, tuple[tuple[str, str], ...]]] = {
    "mp4": (Encoding("mp4", "aac", 24_000), ()),
    "mov": (Encoding("mov", "aac", 44_100), ()),
    "mp4 in fragments": (Encoding("mp4", "aac", 24_000), (("movflags", "frag_keyframe+empty_moov"),)),
    "mkv with aac": (Encoding("matroska", "aac", 24_000), ()),
    "mkv with mp3": (Encoding("matroska", "libmp3lame", 24_000), ()),
    "mkv with opus": (Encoding("matroska", "libopus", 48_000), ()),
}
PRIMING_MS = 60


def film(kind: str, *, late_s: float = 0.0, gap_s: float = 0.0, video: bool = True) -> bytes:
    """Two seconds of tone that begin so late, with a gap after the first of them."""
    encoding, options = FILMS[kind]
    source = tone_wav(2.0, encoding.rate)
    return sound.film(source, encoding, late_s=late_s, gap_s=gap_s, pictures=video, options=options)


@pytest.mark.parametrize("kind", FILMS)
@pytest.mark.parametrize("late_s", [0.3, 2.0])
def test_sound_that_begins_behind_the_picture_keeps_its_place(kind: str, late_s: float) -> None:
    data = film(kind, late_s=late_s)
    audio = measure(data)
    assert audio.duration_ms == pytest.approx(2_000, abs=PRIMING_MS)
    assert audio.timeline.start_of(500) == pytest.approx(500 + late_s * 1_000, abs=PRIMING_MS)
    recording = Recording(data)
    assert sum(map(len, recording.pcm(16_000))) == pytest.approx(64_000, abs=PRIMING_MS * 32)
    assert recording.timeline == audio.timeline
    sent = as_plain_file(audio, most_bytes=1_000_000)
    assert (sent.timeline, sent.duration_ms) == (audio.timeline, audio.duration_ms)
    assert measure(sent.data).timeline == Timeline()


@pytest.mark.parametrize("kind", FILMS)
def test_a_gap_in_the_sound_is_a_gap_in_time(kind: str) -> None:
    audio = measure(film(kind, gap_s=3.0))
    assert audio.duration_ms == pytest.approx(2_000, abs=PRIMING_MS)
    assert audio.timeline.end_of(900) == 900
    assert audio.timeline.start_of(1_200) == pytest.approx(4_200, abs=PRIMING_MS)


@pytest.mark.parametrize("kind", FILMS)
@pytest.mark.parametrize("video", [False, True])
def test_what_encoders_put_before_the_sound_moves_nothing(kind: str, video: bool) -> None:
    assert measure(film(kind, video=video)).timeline == Timeline()


@pytest.mark.parametrize(
    "name", ["mp3 vbr", "m4a 44.1 kHz stereo", "ogg opus 16 kHz", "webm opus 48 kHz", "flac 16 kHz"]
)
def test_sound_alone_begins_at_zero(name: str) -> None:
    assert measure(any_file(name)).timeline == Timeline()


@pytest.mark.parametrize("kind", FILMS)
def test_sound_alone_that_begins_late_begins_at_zero_too(kind: str) -> None:
    """As `ffmpeg -i` counts: there is nothing else that the recording could begin with."""
    assert measure(film(kind, late_s=2.0, video=False)).timeline == Timeline()


def test_times_around_a_gap() -> None:
    timeline = Timeline(((0, 2_000), (1_000, 5_000)))
    assert [timeline.start_of(ms) for ms in (0, 999, 1_000, 1_001)] == [2_000, 2_999, 6_000, 6_001]
    assert [timeline.end_of(ms) for ms in (0, 999, 1_000, 1_001)] == [2_000, 2_999, 3_000, 6_001]
    late = Timeline(((1_000, 5_000),))
    assert (late.start_of(999), late.end_of(1_000), late.start_of(1_000)) == (999, 1_000, 6_000)
