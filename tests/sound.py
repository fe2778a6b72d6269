"""Audio for tests: make it in every container, and look at what came back. PyAV does the work, never our own code."""

from __future__ import annotations

import array
import base64
import functools
import io
import math
import struct
import wave
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

DATA = Path(__file__).parent / "data" / "speech"
CLIPS = ("austen-0870", "austen-0880", "austen-0890")
PHRASE = "much there might be"
"""What is said in `phrase()`; the engine hears all of it."""
_PHRASE_S = (3.9, 5.05)  # of the first clip


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to write a file: PyAV's names of container and codec, hertz, channel layout."""

    container: str
    codec: str
    rate: int
    layout: str = "mono"


ENCODINGS: dict[str, Encoding] = {
    "wav 8 kHz u8": Encoding("wav", "pcm_u8", 8_000),
    "wav 8 kHz mu-law": Encoding("wav", "pcm_mulaw", 8_000),
    "wav 11.025 kHz stereo": Encoding("wav", "pcm_s16le", 11_025, "stereo"),
    "wav 44.1 kHz 24 bit": Encoding("wav", "pcm_s24le", 44_100, "stereo"),
    "wav 48 kHz float": Encoding("wav", "pcm_f32le", 48_000),
    "wav 96 kHz 5.1": Encoding("wav", "pcm_s16le", 96_000, "5.1"),
    "mp3 8 kHz": Encoding("mp3", "libmp3lame", 8_000),
    "mp3 22.05 kHz": Encoding("mp3", "libmp3lame", 22_050),
    "mp3 44.1 kHz stereo": Encoding("mp3", "libmp3lame", 44_100, "stereo"),
    "m4a 44.1 kHz stereo": Encoding("ipod", "aac", 44_100, "stereo"),
    "mp4 32 kHz": Encoding("mp4", "aac", 32_000),
    "aac adts 24 kHz": Encoding("adts", "aac", 24_000),
    "ogg opus 48 kHz stereo": Encoding("ogg", "libopus", 48_000, "stereo"),
    "ogg opus 16 kHz": Encoding("ogg", "libopus", 16_000),
    "ogg vorbis 44.1 kHz stereo": Encoding("ogg", "vorbis", 44_100, "stereo"),
    "flac 16 kHz": Encoding("flac", "flac", 16_000),
    "flac 48 kHz 5.1": Encoding("flac", "flac", 48_000, "5.1"),
    "webm opus 48 kHz": Encoding("webm", "libopus", 48_000),
    "webm vorbis 44.1 kHz stereo": Encoding("webm", "vorbis", 44_100, "stereo"),
}


@dataclass(frozen=True, slots=True)
class Sound:
    """What a file really holds, by decoding all of it. `peak` is 0 to 1."""

    container: str
    codec: str
    rate: int
    channels: int
    seconds: float
    peak: float


def clip(name: str) -> bytes:
    """One of the human clips, a 16 kHz mono WAV."""
    return (DATA / f"{name}.wav").read_bytes()


def phrase() -> bytes:
    """A second of a clip, as WAV: for tests of what is around the engine, which takes half a second for a second."""
    with wave.open(io.BytesIO(clip(CLIPS[0]))) as file:
        start, end = (int(seconds * file.getframerate()) for seconds in _PHRASE_S)
        file.setpos(start)
        return wav(file.readframes(end - start), file.getframerate())


def said(name: str) -> str:
    """What is said in a clip: lower case, no punctuation."""
    return (DATA / f"{name}.txt").read_text().strip()


def timed_words(name: str) -> list[tuple[float, float, str]]:
    """Start and end in seconds of each word of a clip."""
    rows = (line.split("\t") for line in (DATA / f"{name}.words.tsv").read_text().splitlines() if line)
    return [(float(start), float(end), word) for start, end, word in rows]


def word_errors(truth: str, heard: str) -> float:
    """Word error rate: edits over the words of the truth."""
    said_words, heard_words = _plain(truth), _plain(heard)
    row = list(range(len(heard_words) + 1))
    for i, word in enumerate(said_words, 1):
        above, row[0] = row[0], i
        for j, other in enumerate(heard_words, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (word != other))
    return row[-1] / len(said_words)


def _plain(text: str) -> list[str]:
    return "".join(c if c.isalnum() or c == "'" else " " for c in text.lower()).split()


@functools.lru_cache(64)
def tone(seconds: float, rate: int = 16_000, hertz: int = 440) -> bytes:
    """A sine as s16le mono samples: one period, repeated, because a minute of single samples takes a second."""
    step, count = 2 * math.pi * hertz / rate, int(seconds * rate)
    period = rate // math.gcd(rate, hertz)
    once = array.array("h", (int(12_000 * math.sin(step * i)) for i in range(period))).tobytes()
    return (once * (count // period + 1))[: 2 * count]


def wav(pcm: bytes, rate: int = 16_000, channels: int = 1) -> bytes:
    """s16le samples as a WAV file with true sizes."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
    return out.getvalue()


def voice_url(file: bytes, media_type: str = "audio/wav") -> str:
    """A file as callers send the voice of a known speaker."""
    return f"data:{media_type};base64,{base64.b64encode(file).decode()}"


def tone_wav(seconds: float, rate: int = 16_000) -> bytes:
    """A sine as a WAV file."""
    return wav(tone(seconds, rate), rate)


@functools.lru_cache(64)
def encode(source: bytes, encoding: Encoding, *, late_s: float = 0.0) -> bytes:
    """Any audio file in another container, codec, rate and layout; it begins at `late_s`."""
    out = io.BytesIO()
    with av.open(io.BytesIO(source), "r") as reader, av.open(out, "w", format=encoding.container) as writer:
        stream = writer.add_stream(encoding.codec, rate=encoding.rate, layout=encoding.layout)
        assert isinstance(stream, AudioStream)
        frame_size = _frame_size(stream)
        resampler = AudioResampler(stream.codec_context.format, encoding.layout, encoding.rate, frame_size=frame_size)
        for frame in [*reader.decode(audio=0), None]:
            for ready in resampler.resample(frame):
                ready.pts = (ready.pts or 0) + int(late_s * encoding.rate)
                writer.mux(stream.encode(ready))
        writer.mux(stream.encode(None))
    return out.getvalue()


@functools.lru_cache(64)
def film(
    source: bytes | None,
    encoding: Encoding,
    *,
    late_s: float = 0.0,
    gap_s: float = 0.0,
    pictures: bool = True,
    options: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Ten grey pictures a second and the sound of an audio file, or a second of pictures alone.

    The sound begins at `late_s`, and stops for `gap_s` in its middle. `options` are those of the container.
    """
    out = io.BytesIO()
    sound = [] if source is None else _frames(source, encoding)
    seconds = sum(each.samples for each in sound) / encoding.rate if sound else 1.0
    with av.open(out, "w", format=encoding.container, container_options=dict(options)) as writer:
        packets = _pictures(writer, late_s + gap_s + seconds) if pictures else []
        if sound:
            stream = writer.add_stream(encoding.codec, rate=encoding.rate, layout=encoding.layout)
            assert isinstance(stream, AudioStream)
            resampler = AudioResampler(
                stream.codec_context.format, encoding.layout, encoding.rate, frame_size=_frame_size(stream)
            )
            ready = [made for each in [*sound, None] for made in resampler.resample(each)]
            heard = [packet for each in [*ready, None] for packet in stream.encode(each)]
            for number, packet in enumerate(heard):
                shift = int((late_s + gap_s * (number >= len(heard) // 2)) / packet.time_base)
                packet.pts, packet.dts = (packet.pts or 0) + shift, (packet.dts or 0) + shift
            packets += heard
        sized: list[Any] = [packet for packet in packets if packet.size]
        for packet in sorted(sized, key=lambda packet: packet.dts * packet.time_base):
            writer.mux(packet)
    return out.getvalue()


def _frames(source: bytes, encoding: Encoding) -> list[AudioFrame]:
    """All of an audio file, at the rate of the encoding."""
    with av.open(io.BytesIO(source), "r") as reader:
        even = AudioResampler("s16", encoding.layout, encoding.rate)
        return [made for each in [*reader.decode(audio=0), None] for made in even.resample(each)]


def _pictures(writer: OutputContainer, seconds: float) -> list[Any]:
    stream = writer.add_stream("mpeg4", rate=10)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
    picture = VideoFrame(32, 32, "yuv420p")
    for plane in picture.planes:
        plane.update(bytes([128]) * plane.buffer_size)
    packets = list[Any]()
    for number in range(math.ceil(seconds * 10)):
        picture.pts, picture.time_base = number, Fraction(1, 10)
        packets += stream.encode(picture)
    return [*packets, *stream.encode(None)]


def _frame_size(stream: AudioStream) -> int:
    stream.codec_context.options = {"strict": "experimental"}  # FFmpeg's own Vorbis encoder is called so
    stream.codec_context.open(strict=False)
    return stream.codec_context.frame_size or 0


def look(data: bytes, container: str | None = None) -> Sound:
    """Decode a whole file; raises what PyAV raises if it is none."""
    peak = samples = 0
    with av.open(io.BytesIO(data), "r", format=container) as reader:
        stream = reader.streams.audio[0]
        flat = AudioResampler("s16", "mono", stream.rate)
        for frame in [*reader.decode(stream), None]:
            for piece in flat.resample(frame):
                samples += piece.samples
                peak = max(peak, _peak(piece))
        codec = stream.codec_context.name
        return Sound(reader.format.name, codec, stream.rate, stream.channels, samples / stream.rate, peak / 32_768)


def look_pcm(data: bytes, rate: int = 24_000) -> Sound:
    """Headerless s16le mono samples, as OpenAI's `pcm`."""
    assert len(data) % 2 == 0, "s16le has two bytes a sample"
    peak = _loudest(array.array("h", data))
    return Sound("pcm", "pcm_s16le", rate, 1, len(data) / 2 / rate, peak / 32_768)


def _peak(frame: AudioFrame) -> int:
    return _loudest(array.array("h", bytes(frame.planes[0])[: frame.samples * 2]))


def _loudest(samples: array.array[int]) -> int:
    high, low = max(samples, default=0), min(samples, default=0)
    return max(high, -low)


def silent_flac(seconds: float, rate: int = 8_000, channels: int = 1) -> bytes:
    """Silence as constant FLAC subframes of the largest block: hours in kilobytes, gigabytes of samples in megabytes.

    Written by hand after RFC 9639, as no encoder is willing to do it.
    """
    block = 65_535
    blocks = max(1, math.ceil(seconds * rate / block))
    info = struct.pack(">HH", block, block) + bytes(6)
    info += ((rate << 44) | ((channels - 1) << 41) | (15 << 36) | (blocks * block)).to_bytes(8, "big") + bytes(16)
    frames = (_silent_frame(number, block, channels) for number in range(blocks))
    return b"fLaC" + b"\x80" + len(info).to_bytes(3, "big") + info + b"".join(frames)


def _silent_frame(number: int, block: int, channels: int) -> bytes:
    # Fixed blocks; size in 16 bits at the end of the header (7), rate from STREAMINFO (0), 16 bits a sample (4).
    header = b"\xff\xf8" + bytes([0x70, (channels - 1) << 4 | 4 << 1]) + _coded(number) + (block - 1).to_bytes(2, "big")
    header += bytes([_crc(header, 0x07, 8)])
    body = header + bytes(3) * channels
    return body + _crc(body, 0x8005, 16).to_bytes(2, "big")


def _coded(number: int) -> bytes:
    return chr(number).encode("utf-8", "surrogatepass")  # FLAC counts its frames in UTF-8


def _crc(data: bytes, polynomial: int, width: int) -> int:
    top, mask, value = 1 << (width - 1), (1 << width) - 1, 0
    for byte in data:
        value ^= byte << (width - 8)
        for _ in range(8):
            value = ((value << 1) ^ polynomial if value & top else value << 1) & mask
    return value
