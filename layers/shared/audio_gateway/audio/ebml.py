"""WebM and Matroska (RFC 9559): indexes, tags, chapters and attachments taken out.

Nothing of them is needed to decode from the beginning, and reading them costs FFmpeg more than they weigh.
"""

from __future__ import annotations

from typing import Final

from audio_gateway.errors import InvalidAudio

_SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
_NOT_NEEDED: Final = frozenset((0x114D9B74, 0x1C53BB6B, 0x1254C367, 0x1941A469, 0x1043A770))  # SeekHead, Cues, Tags, …
_VOID: Final = b"\xec"
_MAX_ELEMENTS: Final = 1_000_000  # a second or two of walking; known clusters count as one


def without_tags(data: bytes) -> list[bytes | memoryview]:
    """The file in pieces, with padding in the place of what is not needed. Raises `InvalidAudio` beyond reason."""
    view, pieces, kept, at = memoryview(data), list[bytes | memoryview](), 0, 0
    for _ in range(_MAX_ELEMENTS):
        if at >= len(data):
            break
        identifier, size_at = _number(data, at, keep_marker=True)
        size, body = _number(data, size_at, keep_marker=False)
        if body > len(data) or not identifier:
            break
        unknown = size == (1 << 7 * (body - size_at)) - 1
        if identifier == _SEGMENT or unknown:
            at = body  # what is in it is walked as if it stood beside it
            continue
        if identifier in _NOT_NEEDED:
            pieces += (view[kept:at], _padding(body - at, size))
            kept = body
        at = body + size
    else:
        raise InvalidAudio("The WebM file has too many elements. Export it again.", param="file")
    return [*pieces, view[kept:]]


def _number(data: bytes, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """The variable-length number at `at` and where it ends; 0 and past the end where there is none."""
    if at >= len(data) or not data[at]:
        return 0, len(data) + 1
    length = 9 - data[at].bit_length()
    number = int.from_bytes(data[at : at + length], "big")
    return number if keep_marker else number & (1 << 7 * length) - 1, at + length


def _padding(header: int, size: int) -> bytes:
    """A Void element's head in the place of a head of `header` bytes, for the same `size` bytes after it."""
    length = min(header - 1, 8)  # of the size field; what does not fit in it stands after it and counts to the body
    spare = header - 1 - length
    return _VOID + ((1 << 7 * length) | (size + spare)).to_bytes(length, "big") + bytes(spare)
