"""Chooses one of several audio tracks: the one that `ffmpeg -i file` takes, as most speech recognition servers do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from audio_gateway.audio.bounds import Bounds
from audio_gateway.audio.frames import TrackInfo, probe
from audio_gateway.audio.sniff import Container, no_audio
from audio_gateway.errors import AudioTooLong, InvalidAudio

if TYPE_CHECKING:
    from audio_gateway.audio.parts import MediaPart


def chosen(tracks: Sequence[MediaPart], container: Container, bounds: Bounds) -> MediaPart:
    """The track that is measured, charged and sent: the only one, or the best of those that can be decoded.

    The program `ffmpeg` prefers a track with packets, then one that is marked as the default, then the one with most
    channels, then the first. Each track is opened alone, to use no more memory than one track.

    Raises:
        InvalidAudio: there is no track, or none of several can be decoded.
        AudioTooLong: the time is up.
    """
    if not tracks:
        raise no_audio()
    if len(tracks) == 1:
        return tracks[0]
    best: tuple[TrackInfo, MediaPart] | None = None
    refusal = no_audio()
    for track in tracks:
        try:
            info = probe(track, container, bounds)
        except InvalidAudio as error:
            if isinstance(error, AudioTooLong) or isinstance(error.__cause__, MemoryError):
                raise  # the next one would cost as much
            refusal = error
            continue
        if best is None or _rank(info) > _rank(best[0]):
            best = info, track
    if best is None:
        raise refusal
    return best[1]


def _rank(info: TrackInfo) -> tuple[bool, bool, int]:
    return info.sounds, info.default, info.channels
