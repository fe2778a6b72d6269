"""The frames of FLAC that is still arriving, each as soon as the next one has begun.

FFmpeg's parser waits for ten frames, which can be more than a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from audio_gateway.audio.byte_stream import ByteStream
from audio_gateway.audio.containers import flac

_MAGIC: Final = b"fLaC"
_MARKS: Final = re.compile(rb"\xff[\xf8\xf9]|fLaC")
_LEAST_FRAME: Final = 2
_MOST_HEADER: Final = 16
_BLOCK_HEADER: Final = 4
_LAST: Final = 0x80


def stream_info(stream: ByteStream) -> bytes:
    """The STREAMINFO block, which a decoder needs; the stream is then at the first frame. Raises `InvalidAudio`."""
    head = stream.peek(flac.HEAD_BYTES)
    if flac.read_info(head) is None:
        raise flac.damaged()
    info, last = head[len(_MAGIC) + _BLOCK_HEADER :], head[len(_MAGIC)] & _LAST
    stream.skip(flac.HEAD_BYTES)
    while not last:
        block = stream.peek(_BLOCK_HEADER)
        if len(block) < _BLOCK_HEADER or not stream.skip(_BLOCK_HEADER + int.from_bytes(block[1:], "big")):
            raise flac.damaged()
        last = block[0] & _LAST
    return info


def frames(stream: ByteStream) -> Iterator[bytes]:
    """All frames, through several files of the same format; the stream is at the first one.

    A frame has no length: it ends where its checksum is right and another frame or file begins. Raises `InvalidAudio`
    for frames that no speech has.
    """
    held, searched = b"", _LEAST_FRAME
    while piece := stream.next_piece():
        held += piece
        while (end := _frame_end(held, searched, len(held) - _MOST_HEADER)) is not None:
            yield held[:end]
            held, searched = held[end:], _LEAST_FRAME
            if held.startswith(_MAGIC):
                stream.put_back(held)
                stream_info(stream)
                held = b""
        if len(held) > flac.MAX_FRAME_BYTES + _MOST_HEADER:
            raise flac.damaged()
        searched = max(_LEAST_FRAME, len(held) - _MOST_HEADER)
    while (end := _frame_end(held, searched, len(held))) is not None:
        yield held[:end]
        held, searched = held[end:], _LEAST_FRAME
    if held:
        yield held


def _frame_end(data: bytes, start: int, end: int) -> int | None:
    """The end of the frame at the beginning of the data, if it is between `start` and `end`."""
    for mark in _MARKS.finditer(data, start):
        at = mark.start()
        if at >= end:
            break
        if (data[at] == _MAGIC[0] or flac.is_header(data, at)) and flac.is_frame(data[:at]):
            return at
    return None
