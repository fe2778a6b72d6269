"""What the fake upstream says and hears: real audio files, and transcripts that tell what arrived."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import av

from audio_gateway.audio.decode import decode_pcm
from audio_gateway.errors import InvalidAudio
from tests import tones
from tests.sound import Encoding, encode, look, tone, wav

CONTENT_TYPES = {
    "mp3": "audio/mpeg", "opus": "audio/opus", "aac": "audio/aac", "flac": "audio/flac", "wav": "audio/wav",
    "pcm": "audio/pcm",
}  # fmt: skip

_ENCODINGS = {
    "mp3": Encoding("mp3", "libmp3lame", 24_000),
    "opus": Encoding("ogg", "libopus", 24_000),
    "aac": Encoding("adts", "aac", 24_000),
    "flac": Encoding("flac", "flac", 24_000),
}


@functools.lru_cache(maxsize=64)
def speech(*, text: str, format: str, speed: float, rate: int, channels: int, silent: bool) -> bytes:  # noqa: A002 - the API's name
    """A file of 60 ms a character."""
    seconds = max(0.2, 0.06 * len(text)) / speed
    mono = bytes(2 * int(seconds * rate)) if silent else tone(seconds, rate)
    pairs = (mono[at : at + 2] * channels for at in range(0, len(mono), 2))
    pcm = mono if channels == 1 else b"".join(pairs)
    if format == "pcm":
        return pcm
    file = wav(pcm, rate, channels)
    return file if format == "wav" else encode(file, _ENCODINGS[format])


def heard(data: bytes, filename: str, fields: dict[str, str]) -> Heard | None:
    """What is in the audio; None if it cannot be decoded."""
    try:
        sound = look(data)
    except av.FFmpegError:
        return None
    if sound.peak < 0.001:
        return Heard(sound.seconds, ())
    reported = [f"{name}={fields[name]}" for name in ("language", "prompt", "temperature") if name in fields]
    container = sound.container.split(",")[0]
    text = f"I heard {sound.seconds:.1f} seconds of {container} in {filename} {' '.join(reported)}"
    return Heard(sound.seconds, tuple(text.split()))


def heard_tones(data: bytes) -> Heard | None:
    """The words that `tests.tones` has put into the audio, at their times; None if it cannot be decoded."""
    try:
        pcm = b"".join(decode_pcm(data, tones.RATE))
    except InvalidAudio:
        return None
    spoken = tones.heard(pcm)
    times = tuple((word.start_ms / 1000, word.end_ms / 1000) for word in spoken)
    return Toned(len(pcm) / 2 / tones.RATE, tuple(word.text for word in spoken), times)


@dataclass(frozen=True)
class Heard:
    """Words, evenly spread over the audio; segments have four each, speakers take turns with them."""

    seconds: float
    said: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.said)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The text in pieces: joined they are the text."""
        return tuple(word if i == 0 else f" {word}" for i, word in enumerate(self.said))

    def words(self) -> list[dict[str, Any]]:
        step = self.seconds / max(1, len(self.said))
        return [{"word": word, "start": i * step, "end": (i + 1) * step} for i, word in enumerate(self.said)]

    def segments(self) -> list[dict[str, Any]]:
        figures = {"temperature": 0.0, "avg_logprob": -0.25, "compression_ratio": 1.1, "no_speech_prob": 0.01}
        return [
            {
                "id": i,
                "seek": 0,
                "start": words[0]["start"],
                "end": words[-1]["end"],
                "text": _line(words),
                "tokens": [50364, i],
            }
            | figures
            for i, words in enumerate(self._fours())
        ]

    def _fours(self) -> list[list[dict[str, Any]]]:
        words = self.words()
        return [words[at : at + 4] for at in range(0, len(words), 4)]

    def turns(self) -> list[dict[str, Any]]:
        return [
            {"type": "transcript.text.segment", "id": f"seg_{segment['id']}", "speaker": "AB"[segment["id"] % 2]}
            | {name: segment[name] for name in ("start", "end", "text")}
            for segment in self.segments()
        ]

    def logprobs(self) -> list[dict[str, Any]]:
        return [{"token": token, "logprob": -0.5, "bytes": list(token.encode())} for token in self.tokens]


@dataclass(frozen=True)
class Toned(Heard):
    """Words at the times at which they were said, in seconds."""

    times: tuple[tuple[float, float], ...] = ()

    def words(self) -> list[dict[str, Any]]:
        return [
            {"word": word, "start": start, "end": end} for word, (start, end) in zip(self.said, self.times, strict=True)
        ]


def _line(words: list[dict[str, Any]]) -> str:
    return " " + " ".join(word["word"] for word in words)
