"""Ogg (RFC 3533): the pages of each audio stream, link by link of a chain."""

from __future__ import annotations

import io
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from audio_gateway.audio.content import AudioContent, seek_target
from audio_gateway.errors import InvalidAudio

PAGE_HEADER_BYTES: Final = 27
FIRST_PAGE: Final = 2
LAST_PAGE: Final = 4
"""Bits of a page's flags."""

_MOST_HEADER_BYTES: Final = PAGE_HEADER_BYTES + 255
_CHECKSUM: Final = 22  # position in a page
_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_AUDIO: Final = (b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   ")
_COMMENT_PREFIX: Final = {b"OpusHead": 8, b"\x01vorbis": 7, b"\x7fFLAC": 4, b"Speex   ": 0}
_SKELETON: Final = b"fishead"
_MAX_COMMENTS: Final = 1_000
_MAX_LINKS: Final = 1_000
_MAX_STREAMS: Final = 64  # of a link
_MARK_BYTES: Final = 262_144  # of a link, after which a position is noted for seeking


class Page(NamedTuple):
    """The position of a page in the file, and the fields of its header."""

    start: int
    body: int
    end: int
    flags: int
    serial: bytes


@dataclass(slots=True)
class Link:
    """One audio stream in one link of a chain; its pages are read again from the file when they are needed.

    `marks` are the positions of some pages: in the link's own bytes, and in the file.
    """

    data: AudioContent
    serial: bytes
    kind: bytes
    pages: int = 0
    size: int = 0
    marks: list[tuple[int, int]] = field(default_factory=list)
    repaired: bool = False
    """Whether a page with a wrong checksum was read."""

    def add(self, page: Page) -> None:
        """Append a page."""
        if not self.marks or self.size - self.marks[-1][0] >= _MARK_BYTES:
            self.marks.append((self.size, page.start))
        self.pages += 1
        self.size += min(page.end, len(self.data)) - page.start

    def open(self) -> LinkFile:
        """Open the concatenated pages as a file."""
        return LinkFile(self)


class LinkFile:
    """A link as a file in which FFmpeg reads and seeks.

    A page with a wrong checksum gets the right one: FFmpeg would drop the whole page, a second of sound, although
    perhaps only one of its packets is damaged.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._at = 0
        self._page_at = 0  # position of `_page` in the link's bytes
        self._page = b""
        self._following = self._pages(link.marks[0][1])

    def read(self, size: int) -> bytes:
        """At most `size` bytes, up to the end of a page; none at the end of the link."""
        while self._at < self._link.size and self._at >= self._page_at + len(self._page):
            self._page_at += len(self._page)
            self._page = next(self._following)
        offset = self._at - self._page_at
        data = self._page[offset : offset + size]
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position within the file, and return it."""
        self._at = seek_target(offset, whence, self._at, self._link.size)
        if not self._page_at <= self._at < self._page_at + len(self._page) + _MARK_BYTES:
            mark = bisect_right(self._link.marks, self._at, key=lambda mark: mark[0]) - 1
            self._page_at, place = self._link.marks[mark]
            self._page, self._following = b"", self._pages(place)
        return self._at

    def tell(self) -> int:
        """The position of the next byte."""
        return self._at

    def _pages(self, start: int) -> Iterator[bytes]:
        data = self._link.data
        for page in pages(data, start):
            if page.serial == self._link.serial:
                whole = data[page.start : page.end]
                right = _checksum(whole)
                if whole[_CHECKSUM:].startswith(right):
                    yield whole
                else:
                    self._link.repaired = True
                    yield _with_checksum(whole, right)


def _with_checksum(page: bytes, checksum: bytes) -> bytes:
    return page[:_CHECKSUM] + checksum + page[_CHECKSUM + 4 :]


def _checksum(page: bytes) -> bytes:
    """The CRC-32 of Ogg: that of zlib with reversed bits, starting from zero."""
    crc = zlib.crc32(_with_checksum(page, bytes(4)).translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return crc.to_bytes(4, "big").translate(_MIRRORED)


def read_page(data: AudioContent, at: int) -> Page | None:
    """The page at `at`; None if there is none or its header is cut off. Its body may be cut off."""
    head = data[at : at + _MOST_HEADER_BYTES]
    if head[:4] != b"OggS" or len(head) < PAGE_HEADER_BYTES:
        return None
    body = PAGE_HEADER_BYTES + head[26]
    if len(head) < body:
        return None
    end = at + body + sum(head[PAGE_HEADER_BYTES:body])
    return Page(at, at + body, end, head[5], head[14:18])


def pages(data: AudioContent, start: int = 0) -> Iterator[Page]:
    """All pages of a file from `start` on; damaged bytes are skipped."""
    at = data.find(b"OggS", start)
    while at >= 0:
        page = read_page(data, at)
        at += 4
        if page is not None:
            yield page
            at = page.end
        at = data.find(b"OggS", at)


@dataclass(frozen=True, slots=True)
class Chain:
    """The audio streams of a file, link by link.

    `single` says that the file is one stream from the first byte to the last: no other stream or link, and nothing
    between the pages or after the last one. `pictures` says that it contains something other than sound.
    """

    links: list[list[Link]]
    single: bool
    pictures: bool


def chain(data: AudioContent) -> Chain:
    """Read the structure; raises `InvalidAudio` if it has too many links, streams or tags."""
    walk = _Walk(data)
    for page in pages(data):
        walk.feed(page)
    links = [link for link in walk.links if link]
    single = walk.single and walk.at == len(data) and len(links) == len(walk.links) == 1 and len(links[0]) == 1
    return Chain(links, single, walk.pictures)


@dataclass(slots=True)
class _Walk:
    data: AudioContent
    links: list[list[Link]] = field(default_factory=list)
    at: int = 0
    single: bool = True
    pictures: bool = False
    _open: dict[bytes, Link] = field(default_factory=dict)
    _in_heads: bool = False

    def feed(self, page: Page) -> None:
        self.single = self.single and page.start == self.at
        self.at = page.end
        if page.flags & FIRST_PAGE:
            self._begin(page)
        else:
            self._in_heads = False
        link = self._open.get(page.serial)
        if link is None:
            self.single = False
            return
        if link.pages == 1:
            _check_comments(self.data, page, link.kind)
        link.add(page)
        # Players do not read on after the last page of a stream.
        self.single = self.single and (not page.flags & LAST_PAGE or page.end == len(self.data))

    def _begin(self, page: Page) -> None:
        if not self._in_heads:  # first pages are together: one after other pages begins a new link
            self._in_heads, self._open = True, {}
            self.links.append([])
        kind = _kind(self.data, page)
        if kind is None:
            self.pictures = self.pictures or not self.data[page.body : page.body + 8].startswith(_SKELETON)
        elif page.serial not in self._open:
            self._open[page.serial] = Link(self.data, page.serial, kind)
            self.links[-1].append(self._open[page.serial])
        if len(self.links) > _MAX_LINKS:
            raise InvalidAudio(f"The Ogg file is a chain of more than {_MAX_LINKS} links. Join them first.")
        if len(self.links[-1]) > _MAX_STREAMS:
            raise InvalidAudio(f"The Ogg file has more than {_MAX_STREAMS} audio streams. Send one of them.")


def _kind(data: AudioContent, page: Page) -> bytes | None:
    """The codec that begins on a first page; None if it is not audio."""
    body = data[page.body : page.body + 8]
    return next((magic for magic in _AUDIO if body.startswith(magic)), None)


def _check_comments(data: AudioContent, page: Page, kind: bytes) -> None:
    """Raise `InvalidAudio` for too many tags: FFmpeg's time to read them grows with the square of their number."""
    vendor = page.body + _COMMENT_PREFIX[kind]
    count = vendor + 4 + int.from_bytes(data[vendor : vendor + 4], "little")
    if count + 4 <= page.end and int.from_bytes(data[count : count + 4], "little") > _MAX_COMMENTS:
        raise InvalidAudio(f"The Ogg file has more than {_MAX_COMMENTS} tags. Remove them.")
