"""Joins speech that was made in parts into one file."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from audio_gateway.audio.closing import closed
from audio_gateway.audio.encode import encode
from audio_gateway.audio.formats import SPEECH_SAMPLE_RATE, SpeechFormat
from audio_gateway.audio.resample import resample, whole_samples

_BRIDGE: Final = SPEECH_SAMPLE_RATE // 100  # samples, 10 ms: a step between two parts is spread over them
_BRIDGE_BYTES: Final = _BRIDGE * 2
_MOST, _LEAST = 32_767, -32_768


@dataclass(frozen=True, slots=True)
class SpokenPart:
    """One part: a complete file in `format`, or s16le mono at `sample_rate` Hz if that is `pcm`."""

    chunks: Iterable[bytes]
    format: SpeechFormat = "pcm"
    sample_rate: int = SPEECH_SAMPLE_RATE

    def pcm(self) -> Iterator[bytes]:
        """Its samples at 24 kHz; raises `InvalidAudio` if the file cannot be decoded."""
        if self.format == "pcm":
            return resample(self.chunks, from_rate=self.sample_rate, to_rate=SPEECH_SAMPLE_RATE)
        from audio_gateway.audio.transcode import transcode

        return transcode(self.chunks, declared=self.format, sample_rate=self.sample_rate, wanted="pcm")


def join(
    parts: Iterable[SpokenPart],
    *,
    format: SpeechFormat,  # noqa: A002 - OpenAI's word
    samples: int | None = None,
) -> Iterator[bytes]:
    """The concatenated parts as one file in `format` at 24 kHz mono, yielded while they are read.

    It is exactly as long as the parts together, except for the padding of mp3 and aac (see `encode`). Nothing is put
    between the parts; a step from the last sample of one to the first of the next, which would click, is spread over
    10 ms on either side. `samples`, the total number if it is known, is declared in the headers of wav and flac. Parts
    in pcm or flac have no gap; parts in mp3 and aac contain padding of some hundredths of a second.

    Raises:
        InvalidAudio: a part is not in its declared format; raised when that part is read.
        ValueError: after the last piece, if the parts do not have `samples` samples.
    """
    pcm = seamless(part.pcm() for part in parts)
    if samples is not None:
        pcm = _counted(pcm, samples)
    return encode(pcm, sample_rate=SPEECH_SAMPLE_RATE, format=format, samples=samples)


def _counted(pcm: Iterable[bytes], samples: int) -> Iterator[bytes]:
    count = 0
    with closed(pcm) as pieces:
        for piece in pieces:
            count += len(piece) // 2
            yield piece
    if count != samples:
        raise ValueError(f"the parts have {count} samples, not {samples}")


def seamless(parts: Iterable[Iterable[bytes]]) -> Iterator[bytes]:
    """The concatenated samples (s16le mono, 24 kHz) of the parts, with each step between two parts spread.

    The last 10 ms of each part are held until the next part has begun.
    """
    held = b""
    for part in parts:
        waiting, started = b"", False
        with closed(whole_samples(part)) as pieces:
            for piece in pieces:
                waiting += piece
                if not started and len(waiting) >= _BRIDGE_BYTES:
                    held, waiting = _bridged(held, waiting)
                    yield held
                    started = True
                if started and len(waiting) > _BRIDGE_BYTES:
                    yield waiting[:-_BRIDGE_BYTES]
                    waiting = waiting[-_BRIDGE_BYTES:]
        if not started:
            held, waiting = _bridged(held, waiting)
            yield held
        held = waiting
    yield held


def _bridged(left: bytes, right: bytes) -> tuple[bytes, bytes]:
    """The samples on both sides of a seam, without a step between them that is larger than those around it."""
    before, behind = array("h", left[-_BRIDGE_BYTES:]), array("h", right[:_BRIDGE_BYTES])
    if not before or not behind:
        return left, right
    step = behind[0] - before[-1]
    if abs(step) <= max(_greatest_step(before), _greatest_step(behind)):
        return left, right
    for index in range(len(before)):
        before[index] = _sample(before[index] + step * (index + 1) / (2 * len(before)))
    for index in range(len(behind)):
        behind[index] = _sample(behind[index] - step * (len(behind) - index) / (2 * len(behind)))
    return left[:-_BRIDGE_BYTES] + before.tobytes(), behind.tobytes() + right[_BRIDGE_BYTES:]


def _greatest_step(samples: array[int]) -> int:
    return max((abs(other - sample) for sample, other in pairwise(samples)), default=0)


def _sample(value: float) -> int:
    return min(_MOST, max(_LEAST, round(value)))
