"""Times are those of the recording, where its sound begins late or has gaps; its length is that of the sound."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import pytest
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from audio_gateway.audio.measure import measure
from audio_gateway.audio.recording import Recording
from audio_gateway.audio.rewrite import as_plain_file
from audio_gateway.audio.timeline import Timeline
from tests.sound import tone
from tests.unit.audio.files import any_file, frame

FILMS = {
    "mp4": ("mp4", "aac", 24_000, {}),
    "mov": ("mov", "aac", 44_100, {}),
    "mp4 in fragments": ("mp4", "aac", 24_000, {"movflags": "frag_keyframe+empty_moov"}),
    "mkv with aac": ("matroska", "aac", 24_000, {}),
    "mkv with mp3": ("matroska", "libmp3lame", 24_000, {}),
    "mkv with opus": ("matroska", "libopus", 48_000, {}),
}
PRIMING_MS = 60


def film(kind: str, *, late_s: float = 0.0, gap_s: float = 0.0, video: bool = True) -> bytes:
    """Two seconds of tone that begin so late, with a gap after the first of them."""
    container, codec, rate, options = FILMS[kind]
    out = io.BytesIO()
    with av.open(out, "w", format=container, container_options=options) as writer:
        shown = _pictures(writer, late_s + gap_s + 2) if video else []
        stream = writer.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, AudioStream)
        resampler = av.AudioResampler(stream.format, "mono", rate, frame_size=stream.codec_context.frame_size)
        sound = frame(tone(2.0, rate), rate)
        sound.pts, sound.time_base = 0, Fraction(1, rate)
        ready = [*resampler.resample(sound), *resampler.resample(None), None]
        heard = [packet for each in ready for packet in stream.encode(each)]
        for number, packet in enumerate(heard):
            shift = int((late_s + gap_s * (number >= len(heard) // 2)) / packet.time_base)
            packet.pts, packet.dts = (packet.pts or 0) + shift, (packet.dts or 0) + shift
        packets: list[Any] = [packet for packet in [*shown, *heard] if packet.size]
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            writer.mux(packet)
    return out.getvalue()


def _pictures(writer: OutputContainer, seconds: float) -> list[Any]:
    stream = writer.add_stream("mpeg4", rate=10)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
    picture = av.VideoFrame(32, 32, "yuv420p")
    for plane in picture.planes:
        plane.update(bytes([128]) * plane.buffer_size)
    packets = list[Any]()
    for number in range(int(seconds * 10)):
        picture.pts, picture.time_base = number, Fraction(1, 10)
        packets += stream.encode(picture)
    return [*packets, *stream.encode(None)]


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
