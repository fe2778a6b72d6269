"""Rewrites audio as a file that contains exactly what was measured, to send to a provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from audio_gateway.audio.bounds import Bounds, no_deadline, read_too_slowly
from audio_gateway.audio.source import AudioSource
from audio_gateway.errors import AudioTooLong, InvalidAudio

_MOST_HERTZ: Final = 48_000  # of re-encoded audio


def as_plain_file(audio: AudioSource, *, most_bytes: int, out_of_time: Callable[[], bool] = no_deadline) -> AudioSource:
    """The audio in a plain file, which contains the measured audio and nothing else: unchanged if it is one already.

    Otherwise the measured track is copied without re-encoding, and the new file is measured. If that is not plain, or
    its length differs by a millisecond, the audio is decoded and encoded as FLAC: 16 bits, mono.

    Raises:
        RequestTooLarge: the new file would have more than `most_bytes`.
        AudioTooLong: the time is up.
    """
    if audio.plain:
        return audio
    return _copy(audio, most_bytes, out_of_time) or _encoded(audio, most_bytes, out_of_time)


def _copy(audio: AudioSource, most_bytes: int, out_of_time: Callable[[], bool]) -> AudioSource | None:
    from audio_gateway.audio.measure import measure
    from audio_gateway.audio.parts import parts
    from audio_gateway.audio.remux import copied

    bounds = Bounds(audio.container, out_of_time)
    found = parts(audio.data, audio.container, bounds)
    data = copied(found[0], audio.container, bounds) if len(found) == 1 else None
    if not data or data == audio.data or len(data) > most_bytes:
        return None
    try:
        again = measure(data, out_of_time=out_of_time)
    except AudioTooLong:
        raise
    except InvalidAudio:
        return None
    same = again.plain and again.duration_ms == audio.duration_ms
    return replace(again, timeline=audio.timeline) if same else None


def _encoded(audio: AudioSource, most_bytes: int, out_of_time: Callable[[], bool]) -> AudioSource:
    from audio_gateway.audio.encode import flac_file

    rate = min(audio.sample_rate, _MOST_HERTZ)
    pcm = _in_time(audio, rate, out_of_time)
    data = flac_file(pcm, rate, most_bytes=most_bytes)
    return AudioSource(data, "flac", audio.duration_ms, rate, channels=1, timeline=audio.timeline)


def _in_time(audio: AudioSource, rate: int, out_of_time: Callable[[], bool]) -> Iterator[bytes]:
    """The samples of the measured length: resampling can produce one more."""
    left = audio.duration_ms * rate // 1000 * 2
    for piece in audio.pcm(rate):
        if out_of_time():
            raise read_too_slowly(audio.duration_ms / 1000 - left / 2 / rate)
        yield piece[:left]
        left = max(0, left - len(piece))
