"""Reads the samples of a WAV file that is still arriving, and of the files that follow it in the same stream.

Servers that speak sentence by sentence concatenate complete files, each with its own size. A player stops at the end
of the first.
"""

# ruff: noqa: PLR2004 - bit patterns and field widths of a file format say more in place

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from audio_gateway.audio.containers import riff
from audio_gateway.audio.formats import SPEECH_SAMPLE_RATE
from audio_gateway.audio.sniff import ENOUGH
from audio_gateway.errors import InvalidAudio

_MARK_BYTES: Final = 12
_CHUNK_BYTES: Final = 8


def samples_of_waves(chunks: Iterable[bytes]) -> tuple[int, Iterator[bytes]]:
    """The sample rate in Hz, and the s16le mono samples of all files of the stream, yielded while they arrive.

    Raises `InvalidAudio`, also while iterating: a file is cut off, has another format than the first, or is followed by
    bytes that are neither a RIFF chunk nor a file, and so may be sound that no header describes.
    """
    stream = _Stream(iter(chunks))
    first = _head(stream)
    rate = first.speech_rate or SPEECH_SAMPLE_RATE
    return rate, chain(_samples(stream, first), _following(stream, first))


def _following(stream: _Stream, first: riff.Head) -> Iterator[bytes]:
    while stream.peek(1):
        head = _head(stream)
        if head.kind != first.kind:
            raise InvalidAudio("The response contains WAV files of different formats.")
        yield from _samples(stream, head)


def _head(stream: _Stream) -> riff.Head:
    """The header of the next file; the stream is then at its audio."""
    wanted = ENOUGH
    head = riff.read_head(stream.peek(wanted))
    if head is None:
        raise InvalidAudio("The WAV audio is cut off: it ends in its header.")
    stream.skip(head.start)
    return head


def _samples(stream: _Stream, head: riff.Head) -> Iterator[bytes]:
    """The audio of one file as s16le mono; the stream is then at the next file, or at its end."""
    if head.speech_rate is not None:
        return _audio(stream, head)
    from audio_gateway.audio.decode import decode_stream

    file = chain((riff.header(head.fmt, None),), _audio(stream, head))
    return decode_stream(file, container="wav", sample_rate=SPEECH_SAMPLE_RATE)


def _audio(stream: _Stream, head: riff.Head) -> Iterator[bytes]:
    if head.size is None:
        yield from stream.until_next_file()
        return
    left = head.size
    for piece in stream.take(head.size):
        left -= len(piece)
        yield piece
    if left > head.bytes_per_second // 10:
        raise InvalidAudio("The WAV audio is cut off: it ends in the middle.")
    _skip_chunks(stream)


def _skip_chunks(stream: _Stream) -> None:
    """Skip to the next file, or to the end; raises `InvalidAudio` for bytes that are neither a chunk nor padding."""
    while mark := stream.peek(_MARK_BYTES):
        if _is_file(mark):
            return
        if mark[0] == 0:  # the padding byte of an odd size, or a padded block
            stream.skip(1)
            continue
        named = len(mark) >= _CHUNK_BYTES and all(0x20 <= byte < 0x7F for byte in mark[:4])
        if not named or not stream.skip(_CHUNK_BYTES + int.from_bytes(mark[4:8], "little")):
            raise InvalidAudio("The WAV audio is followed by something that is not a RIFF chunk.")


def _is_file(mark: bytes) -> bool:
    return mark[:4] == b"RIFF" and mark[8:12] == b"WAVE"


class _Stream:
    """Chunks that can be read without consuming them."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = b""

    def peek(self, count: int) -> bytes:
        """The next `count` bytes, fewer only at the end."""
        if len(self._held) < count:
            pieces, there = [self._held], len(self._held)
            while there < count and (piece := next(self._chunks, None)) is not None:
                pieces.append(piece)
                there += len(piece)
            self._held = b"".join(pieces)
        return self._held[:count]

    def take(self, count: int) -> Iterator[bytes]:
        """The next `count` bytes as they arrive, fewer only at the end."""
        while count and (piece := self._next()):
            piece, self._held = piece[:count], piece[count:]
            count -= len(piece)
            yield piece

    def skip(self, count: int) -> bool:
        """Go past `count` bytes; whether there were as many."""
        return sum(map(len, self.take(count))) == count

    def until_next_file(self) -> Iterator[bytes]:
        """All bytes up to the beginning of the next file, or to the end."""
        held = b""
        while piece := self._next():
            held += piece
            at = held.find(b"RIFF")
            while at >= 0 and len(held) - at >= _MARK_BYTES and not _is_file(held[at : at + _MARK_BYTES]):
                at = held.find(b"RIFF", at + 1)
            if at >= 0 and len(held) - at >= _MARK_BYTES:
                self._held = held[at:]
                held = held[:at]
                break
            ready = at if at >= 0 else max(0, len(held) - 3)
            yield held[:ready]
            held = held[ready:]
        yield held

    def _next(self) -> bytes:
        """The bytes held back, or the next piece; empty at the end."""
        piece, self._held = self._held, b""
        while not piece and (arrived := next(self._chunks, None)) is not None:
            piece = arrived
        return piece
