"""Joins the parts of a long text into one file while the providers still speak them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Protocol

from audio_gateway.audio.closing import closed
from audio_gateway.audio.formats import SPEECH_SAMPLE_RATE, SpeechFormat
from audio_gateway.audio.join import seamless
from audio_gateway.audio.transcode import encode_at_speed, transcode
from audio_gateway.errors import InvalidAudio


class SpeechChunk(Protocol):
    """A piece of a part, as providers return it; the pieces of a part together are one file in `format`.

    pcm is s16le mono at `sample_rate` Hz.
    """

    @property
    def data(self) -> bytes:
        """The bytes."""

    @property
    def format(self) -> SpeechFormat:
        """The declared format; the bytes are checked before it is trusted."""

    @property
    def sample_rate(self) -> int:
        """Hertz; matters only for pcm."""


StartPart = Callable[[], Iterable[SpeechChunk]]
"""Starts a part; it is called when the part's audio is needed, and its iterator is closed after the part."""


def joined(parts: Iterable[StartPart], *, wanted: SpeechFormat, speed: float = 1.0) -> Iterator[bytes]:
    """All parts in their order as one file in `wanted` at 24 kHz mono, `speed` times as fast, while they arrive.

    A single part is transcoded as it is, so that audio in the wanted format passes through. Several are decoded one
    after the other and encoded together, without a gap or a click between them (see `join`). A part is started only
    when the previous one has ended. Errors of a part are passed on unchanged, after the audio of the parts before it.

    Raises `InvalidAudio` if there is no part, or if one is empty, damaged, cut off, or not audio; before the first
    piece if that is the first part.
    """
    following = iter(parts)
    first, second = next(following, None), next(following, None)
    if first is None:
        raise InvalidAudio("There is no part.")
    if second is None:
        yield from _transcoded(first, wanted, speed)
        return
    pcm = seamless(_transcoded(start, "pcm", 1.0) for start in chain((first, second), following))
    yield from encode_at_speed(pcm, SPEECH_SAMPLE_RATE, wanted, speed)


def _transcoded(start: StartPart, wanted: SpeechFormat, speed: float) -> Iterator[bytes]:
    with closed(start()) as chunks:
        first = next(chunks, None)
        if first is None:
            raise InvalidAudio("The response is empty.")
        yield from transcode(
            _bytes_of(first, chunks),
            declared=first.format,
            sample_rate=first.sample_rate,
            wanted=wanted,
            speed=speed,
        )


def _bytes_of(first: SpeechChunk, rest: Iterator[SpeechChunk]) -> Iterator[bytes]:
    yield first.data
    for chunk in rest:
        yield chunk.data
