"""WebM and Matroska (RFC 9559): finds tracks; removes indexes, tags, chapters and attachments; disables tracks.

Decoding from the beginning does not need them, and a small one can take FFmpeg a long time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from audio_gateway.audio.content import AudioContent, Span
from audio_gateway.errors import InvalidAudio

_EBML: Final = 0x1A45DFA3
_SEGMENT: Final = 0x18538067
_INFO: Final = 0x1549A966
_TRACKS: Final = 0x1654AE6B
_TRACK: Final = 0xAE
_CLUSTERS: Final = frozenset((0x1F43B675, 0xA3, 0xA0))  # and their blocks, if the cluster has no size
_TRACK_TYPE: Final = 0x83
_CODEC_ID: Final = 0x86
_CODEC_PRIVATE: Final = 0x63A2
_AUDIO: Final = 2
_NOT_NEEDED: Final = frozenset((0x114D9B74, 0x1C53BB6B, 0x1254C367, 0x1941A469, 0x1043A770))  # SeekHead, Cues, Tags, …
_VOID: Final = b"\xec"
_MAX_ELEMENTS: Final = 1_000_000  # one or two seconds to read; a cluster with a size counts as one
_BYTES_PER_ELEMENT: Final = 40  # in large files, which may have more: 20 ms of Opus at the lowest bit rate
_MAX_REMOVED: Final = 20_000
_MAX_TRACKS: Final = 64
_MAX_FIELDS: Final = 100  # of a track, or of the file's description
_CLUSTER_BYTES: Final = 32  # its time and its position
_HEAD_BYTES: Final = 16  # of an element: its name, and its size of up to eight bytes


class Element(NamedTuple):
    """An element at `at`, whose content of `size` bytes begins `head` bytes later. `endless`: it has no size."""

    identifier: int
    at: int
    head: int
    size: int
    endless: bool

    @property
    def end(self) -> int:
        """The position of the next element."""
        return self.at + self.head + self.size


@dataclass(frozen=True, slots=True)
class MatroskaOutline:
    """The structure of a file.

    `payload` is the number of bytes in its clusters after their first fields: packets, each with a header. `single`
    says that it is one recording from the first byte to the last. `cluster` is the first one.
    """

    size: int
    payload: int
    not_needed: tuple[Element, ...]
    tracks: tuple[Element, ...]
    audio: tuple[Element, ...]
    single: bool
    info: Element | None = None
    cluster: Element | None = None

    def only(self, data: AudioContent, track: Element) -> list[Span]:
        """The file as spans, with one enabled track, and with padding instead of the elements that are not needed.

        The other tracks stay, because FFmpeg skips what follows blocks of a missing track. But they get an unknown
        codec, and lose the header for which a decoder would allocate memory.
        """
        changes = [(element.at, _padding(element)) for element in self.not_needed]
        for other in self.tracks:
            if other is not track:
                changes += _disabled(data, other)
        pieces, kept = list[Span](), 0
        for at, change in sorted(changes):
            pieces += ((kept, at), change)
            kept = at + len(change)
        return [*pieces, (kept, max(kept, self.size))]


def _disabled(data: AudioContent, track: Element) -> Iterator[tuple[int, bytes]]:
    for field in fields(data, track):
        if field.identifier == _CODEC_ID:
            yield field.at + field.head, b"X" * min(field.size, track.end - field.at - field.head)
        elif field.identifier == _CODEC_PRIVATE:
            yield field.at, _padding(field)


def outline(data: AudioContent) -> MatroskaOutline:
    """Read the structure; raises `InvalidAudio` if it has too many elements."""
    not_needed, tracks, audio, at = list[Element](), list[Element](), list[Element](), 0
    counts = dict.fromkeys((_EBML, _SEGMENT, _TRACKS), 0)
    segment_ends, payload = len(data), 0
    first: list[Element | None] = [None, None]
    for element in _elements(data, at, len(data)):
        at = element.end
        if element.identifier in counts:
            counts[element.identifier] += 1
        if element.identifier == _SEGMENT and not element.endless:
            segment_ends = element.end
        if element.identifier == _INFO:
            first[0] = first[0] or element
        if element.identifier in _CLUSTERS:
            payload += element.size - _CLUSTER_BYTES
            first[1] = first[1] or element
        if element.identifier == _TRACK:
            tracks.append(element)
            if _type(data, element) == _AUDIO:
                audio.append(element)
        elif element.identifier in _NOT_NEEDED and not element.endless:
            not_needed.append(element)
        if len(not_needed) > _MAX_REMOVED or len(tracks) > _MAX_TRACKS:
            raise _too_many()
    single = set(counts.values()) == {1} and segment_ends == len(data)
    return MatroskaOutline(
        len(data), payload, tuple(not_needed), tuple(tracks), tuple(audio), single and at == len(data), *first
    )


def _elements(data: AudioContent, at: int, end: int) -> Iterator[Element]:
    """The elements up to `end`, or up to invalid bytes; the content of a segment or of `Tracks` is included."""
    for _ in range(max(_MAX_ELEMENTS, len(data) // _BYTES_PER_ELEMENT)):
        element = element_at(data, at) if at < end else None
        if element is None:
            return
        yield element
        enter = element.endless or element.identifier in (_SEGMENT, _TRACKS)
        at = at + element.head if enter else element.end
    raise _too_many()


def element_at(data: AudioContent, at: int) -> Element | None:
    """The element at a position; None if there is none."""
    head = data[at : at + _HEAD_BYTES]
    identifier, size_at = number_at(head, 0, keep_marker=True)
    size, body = number_at(head, size_at, keep_marker=False)
    if not body or not identifier:
        return None
    endless = size == (1 << 7 * (body - size_at)) - 1
    return Element(identifier, at, body, 0 if endless else size, endless)


def fields(data: AudioContent, parent: Element) -> Iterator[Element]:
    """The child elements of a descriptive element; raises `InvalidAudio` if there are too many."""
    at = parent.at + parent.head
    for _ in range(_MAX_FIELDS):
        field = element_at(data, at) if at < parent.end else None
        if field is None:
            return
        yield field
        at = field.end
    raise _too_many()


def whole_number(data: AudioContent, field: Element) -> int:
    """The number in an element."""
    start = field.at + field.head
    return int.from_bytes(data[start : start + min(field.size, 8)], "big")


def _type(data: AudioContent, track: Element) -> int | None:
    for field in fields(data, track):
        if field.identifier == _TRACK_TYPE:
            return whole_number(data, field)
    return None


def number_at(head: bytes, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """The variable-length number at `at` and the position of its end; 0 and 0 if there is none."""
    first = head[at : at + 1]
    if not first or not first[0]:
        return 0, 0
    end = at + 9 - first[0].bit_length()
    if end > len(head):
        return 0, 0
    number = int.from_bytes(head[at:end], "big")
    return number if keep_marker else number & (1 << 7 * (end - at)) - 1, end


def _padding(element: Element) -> bytes:
    """The head of a Void element of the same size, to replace the head of `element`."""
    length = min(element.head - 1, 8)  # of the size field; the rest of the head becomes part of the body
    spare = element.head - 1 - length
    return _VOID + ((1 << 7 * length) | (element.size + spare)).to_bytes(length, "big") + bytes(spare)


def _too_many() -> InvalidAudio:
    return InvalidAudio("The WebM file has too many elements. Export it again.")
