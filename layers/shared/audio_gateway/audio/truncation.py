"""Whether a file that passes by is whole, by its frames and pages and without decoding it.

It ends where it says that it ends, it holds sound, and nothing in it would be passed over by who plays it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Final, Protocol

from audio_gateway.audio.containers import flac, isobmff, mpeg, ogg
from audio_gateway.audio.sniff import Container
from audio_gateway.errors import InvalidAudio

_TAG_BYTES: Final = 32  # needed to tell how long a tag between frames is
_MOST_PAGE_HEADER: Final = ogg.PAGE_HEADER_BYTES + 255


def whole(chunks: Iterable[bytes], container: Container, *, one: bool) -> Iterator[bytes]:
    """The chunks of a file, of mp3 and aac without the tags in it.

    With `one` it must be one recording, for it is passed on as it is; otherwise several may follow one another.

    Raises:
        InvalidAudio: before the first piece, there is no sound; behind it, the file is cut off, or something stands in
            it that is no audio.
    """
    if container == "mp4":
        yield _single_mp4(b"".join(chunks))
        return
    make = _WATCHES.get(container)
    if make is None:  # WebM that is streamed promises nothing, and its decoder goes on behind its end
        yield from chunks
        return
    watch = make(one=one)
    for chunk in chunks:
        if piece := watch.feed(chunk):
            yield piece
    if watch.cut_off():
        raise InvalidAudio(f"The {container} audio is cut off: it ends in the middle.")


def _single_mp4(data: bytes) -> bytes:
    if not isobmff.outline(data).single:
        raise InvalidAudio("The mp4 audio is cut off, or not one recording to its end.")
    return data


class TruncationDetector(Protocol):
    """Follows the bytes of a file as they pass, to tell at the end whether the file is whole."""

    def feed(self, chunk: bytes) -> bytes:
        """What of the next bytes is passed on; raises `InvalidAudio` for what is not to be there."""

    def cut_off(self) -> bool:
        """Whether more was to come, now that nothing does."""


class _Frames:
    """MPEG audio and ADTS: frames one behind the other, with nothing but tags and zeros between them.

    The last is as long as its header says, and no Xing header promises more. Its frame is no sound: the first one is
    passed on with the frame that follows, any other is left out.
    """

    def __init__(self, *, one: bool) -> None:  # noqa: ARG002 - several are one, as frames know no file
        self._rest = b""
        self._skip = 0
        self._first: mpeg.Frame | None = None
        self._promise = b""
        self._promised_s: Fraction | None = None
        self._samples = 0

    def feed(self, chunk: bytes) -> bytes:
        data, at, passed = self._rest + chunk, self._skip, list[bytes]()
        while len(data) - at >= mpeg.FRAME_HEADER_BYTES:
            frame = mpeg.read_frame(data, at)
            if frame is not None and (self._first is None or frame.family == self._first.family):
                if at + frame.length > len(data):
                    break
                passed.append(self._passed(data[at : at + frame.length], frame))
                at += frame.length
            elif step := _between_frames(data, at):
                at += step
            elif len(data) - at >= _TAG_BYTES:
                raise InvalidAudio("The audio holds something between its frames that is no audio.")
            else:
                break
        self._rest, self._skip = data[at:], max(0, at - len(data))
        return b"".join(passed)

    def _passed(self, data: bytes, frame: mpeg.Frame) -> bytes:
        self._samples += frame.samples
        promised_s = mpeg.promised_by_xing(data, 0, frame)
        is_first, self._first = self._first is None, self._first or frame
        if promised_s is None:
            data, self._promise = self._promise + data, b""
            return data
        self._promised_s = (self._promised_s or 0) + promised_s
        self._promise = data if is_first else self._promise
        return b""

    def cut_off(self) -> bool:
        if self._first is None or self._promise:
            return True
        missing_s = (self._promised_s or 0) - Fraction(self._samples, self._first.sample_rate)
        return missing_s > Fraction(1, 2) or bool(self._rest.strip(b"\x00"))


def _between_frames(data: bytes, at: int) -> int:
    """How long the tag or the zeros at `at` are, also where they go on behind the data; 0 for anything else."""
    if data[at] == 0:
        return len(data) - at - len(data[at:].lstrip(b"\x00"))
    if data[at : at + 3] == b"TAG":
        return mpeg.ID3V1_BYTES
    if data[at : at + 8] == b"APETAGEX" and len(data) - at >= _TAG_BYTES:
        return _TAG_BYTES + int.from_bytes(data[at + 12 : at + 16], "little")
    return mpeg.id3_end(data, at) - at


class _Pages:
    """Ogg: pages one behind the other, the last one whole, and every stream has had its last one."""

    def __init__(self, *, one: bool) -> None:
        self._one = one
        self._rest = b""
        self._held = b""  # heads, until there is sound
        self._sounds = False
        self._open: set[bytes] = set()

    def feed(self, chunk: bytes) -> bytes:
        data, at = self._rest + chunk, 0
        page = ogg.read_page(data, 0)
        while page is not None and page.end <= len(data):
            self._count(page, data)
            at = page.end
            page = ogg.read_page(data, at)
        if page is None and len(data) - at >= _MOST_PAGE_HEADER:
            raise InvalidAudio("The ogg audio is cut off: other data follows it.")
        self._held, self._rest = self._held + data[:at], data[at:]
        if not self._sounds:
            return b""
        passed, self._held = self._held, b""
        return passed

    def _count(self, page: ogg.Page, data: bytes) -> None:
        if page.flags & ogg.FIRST_PAGE:
            if self._sounds and self._one:
                raise InvalidAudio("The ogg audio is more than one recording.")
            self._open.add(page.serial)
        if page.flags & ogg.LAST_PAGE:
            self._open.discard(page.serial)
        samples = int.from_bytes(data[page.start + 6 : page.start + 14], "little", signed=True)
        self._sounds = self._sounds or samples > 0

    def cut_off(self) -> bool:
        return bool(self._rest or self._open or not self._sounds)


class _FlacFrames:
    """FLAC: the last frame's checksums are right, and streams that follow one another are of one kind."""

    def __init__(self, *, one: bool) -> None:
        self._one = one
        self._tail = b""
        self._kind: tuple[int, int, int] | None = None
        self._held: bytes | None = b""  # heads, until there is a frame

    def feed(self, chunk: bytes) -> bytes:
        data = self._tail + chunk
        at = data.find(b"fLaC", max(0, len(self._tail) - flac.HEAD_BYTES + 1))
        while at >= 0:
            self._begin(flac.read_info(data, at))
            at = data.find(b"fLaC", at + 1)
        self._tail = data[-flac.MAX_FRAME_BYTES :]
        if self._held is None:
            return chunk
        self._held += chunk
        if self._held.find(b"\xff\xf8", flac.HEAD_BYTES) < 0 > self._held.find(b"\xff\xf9", flac.HEAD_BYTES):
            return b""
        passed, self._held = self._held, None
        return passed

    def _begin(self, info: flac.StreamInfo | None) -> None:
        if info is None:
            return
        if self._kind is not None and (self._one or self._kind != info[:3]):
            raise InvalidAudio("The flac audio is more than one recording.")
        self._kind = info[:3]

    def cut_off(self) -> bool:
        return self._held is not None or not flac.ends_whole(self._tail)


_WATCHES: Final[dict[Container, Callable[..., TruncationDetector]]] = {
    "mp3": _Frames,
    "aac": _Frames,
    "ogg": _Pages,
    "flac": _FlacFrames,
}
