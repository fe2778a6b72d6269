"""WebM and Matroska (RFC 9559): indexes, tags, chapters and attachments taken out.

Nothing of them is needed to decode from the beginning, and reading them costs FFmpeg more than they weigh.
"""

from __future__ import annotations

from typing import Final

from audio_gateway.audio.content import Content, Span
from audio_gateway.errors import InvalidAudio

_SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
_NOT_NEEDED: Final = frozenset((0x114D9B74, 0x1C53BB6B, 0x1254C367, 0x1941A469, 0x1043A770))  # SeekHead, Cues, Tags, …
_VOID: Final = b"\xec"
_MAX_ELEMENTS: Final = 1_000_000  # a second or two of walking; known clusters count as one
_BYTES_PER_ELEMENT: Final = 40  # in files so large that they may have more: 20 ms of Opus at the least bit rate
_MAX_REMOVED: Final = 20_000
_HEAD_BYTES: Final = 16  # of an element: its name and its size, eight at most


def without_tags(data: Content) -> list[Span]:
    """The file in pieces, with padding in the place of what is not needed. Raises `InvalidAudio` beyond reason."""
    length, pieces, kept, at = len(data), list[Span](), 0, 0
    for _ in range(max(_MAX_ELEMENTS, length // _BYTES_PER_ELEMENT)):
        if at >= length:
            break
        head = data[at : at + _HEAD_BYTES]
        identifier, size_at = _number(head, 0, keep_marker=True)
        size, body = _number(head, size_at, keep_marker=False)
        if not body or not identifier:
            break
        if identifier == _SEGMENT or size == (1 << 7 * (body - size_at)) - 1:  # of unknown size
            at += body  # what is in it is walked as if it stood beside it
            continue
        if identifier in _NOT_NEEDED:
            pieces += ((kept, at), _padding(body, size))
            kept = at + body
            if len(pieces) > _MAX_REMOVED * 2:
                raise _too_many()
        at += body + size
    else:
        raise _too_many()
    return [*pieces, (kept, max(kept, length))]


def _number(head: bytes, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """The variable-length number at `at` and where it ends; 0 and 0 where there is none."""
    first = head[at : at + 1]
    if not first or not first[0]:
        return 0, 0
    end = at + 9 - first[0].bit_length()
    if end > len(head):
        return 0, 0
    number = int.from_bytes(head[at:end], "big")
    return number if keep_marker else number & (1 << 7 * (end - at)) - 1, end


def _padding(header: int, size: int) -> bytes:
    """A Void element's head in the place of a head of `header` bytes, for the same `size` bytes after it."""
    length = min(header - 1, 8)  # of the size field; what does not fit in it stands after it and counts to the body
    spare = header - 1 - length
    return _VOID + ((1 << 7 * length) | (size + spare)).to_bytes(length, "big") + bytes(spare)


def _too_many() -> InvalidAudio:
    return InvalidAudio("The WebM file has too many elements. Export it again.", param="file")
