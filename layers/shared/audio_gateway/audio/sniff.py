"""The container of a file, by its first bytes: file names and declared types are ignored."""

# ruff: noqa: PLR2004 - bit patterns and field widths of a file format say more in place

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import Final, Literal

from audio_gateway.audio.content import AudioContent
from audio_gateway.errors import InvalidAudio

Container = Literal["wav", "mp3", "mp4", "ogg", "flac", "webm", "aac", "mpeg"]

MEDIA_TYPES: Final[dict[Container, str]] = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "mp4": "audio/mp4",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "webm": "audio/webm",
    "aac": "audio/aac",
    "mpeg": "video/mpeg",
}

ENOUGH: Final = 16_384
"""Bytes that `sniff` reads at most, after an ID3 tag."""

SUPPORTED: Final = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
"""The formats that callers may send, as an error message lists them."""

_RIFF_IDS: Final = (b"RIFF", b"RF64", b"BW64")
_MP4_FIRST_BOXES: Final = frozenset((b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"sidx"))

_OTHER_MAGIC: Final = (
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"%PDF-", "a PDF document"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"MZ\x90\x00", "a program"),
    (b"\x7fELF", "a program"),
    (b"FORM", "AIFF audio"),
    (b"caff", "CAF audio"),
    (b"riff\x2e\x91\xcf\x11", "Wave64 audio"),
    (b".snd", "AU audio"),
    (b"#!AMR", "AMR audio"),
    (b"MThd", "a MIDI file, which contains notes and no sound"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media (WMA or WMV)"),
    (b"#EXTM3U", "a playlist, which names audio files and contains none"),
)
_PRINTABLE_CONTROL: Final = frozenset("\t\r\n\f")


def sniff(data: AudioContent) -> Container | None:
    """The container that `data` is or begins with; None if it is not a supported one.

    Formats without a magic number (MPEG audio, ADTS) are recognised only if each frame header is followed by another at
    the declared distance, because random bytes often look like one header.
    """
    return magic_of(data[:16]) or _sniff_after_id3(data)


def magic_of(head: bytes) -> Container | None:
    """The container with the magic number at the beginning of `head`, which has 16 bytes; None if there is none."""
    if head[:4] in _RIFF_IDS and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"OggS":
        return "ogg"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "webm"
    if head[:4] == b"\x00\x00\x01\xba":
        return "mpeg"
    if head[:4] == b"fLaC":
        return "flac"
    return "mp4" if _is_mp4(head) else None


def _is_mp4(head: bytes) -> bool:
    if head[4:8] not in _MP4_FIRST_BOXES:
        return False
    size = int.from_bytes(head[:4], "big")
    return size >= 8 or size in (0, 1)  # 0: to the end of the file, 1: a 64-bit size follows


def _sniff_after_id3(data: AudioContent) -> Container | None:
    from audio_gateway.audio.containers.mpeg import find_frames, id3_end

    start = id3_end(data)
    if data[start : start + 4] == b"fLaC":
        return "flac"
    found = find_frames(data, start, min(len(data), start + ENOUGH))
    return None if found is None else found.container


def recognise(data: AudioContent) -> Container:
    """The container of `data`; raises `InvalidAudio` that says what `data` looks like instead."""
    if not len(data):
        raise InvalidAudio("The file is empty. Upload a file that contains audio.")
    container = sniff(data)
    if container is None:
        other = looks_like(data)
        seen = f" It looks like {other}." if other else " Its content is none of these, whatever its name says."
        raise InvalidAudio(f"Invalid file format. Supported formats: {list(SUPPORTED)}.{seen}")
    return container


def looks_like(data: AudioContent) -> str | None:
    """What unsupported content seems to be, as a phrase for a message; None if it is unknown."""
    head = data[:512]
    for magic, name in _OTHER_MAGIC:
        if head.startswith(magic):
            return name
    if head[:1] == head[188:189] == head[376:377] == b"G":
        return "an MPEG transport stream"
    return _looks_like_text(head)


def _looks_like_text(head: bytes) -> str | None:
    try:  # the head may end within a character
        text = getincrementaldecoder("utf-8")().decode(head.removeprefix(b"\xef\xbb\xbf"))
    except UnicodeDecodeError:
        return None
    if not text or any(c < " " and c not in _PRINTABLE_CONTROL for c in text):
        return None
    start = text.lstrip().lower()
    if start.startswith(("{", "[")):
        return "JSON"
    if start.startswith("<"):
        return "an HTML page" if "<html" in start or start.startswith("<!doctype") else "an XML or HTML document"
    return "plain text"


def no_audio() -> InvalidAudio:
    """The error for a file without an audio track."""
    return InvalidAudio("The file has no audio stream. Upload a file that contains audio.")


def too_demanding() -> InvalidAudio:
    """The error for a file that needs more memory than any recording does."""
    return InvalidAudio(
        "The audio file could not be read: its headers ask for more memory than a recording needs. Export it again, "
        "for example as mp3 or wav."
    )


def undecodable(container: Container) -> InvalidAudio:
    """The error for a known container whose content cannot be decoded."""
    return InvalidAudio(
        f"The audio file could not be decoded: it looks like {container}, but its content is damaged or uses a codec "
        "that is not supported. Check that it plays, or convert it, for example to mp3 or wav."
    )
