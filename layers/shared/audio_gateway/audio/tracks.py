"""Which of several audio tracks is heard: the one that `ffmpeg -i file` takes, as servers that listen run it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from audio_gateway.audio.bounds import Bounds
from audio_gateway.audio.frames import Look, look
from audio_gateway.audio.sniff import Container, no_audio
from audio_gateway.errors import AudioTooLong, InvalidAudio

if TYPE_CHECKING:
    from audio_gateway.audio.parts import MediaPart


def chosen(tracks: Sequence[MediaPart], container: Container, bounds: Bounds) -> MediaPart:
    """The track that is heard, measured, paid and sent: the only one, or the best of those that can be decoded.

    FFmpeg's program takes a track with packets before one without, then one that is marked as the default, then the one
    with most channels, then the first. Each is opened alone, so that no more memory is taken than by one.

    Raises:
        InvalidAudio: there is none, or none of several can be decoded.
        AudioTooLong: the time is up.
    """
    if not tracks:
        raise no_audio()
    if len(tracks) == 1:
        return tracks[0]
    best: tuple[Look, MediaPart] | None = None
    refusal = no_audio()
    for track in tracks:
        try:
            seen = look(track, container, bounds)
        except InvalidAudio as error:
            if isinstance(error, AudioTooLong) or isinstance(error.__cause__, MemoryError):
                raise  # the next one would cost as much
            refusal = error
            continue
        if best is None or _worth(seen) > _worth(best[0]):
            best = seen, track
    if best is None:
        raise refusal
    return best[1]


def _worth(seen: Look) -> tuple[bool, bool, int]:
    return seen.sounds, seen.default, seen.channels
