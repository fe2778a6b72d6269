"""The messages between the processes: a kind of one byte, a length of four bytes, and a payload."""

from __future__ import annotations

SAMPLE_RATE = 22_050
"""Sample rate in hertz of all speech of eSpeak NG."""

LENGTH_BYTES = 4
HEADER_BYTES = 1 + LENGTH_BYTES
LONGEST = 65_536
"""Bytes in a frame; a process that sends a larger length is corrupt."""

HELLO = b"H"
"""Of the server, once: see `hello`."""
FAILED = b"F"
"""Of the server, in place of HELLO: why it cannot serve, for the operator. Of a process that is to speak, in place of
speech: it cannot be confined here."""
READY = b"R"
"""Of a process that speaks: it has begun. Its pidfd comes along, where the system has such."""
NO_VOICE = b"V"
"""Of a process that speaks: there is no such voice."""
AUDIO = b"A"
"""Of a process that speaks: s16le mono at SAMPLE_RATE."""
DONE = b"D"
"""Of a process that speaks: the end of the text."""

VoiceFacts = tuple[str, str, list[str]]
"""Of a voice that is a language: its file (`gmw/en-US`), its name, the language tags that it serves."""


def frame(kind: bytes, payload: bytes = b"") -> bytes:
    """An encoded frame."""
    return kind + len(payload).to_bytes(LENGTH_BYTES, "big") + payload


def parse_header(header: bytes) -> tuple[bytes, int]:
    """Kind and length."""
    return header[:1], int.from_bytes(header[1:], "big")


def utterance(text: bytes, voice: str, pitch: int) -> bytes:
    """An encoded utterance: a length, then voice, NUL, pitch (0 to 99) and text."""
    payload = voice.encode() + b"\0" + bytes((pitch,)) + text
    return len(payload).to_bytes(LENGTH_BYTES, "big") + payload


def parse_utterance(payload: bytes) -> tuple[bytes, bytes, int]:
    """Text, voice and pitch of an utterance, whose length has been read."""
    voice, _, rest = payload.partition(b"\0")
    return rest[1:], voice, rest[0]


def hello(voices: list[VoiceFacts], *, filters: bool) -> bytes:
    """The server's greeting: whether the kernel filters system calls, and a line of fields for each voice."""
    lines = ["filters" if filters else "", *("\t".join((file, name, *tags)) for file, name, tags in voices)]
    return "\n".join(lines).encode()


def parse_hello(payload: bytes) -> tuple[bool, list[VoiceFacts]]:
    """Whether the kernel filters, and the voices."""
    filters, *lines = payload.decode().split("\n")
    split = [line.split("\t") for line in lines]
    return bool(filters), [(file, name, tags) for file, name, *tags in split]
