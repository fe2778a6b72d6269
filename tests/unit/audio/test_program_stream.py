"""MPEG program streams: the track that is heard, when it begins, and what is refused."""

from __future__ import annotations

import io
import math
from fractions import Fraction
from typing import Any

import av
import pytest
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from audio_gateway.audio.measure import measure
from audio_gateway.audio.recording import Recording
from audio_gateway.audio.rewrite import as_plain_file
from audio_gateway.audio.sniff import recognise
from audio_gateway.errors import InvalidAudio
from tests.sound import tone
from tests.unit.audio.files import frame

KINDS = {"MPEG-1": "mpeg", "MPEG-2": "vob"}
RATE = 48_000


def film(kind: str, codec: str = "mp2", *, late_s: float = 0.0, sound: bool = True, pictures: bool = True) -> bytes:
    """A tone of two seconds that begins so late, in a program stream."""
    out = io.BytesIO()
    with av.open(out, "w", format=KINDS[kind]) as writer:
        packets = list[Any]()
        if pictures:
            video = writer.add_stream("mpeg1video" if kind == "MPEG-1" else "mpeg2video", rate=25)
            assert isinstance(video, VideoStream)
            video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
            picture = av.VideoFrame(64, 64, "yuv420p")
            for plane in picture.planes:
                plane.update(bytes([128]) * plane.buffer_size)
            for number in range(math.ceil((late_s + 2) * 25)):
                picture.pts, picture.time_base = number, Fraction(1, 25)
                packets += video.encode(picture)
            packets += video.encode(None)
        if sound:
            stream = writer.add_stream(codec, rate=RATE, layout="mono")
            assert isinstance(stream, AudioStream)
            resampler = av.AudioResampler(stream.format, "mono", RATE, frame_size=stream.codec_context.frame_size)
            heard = frame(tone(2.0, RATE), RATE)
            heard.pts, heard.time_base = int(late_s * RATE), Fraction(1, RATE)
            for ready in (*resampler.resample(heard), *resampler.resample(None), None):
                packets += stream.encode(ready)
        for packet in sorted((p for p in packets if p.size), key=lambda packet: packet.dts * packet.time_base):
            writer.mux(packet)
    return out.getvalue()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("codec", ["mp2", "libmp3lame", "ac3"])
@pytest.mark.parametrize("pictures", [False, True])
def test_the_sound_is_heard(kind: str, codec: str, pictures: bool) -> None:
    data = film(kind, codec, pictures=pictures)
    audio = measure(data)
    assert (audio.container, audio.plain) == ("mpeg", False)
    assert audio.duration_ms == pytest.approx(2_000, abs=90)
    recording = Recording(data)
    assert sum(map(len, recording.pcm(16_000))) == pytest.approx(64_000, abs=90 * 32)
    sent = as_plain_file(audio, most_bytes=1_000_000)
    assert sent.plain
    assert sent.container == ("flac" if codec == "ac3" else "mp3")
    assert sent.duration_ms == audio.duration_ms


@pytest.mark.parametrize("kind", KINDS)
def test_sound_behind_the_pictures_keeps_its_place(kind: str) -> None:
    late, at_once = (measure(film(kind, late_s=late_s)) for late_s in (2.0, 0.0))
    assert late.duration_ms == at_once.duration_ms
    assert late.timeline.start_of(500) - at_once.timeline.start_of(500) == pytest.approx(2_000, abs=60)
    assert at_once.timeline.start_of(500) == pytest.approx(500, abs=150)


def test_a_film_without_sound_says_so() -> None:
    with pytest.raises(InvalidAudio, match="no audio stream"):
        measure(film("MPEG-2", sound=False))


def test_sound_that_is_not_read_is_not_called_no_sound() -> None:
    data, at = bytearray(film("MPEG-2", "ac3")), 0
    while (at := data.find(b"\x00\x00\x01\xbd", at + 1)) >= 0:
        data[at + 9 + data[at + 8]] = 0xA0  # PCM, as on DVDs
    with pytest.raises(InvalidAudio, match="uses a codec that is not supported"):
        measure(bytes(data))


def test_damage_between_packets_is_stepped_over() -> None:
    data = film("MPEG-2")
    second = data.index(b"\x00\x00\x01\xba", 4)
    assert measure(data[:second] + bytes(3_000) + data[second:]).duration_ms == measure(data).duration_ms


def test_start_codes_without_number_are_bounded() -> None:
    with pytest.raises(InvalidAudio, match="too many packets"):
        measure(b"\x00\x00\x01\xba" + b"\x00\x00\x01\xb9" * 1_100_000)


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"G" + (bytes(187) + b"G") * 4, "an MPEG transport stream"), (b"riff\x2e\x91\xcf\x11" + bytes(40), "Wave64")],
)
def test_what_looks_alike_is_called_by_its_name(data: bytes, name: str) -> None:
    with pytest.raises(InvalidAudio, match=name):
        recognise(data)
