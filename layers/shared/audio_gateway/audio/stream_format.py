"""Recognises audio that is still arriving, from the fewest bytes that make it certain.

Waiting for more would delay the first sound: 4 KiB of Opus are half a second. Bytes needed:

    magic numbers (RIFF, fLaC, OggS, WebM, MP4)   16, after the ID3 tags
    mp3, aac                                       the first frame and the header of the second: 391 in mp3 at 24 kHz
                                                   and 128 kbit/s; 16 KiB if anything but a tag precedes the frames
    pcm                                            16, or 512 if those could be text or another known file
    mp3, aac declared as pcm                       seven frames and a header
"""

from __future__ import annotations

from typing import Final

from audio_gateway.audio.byte_stream import ByteStream
from audio_gateway.audio.containers import mpeg
from audio_gateway.audio.formats import SpeechFormat
from audio_gateway.audio.sniff import ENOUGH, Container, looks_like, magic_of, sniff
from audio_gateway.errors import InvalidAudio

_MAGIC_BYTES: Final = 16
_TEXT_BYTES: Final = 512
_FRAMES: Final = 2
_FRAMES_AMONG_SAMPLES: Final = 8


def recognise_stream(stream: ByteStream, declared: SpeechFormat) -> Container | None:
    """The container of the bytes, None for headerless samples; the stream is then after the ID3 tags.

    Samples can be any bytes, also some that look like frame headers. So if they are expected, formats without a magic
    number count only with many consecutive frames from the first byte on. Raises `InvalidAudio` if the bytes are not
    audio, or are samples but were not declared so.
    """
    _skip_id3(stream)
    head = stream.peek(_MAGIC_BYTES)
    if not head:
        raise InvalidAudio("The response is empty.")
    container = magic_of(head) or _frames(stream, _FRAMES_AMONG_SAMPLES if declared == "pcm" else _FRAMES)
    if container is None and declared != "pcm":
        container = sniff(stream.peek(ENOUGH))
    if container is None:
        _refuse_other_than_pcm(stream, declared)
    return container


def _skip_id3(stream: ByteStream) -> None:
    while stream.peek(3) == b"ID3" and (end := mpeg.id3_end(stream.peek(mpeg.ID3_HEADER_BYTES))):
        stream.skip(end)


def _frames(stream: ByteStream, wanted: int) -> Container | None:
    """The format of that many consecutive frames at the beginning; all complete frames of a short file are enough."""
    at, first = 0, None
    for _ in range(wanted):
        data = stream.peek(at + mpeg.FRAME_HEADER_BYTES)
        if first is not None and len(data) == at:
            break
        frame = mpeg.read_frame(data, at)
        if frame is None or (first is not None and frame.family != first.family):
            return None
        first = first or frame
        at += frame.length
    return first.container if first else None


def _refuse_other_than_pcm(stream: ByteStream, declared: SpeechFormat) -> None:
    """Raise `InvalidAudio` if samples were not declared, or if the bytes look like something known."""
    head = stream.peek(_MAGIC_BYTES)
    other = looks_like(head)
    if other is not None or head[:1] == b"G" or declared != "pcm":  # G: perhaps a transport stream
        other = looks_like(stream.peek(_TEXT_BYTES))
    if other is not None or declared != "pcm":
        raise InvalidAudio(f"The response is not {declared} audio: it looks like {other or 'nothing known'}.")
