"""Ogg (RFC 3533): the pages of the first audio stream, link by link of a chain."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from audio_gateway.errors import InvalidAudio

PAGE_HEADER_BYTES: Final = 27
FIRST_PAGE: Final = 2
LAST_PAGE: Final = 4
"""Bits of a page's flags."""

_CHECKSUM: Final = 22  # where it stands in a page
_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_AUDIO: Final = (b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   ")
_COMMENT_PREFIX: Final = {b"OpusHead": 8, b"\x01vorbis": 7, b"\x7fFLAC": 4, b"Speex   ": 0}
_MAX_COMMENTS: Final = 1_000
_MAX_LINKS: Final = 1_000


class Page(NamedTuple):
    """Where a page stands in the file, and what its header says."""

    start: int
    body: int
    end: int
    flags: int
    serial: bytes


@dataclass(slots=True)
class Link:
    """One link of a chain: the pieces of the file that are the pages of the first audio stream in it."""

    data: bytes
    serial: bytes
    kind: bytes
    pages: int = 0
    _spans: list[tuple[int, int] | bytes] = field(default_factory=list)

    def add(self, page: Page) -> None:
        """Append a page; one with a wrong checksum gets the right one.

        FFmpeg would drop it as a whole, a second of sound, where the damage may be in one packet of it.
        """
        self.pages += 1
        right = _checksum(self.data, page)
        if self.data[page.start + _CHECKSUM : page.start + _CHECKSUM + 4] == right:
            self._append(page.start, page.end)
            return
        self._append(page.start, page.start + _CHECKSUM)
        self._spans.append(right)
        self._append(page.start + _CHECKSUM + 4, page.end)

    def _append(self, start: int, end: int) -> None:
        last = self._spans[-1] if self._spans else b""
        if isinstance(last, tuple) and last[1] == start:
            self._spans[-1] = (last[0], end)
        else:
            self._spans.append((start, end))

    def pieces(self) -> tuple[bytes | memoryview, ...]:
        """The pages, to be read one after the other."""
        view = memoryview(self.data)
        return tuple(span if isinstance(span, bytes) else view[span[0] : span[1]] for span in self._spans)


def _checksum(data: bytes, page: Page) -> bytes:
    """CRC-32 as Ogg has it: the bits of zlib's the other way round, starting from zero."""
    at = page.start + _CHECKSUM
    crc = zlib.crc32(data[page.start : at].translate(_MIRRORED), 0xFFFFFFFF)
    crc = zlib.crc32((bytes(4) + data[at + 4 : page.end]).translate(_MIRRORED), crc) ^ 0xFFFFFFFF
    return crc.to_bytes(4, "big").translate(_MIRRORED)


def read_page(data: bytes | bytearray, at: int) -> Page | None:
    """The page at `at`, or None when none begins there or its header is cut off; its body may be."""
    if data[at : at + 4] != b"OggS" or len(data) < at + PAGE_HEADER_BYTES:
        return None
    body = at + PAGE_HEADER_BYTES + data[at + 26]
    if len(data) < body:
        return None
    end = body + sum(data[at + PAGE_HEADER_BYTES : body])
    return Page(at, body, end, data[at + 5], bytes(data[at + 14 : at + 18]))


def pages(data: bytes) -> Iterator[Page]:
    """All pages of a file, over damage."""
    at = data.find(b"OggS")
    while at >= 0:
        page = read_page(data, at)
        at += 4
        if page is not None:
            yield page
            at = page.end
        at = data.find(b"OggS", at)


def links(data: bytes) -> list[Link]:
    """The first audio stream of each link. Raises `InvalidAudio` for chains or tags beyond reason."""
    found: list[Link] = []
    link: Link | None = None
    in_heads = False
    for page in pages(data):
        if page.flags & FIRST_PAGE:
            if not in_heads:  # first pages stand together: one after others begins a new link
                link, in_heads = None, True
            kind = next((magic for magic in _AUDIO if data.startswith(magic, page.body)), None)
            if link is None and kind is not None:
                link = Link(data, page.serial, kind)
                found.append(link)
        else:
            in_heads = False
        if link is not None and page.serial == link.serial:
            if link.pages == 1:
                _check_comments(data, page, link.kind)
            link.add(page)
        if len(found) > _MAX_LINKS:
            raise InvalidAudio(
                f"The Ogg file is a chain of more than {_MAX_LINKS} links. Join them first.", param="file"
            )
    return found


def _check_comments(data: bytes, page: Page, kind: bytes) -> None:
    """FFmpeg's time to read tags grows with the square of their number."""
    vendor = page.body + _COMMENT_PREFIX[kind]
    count = vendor + 4 + int.from_bytes(data[vendor : vendor + 4], "little")
    if count + 4 <= page.end and int.from_bytes(data[count : count + 4], "little") > _MAX_COMMENTS:
        raise InvalidAudio(f"The Ogg file has more than {_MAX_COMMENTS} tags. Remove them.", param="file")
