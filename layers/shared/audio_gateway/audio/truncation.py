"""Detects truncated files while they stream, by their frames and pages, without decoding them.

A complete file ends where it declares its end, contains sound, and has nothing in it that a player would skip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Final, Literal, Protocol

from audio_gateway.audio.containers import flac, isobmff, mpeg, ogg
from audio_gateway.audio.sniff import Container
from audio_gateway.errors import InvalidAudio

_TAG_BYTES: Final = 32  # that are needed to read the length of a tag between frames
_MOST_PAGE_HEADER: Final = ogg.PAGE_HEADER_BYTES + 255


def complete_file(chunks: Iterable[bytes], container: Container, *, single: bool) -> Iterator[bytes]:
    """Pass on the chunks of a file, and check that it is complete. Tags in mp3 and aac are removed.

    With `single` it must be one recording, because it is passed on unchanged; otherwise several may follow one another.

    Raises:
        InvalidAudio: before the first piece, there is no sound; later, the file is cut off, or contains something that
            is not audio.
    """
    if container == "mp4":
        yield _single_mp4(b"".join(chunks))
        return
    if container not in _DETECTORS:  # streamed WebM declares no length, and its decoder reads on after its end
        yield from chunks
        return
    for units in _checked(chunks, container, single=single):
        if piece := b"".join(units):
            yield piece


def complete_frames(chunks: Iterable[bytes], container: Literal["mp3", "aac"]) -> Iterator[bytes]:
    """The frames of one or several files, each as soon as it is complete, without tags.

    The first one is a frame with a Xing header if the file begins with one. Raises `InvalidAudio` like `complete_file`.
    """
    for frames in _checked(chunks, container, single=False):
        yield from frames


def _checked(chunks: Iterable[bytes], container: Container, *, single: bool) -> Iterator[list[bytes]]:
    detector = _DETECTORS[container](single=single)
    for chunk in chunks:
        yield detector.feed(chunk)
    if detector.is_truncated():
        raise InvalidAudio(f"The {container} audio is cut off: it ends in the middle.")


def _single_mp4(data: bytes) -> bytes:
    if not isobmff.outline(data).single:
        raise InvalidAudio("The mp4 audio is cut off, or is more than one recording.")
    return data


class TruncationDetector(Protocol):
    """Reads the bytes of a file as they pass, and knows at the end whether the file is complete."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Read the next bytes, and return those to pass on; raises `InvalidAudio` for bytes that are not audio."""

    def is_truncated(self) -> bool:
        """Whether the file ended too early."""


class _MpegFrames:
    """MPEG audio and ADTS: consecutive frames, with only tags and zeros between them.

    The last frame has the length in its header, and no Xing header declares more. The frame with a Xing header is
    silent: the first one is passed on together with the next frame, all others are removed.
    """

    def __init__(self, *, single: bool) -> None:  # noqa: ARG002 - several are one, as frames know no file
        self._rest = b""
        self._skip = 0
        self._first: mpeg.Frame | None = None
        self._info_frame = b""
        self._declared_s: Fraction | None = None
        self._samples = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        data, at, passed = self._rest + chunk, self._skip, list[bytes]()
        while len(data) - at >= mpeg.FRAME_HEADER_BYTES:
            frame = mpeg.read_frame(data, at)
            if frame is not None and (self._first is None or frame.family == self._first.family):
                if at + frame.length > len(data):
                    break
                passed += self._accept(data[at : at + frame.length], frame)
                at += frame.length
            elif step := _between_frames(data, at):
                at += step
            elif len(data) - at >= _TAG_BYTES:
                raise InvalidAudio("The audio has something between its frames that is not audio.")
            else:
                break
        self._rest, self._skip = data[at:], max(0, at - len(data))
        return passed

    def _accept(self, data: bytes, frame: mpeg.Frame) -> list[bytes]:
        self._samples += frame.samples
        declared_s = mpeg.declared_by_xing(data, 0, frame)
        is_first, self._first = self._first is None, self._first or frame
        if declared_s is None:
            passed, self._info_frame = [self._info_frame, data] if self._info_frame else [data], b""
            return passed
        self._declared_s = (self._declared_s or 0) + declared_s
        self._info_frame = data if is_first else self._info_frame
        return []

    def is_truncated(self) -> bool:
        if self._first is None or self._info_frame:
            return True
        missing_s = (self._declared_s or 0) - Fraction(self._samples, self._first.sample_rate)
        return missing_s > Fraction(1, 2) or bool(self._rest.strip(b"\x00"))


def _between_frames(data: bytes, at: int) -> int:
    """The length of the tag or of the zeros at `at`, which may exceed the data; 0 for anything else."""
    if data[at] == 0:
        return len(data) - at - len(data[at:].lstrip(b"\x00"))
    if data[at : at + 3] == b"TAG":
        return mpeg.ID3V1_BYTES
    if data[at : at + 8] == b"APETAGEX" and len(data) - at >= _TAG_BYTES:
        return _TAG_BYTES + int.from_bytes(data[at + 12 : at + 16], "little")
    return mpeg.id3_end(data, at) - at


class _OggPages:
    """Ogg: consecutive pages, of which the last is complete, and the last page of every stream."""

    def __init__(self, *, single: bool) -> None:
        self._single = single
        self._rest = b""
        self._held = b""  # headers, until there is sound
        self._sounds = False
        self._open: set[bytes] = set()

    def feed(self, chunk: bytes) -> list[bytes]:
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
            return []
        passed, self._held = [self._held], b""
        return passed

    def _count(self, page: ogg.Page, data: bytes) -> None:
        if page.flags & ogg.FIRST_PAGE:
            if self._sounds and self._single:
                raise InvalidAudio("The ogg audio is more than one recording.")
            self._open.add(page.serial)
        if page.flags & ogg.LAST_PAGE:
            self._open.discard(page.serial)
        samples = int.from_bytes(data[page.start + 6 : page.start + 14], "little", signed=True)
        self._sounds = self._sounds or samples > 0

    def is_truncated(self) -> bool:
        return bool(self._rest or self._open or not self._sounds)


class _FlacFrames:
    """FLAC: the checksums of the last frame are right, and consecutive streams have the same format."""

    def __init__(self, *, single: bool) -> None:
        self._single = single
        self._tail = b""
        self._kind: tuple[int, int, int] | None = None
        self._held: bytes | None = b""  # headers, until there is a frame

    def feed(self, chunk: bytes) -> list[bytes]:
        data = self._tail + chunk
        at = data.find(b"fLaC", max(0, len(self._tail) - flac.HEAD_BYTES + 1))
        while at >= 0:
            self._begin(flac.read_info(data, at))
            at = data.find(b"fLaC", at + 1)
        self._tail = data[-flac.MAX_FRAME_BYTES :]
        if self._held is None:
            return [chunk]
        self._held += chunk
        if self._held.find(b"\xff\xf8", flac.HEAD_BYTES) < 0 > self._held.find(b"\xff\xf9", flac.HEAD_BYTES):
            return []
        passed, self._held = [self._held], None
        return passed

    def _begin(self, info: flac.StreamInfo | None) -> None:
        if info is None:
            return
        if self._kind is not None and (self._single or self._kind != info[:3]):
            raise InvalidAudio("The flac audio is more than one recording.")
        self._kind = info[:3]

    def is_truncated(self) -> bool:
        return self._held is not None or not flac.ends_with_frame(self._tail)


_DETECTORS: Final[dict[Container, Callable[..., TruncationDetector]]] = {
    "mp3": _MpegFrames,
    "aac": _MpegFrames,
    "ogg": _OggPages,
    "flac": _FlacFrames,
}
