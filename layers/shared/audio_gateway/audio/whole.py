"""Whether a file that passes by ends where it says that it ends, by its frames and pages, without decoding it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final, Protocol

from audio_gateway.audio import flac, mpeg, ogg, riff
from audio_gateway.audio.sniff import ENOUGH, Container
from audio_gateway.errors import InvalidAudio


def whole(chunks: Iterable[bytes], container: Container) -> Iterator[bytes]:
    """The same chunks; raises `InvalidAudio` behind the last when the file they make was cut off."""
    make = _WATCHES.get(container)
    if make is None:  # MP4 is checked where it is decoded; WebM that is streamed promises nothing
        yield from chunks
        return
    watch = make()
    for chunk in chunks:
        watch.see(chunk)
        yield chunk
    if watch.cut_off():
        raise InvalidAudio(f"The {container} audio is cut off: it ends in the middle.", param="file")


class _Watch(Protocol):
    def see(self, chunk: bytes) -> None:
        """Look at the next bytes of the file."""

    def cut_off(self) -> bool:
        """Whether more was to come, now that nothing does."""


class _Frames:
    """MPEG audio and ADTS: the last frame is as long as its header says, and no Xing header promises more."""

    def __init__(self) -> None:
        self._rest = b""
        self._first: mpeg.Frame | None = None
        self._promised_s: Fraction | None = None
        self._samples = 0

    def see(self, chunk: bytes) -> None:
        data, at = self._rest + chunk, 0
        while len(data) - at >= mpeg.FRAME_HEADER_BYTES:
            frame = mpeg.read_frame(data, at)
            if frame is None or (self._first is not None and frame.family != self._first.family):
                at = data.find(b"\xff", at + 1)
                if at < 0:
                    at = len(data)
            elif at + frame.length > len(data):
                break
            else:
                if self._first is None:
                    self._first, self._promised_s = frame, mpeg.promised_by_xing(data, at, frame)
                self._samples += frame.samples
                at += frame.length
        self._rest = data[at:]

    def cut_off(self) -> bool:
        if self._first is None:
            return True
        missing_s = (self._promised_s or 0) - Fraction(self._samples, self._first.sample_rate)
        return missing_s > Fraction(1, 2) or self._rest[:1] == b"\xff"


class _Pages:
    """Ogg: the last page is whole, and every stream has had its last one."""

    def __init__(self) -> None:
        self._rest = b""
        self._open: set[bytes] = set()

    def see(self, chunk: bytes) -> None:
        data = self._rest + chunk
        page = ogg.read_page(data, 0)
        at = 0
        while page is not None and page.end <= len(data):
            if page.flags & ogg.FIRST_PAGE:
                self._open.add(page.serial)
            if page.flags & ogg.LAST_PAGE:
                self._open.discard(page.serial)
            at = page.end
            page = ogg.read_page(data, at)
        self._rest = data[at:]

    def cut_off(self) -> bool:
        return bool(self._rest or self._open)


class _LastFrame:
    """FLAC: the last frame's checksums are right."""

    def __init__(self) -> None:
        self._tail = b""

    def see(self, chunk: bytes) -> None:
        self._tail = (self._tail + chunk)[-flac.MAX_FRAME_BYTES :]

    def cut_off(self) -> bool:
        return not flac.ends_whole(self._tail)


class _Declared:
    """WAV: there is as much audio as its header declares, if it does."""

    def __init__(self) -> None:
        self._head: riff.Head | None = None
        self._first = b""
        self._seen = 0

    def see(self, chunk: bytes) -> None:
        self._seen += len(chunk)
        if self._head is None and len(self._first) < ENOUGH:
            self._first += chunk
            self._head = riff.read_head(self._first)

    def cut_off(self) -> bool:
        head = self._head
        if head is None or head.size is None:
            return False
        return head.start + head.size - self._seen > head.bytes_per_second // 10


_WATCHES: Final[dict[Container, type[_Watch]]] = {
    "mp3": _Frames,
    "aac": _Frames,
    "ogg": _Pages,
    "flac": _LastFrame,
    "wav": _Declared,
}
