"""Files for the tests of audio: whole ones that PyAV writes, and wrong ones made from them by hand."""

from __future__ import annotations

import functools
import io
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import pytest
from av.audio.frame import AudioFrame
from av.stream import Disposition

from audio_gateway.audio.encode import encode as encode_speech
from audio_gateway.audio.formats import SpeechFormat
from tests.sound import ENCODINGS, Encoding, encode, film, tone, tone_wav, wav

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
NEEDS_FFMPEG = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed to compare with")
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def encoded(name: str, seconds: float = 2.0) -> bytes:
    """A tone in one of `tests.sound.ENCODINGS`."""
    return encode(tone_wav(seconds, 24_000), ENCODINGS[name])


@functools.lru_cache(64)
def spoken(kind: SpeechFormat, seconds: float = 2.0, rate: int = 24_000) -> bytes:
    """A tone as our own encoder writes it."""
    return b"".join(encode_speech([tone(seconds, rate)], sample_rate=rate, format=kind))


def in_pieces(data: bytes, size: int = 1_000) -> Iterator[bytes]:
    """The data as a network would bring it."""
    return (data[at : at + size] for at in range(0, len(data), size))


def riff(
    audio: bytes,
    *,
    tag: int = PCM,
    channels: int = 1,
    rate: int = 16_000,
    bits: int = 16,
    block: int | None = None,
    size: int | None = None,
    before: bytes = b"",
    after: bytes = b"",
    magic: bytes = b"RIFF",
) -> bytes:
    """A WAV file written field by field, so any of them can be wrong."""
    block = channels * bits // 8 if block is None else block
    subformat = tag
    fmt = struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits)
    if tag == EXTENSIBLE:
        subformat = PCM
        fmt += struct.pack("<HHIH", 22, bits, 0, subformat) + GUID_TAIL
    data_size = len(audio) if size is None else size
    body = b"WAVE" + before + b"fmt " + struct.pack("<I", len(fmt)) + fmt
    body += b"data" + struct.pack("<I", data_size) + audio + after
    return magic + struct.pack("<I", len(body) & 0xFFFFFFFF) + body


@functools.lru_cache(64)
def mp3(
    seconds: float = 2.0, *, rate: int = 24_000, xing: bool = True, vbr: bool = False, layout: str = "mono"
) -> bytes:
    """An mp3 without ID3 tag, with or without Xing header, of constant or variable bit rate."""
    out = io.BytesIO()
    options = {"id3v2_version": "0", "write_xing": "1" if xing else "0"}
    with av.open(out, "w", format="mp3", options=options) as writer:
        stream = writer.add_stream("libmp3lame", rate=rate, layout=layout)
        if vbr:
            stream.codec_context.qscale = True
            stream.codec_context.options = {"global_quality": str(4 * 118)}
        writer.mux(stream.encode(frame(tone(seconds, rate), rate)))
        writer.mux(stream.encode(None))
    return out.getvalue()


def frame(pcm: bytes, rate: int) -> AudioFrame:
    """s16le mono as one frame."""
    made = AudioFrame("s16", "mono", len(pcm) // 2)
    made.planes[0].update(pcm)
    made.sample_rate = rate
    return made


def mp4_with_video(seconds: float = 2.0) -> bytes:
    """A film with a tone."""
    return film(tone_wav(seconds, 24_000), Encoding("mp4", "aac", 24_000))


@dataclass(frozen=True, slots=True)
class Track:
    """A tone of that many seconds, and whether it is marked as the track to be heard."""

    seconds: float
    layout: str = "mono"
    default: bool = False


TRACKS_IN: dict[str, tuple[str, str, int]] = {
    "mp4": ("mp4", "aac", 24_000),
    "webm": ("webm", "libopus", 48_000),
    "mkv": ("matroska", "aac", 24_000),
    "ogg": ("ogg", "libopus", 48_000),
}


def with_tracks(kind: str, *tracks: Track) -> bytes:
    """A file of `TRACKS_IN` with several audio tracks, interleaved; MP4 marks the first one where none is."""
    container, codec, rate = TRACKS_IN[kind]
    out = io.BytesIO()
    with av.open(out, "w", format=container) as writer:
        streams = []
        for track in tracks:
            stream: Any = writer.add_stream(codec, rate=rate, layout=track.layout)
            stream.disposition = Disposition.default if track.default else Disposition(0)
            streams.append(stream)
        packets: list[Any] = []
        for stream, track in zip(streams, tracks, strict=True):
            resampler = av.AudioResampler(stream.codec_context.format, track.layout, rate)
            sound = frame(tone(track.seconds, rate), rate)
            sound.pts, sound.time_base = 0, Fraction(1, rate)
            for ready in (*resampler.resample(sound), *resampler.resample(None), None):
                packets += [packet for packet in stream.encode(ready) if packet.size]
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            writer.mux(packet)
    return out.getvalue()


def heard_by_ffmpeg(data: bytes, suffix: str) -> float:
    """Seconds that `ffmpeg -i` makes of a file, as Whisper's `load_audio` and servers built on it run it."""
    with tempfile.NamedTemporaryFile(suffix=f".{suffix}") as file:
        file.write(data)
        file.flush()
        command = f"ffmpeg -nostdin -v quiet -threads 1 -i {file.name} -f s16le -ac 1 -acodec pcm_s16le -ar 16000 -"
        return len(subprocess.run(command.split(), capture_output=True, check=False).stdout) / 32_000


def id3(payload: bytes = b"\x00" * 500) -> bytes:
    """An ID3v2.4 tag."""
    size = len(payload)
    return b"ID3\x04\x00\x00" + bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0)) + payload


def box(kind: bytes, body: bytes) -> bytes:
    """A box of MP4."""
    return struct.pack(">I", 8 + len(body)) + kind + body


def patched(data: bytes, after: bytes, offset: int, value: int) -> bytes:
    """The data with a 32-bit number changed, `offset` bytes behind the first `after`."""
    at = data.index(after) + len(after) + offset
    return data[:at] + struct.pack(">I", value) + data[at + 4 :]


EVERY_FORMAT = (
    *ENCODINGS,
    "mp3 cbr without xing",
    "mp3 vbr",
    "mp3 with id3",
    "mp4 with video",
)


def any_file(name: str, seconds: float = 2.0) -> bytes:
    """A whole file of each kind in `EVERY_FORMAT`."""
    if name in ENCODINGS:
        return encoded(name, seconds)
    return {
        "mp3 cbr without xing": lambda: mp3(seconds, xing=False),
        "mp3 vbr": lambda: mp3(seconds, vbr=True),
        "mp3 with id3": lambda: id3() + mp3(seconds),
        "mp4 with video": lambda: mp4_with_video(seconds),
    }[name]()


__all__ = ["ENCODINGS", "encode", "tone", "tone_wav", "wav"]
