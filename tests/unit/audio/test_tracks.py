"""Of several audio tracks the one is heard that `ffmpeg -i file` takes."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import av
import pytest

from audio_gateway.audio.decode import decode_pcm
from audio_gateway.audio.measure import measure
from audio_gateway.audio.recording import Recording
from audio_gateway.audio.rewrite import as_plain_file
from audio_gateway.errors import AudioTooLong, InvalidAudio
from tests.unit.audio.files import NEEDS_FFMPEG, TRACKS_IN, Track, heard_by_ffmpeg, mp4_with_video, with_tracks

SECONDS = (0.3, 0.6, 0.9)  # of the first, second and third track: the length says which one was heard
TWO = [
    (Track(0.3, first, marked in (1, 3)), Track(0.6, second, marked in (2, 3)))
    for first, second in (("mono", "mono"), ("mono", "stereo"), ("stereo", "mono"))
    for marked in range(4)
]
THREE = [
    tuple(Track(seconds, layout, n in marked) for n, (seconds, layout) in enumerate(zip(SECONDS, layouts, strict=True)))
    for layouts, marked in [
        (("mono", "stereo", "stereo"), ()),
        (("stereo", "mono", "mono"), (2,)),
        (("mono", "mono", "stereo"), (1, 2)),
        (("mono", "stereo", "5.1"), ()),
    ]
]


@pytest.mark.slow
@NEEDS_FFMPEG
@pytest.mark.parametrize("kind", ["mp4", "webm", "ogg"])
def test_the_track_is_the_one_that_ffmpeg_takes(kind: str) -> None:
    marks = kind != "ogg"
    cases = [tracks for tracks in TWO + THREE if marks or not any(track.default for track in tracks)]
    files = [with_tracks(kind, *tracks) for tracks in cases]
    with ThreadPoolExecutor(2) as pool:
        heard = list(pool.map(lambda data: heard_by_ffmpeg(data, kind), files))
    measured = [measure(data).duration_ms / 1_000 for data in files]
    wrong = [case for case in zip(cases, measured, heard, strict=True) if abs(case[1] - case[2]) > 0.01]
    assert wrong == []


@pytest.mark.parametrize(
    ("kind", "tracks", "seconds"),
    [
        ("webm", (Track(0.3), Track(0.6)), 0.3),
        ("webm", (Track(0.3), Track(0.6, "stereo")), 0.6),
        ("webm", (Track(0.3, default=True), Track(0.6, "stereo")), 0.3),
        ("mkv", (Track(0.3), Track(0.6, default=True)), 0.6),
        ("mp4", (Track(0.3, "stereo"), Track(0.6, default=True)), 0.6),
        ("ogg", (Track(0.3), Track(0.6, "stereo")), 0.6),
    ],
)
def test_marked_before_channels_before_order(kind: str, tracks: tuple[Track, ...], seconds: float) -> None:
    data = with_tracks(kind, *tracks)
    assert measure(data).duration_ms == pytest.approx(seconds * 1_000, abs=70)
    assert sum(map(len, decode_pcm(data, 16_000))) / 32_000 == pytest.approx(seconds, abs=0.07)
    recording = Recording(data)
    assert sum(map(len, recording.pcm(16_000))) / 32_000 == pytest.approx(seconds, abs=0.07)
    assert recording.duration_ms == measure(data).duration_ms


def test_video_does_not_count() -> None:
    data = mp4_with_video(1.0)
    assert measure(data).duration_ms == pytest.approx(1_000, abs=100)


def test_a_track_that_cannot_be_decoded_does_not_count() -> None:
    data = with_tracks("webm", Track(0.3), Track(0.6, default=True))
    second = data.index(b"A_OPUS", data.index(b"A_OPUS") + 1)
    assert measure(data[:second] + b"X_" + data[second + 2 :]).duration_ms == 300


def test_a_track_without_sound_is_not_taken() -> None:
    """An index that promises a second track whose samples are not there."""
    data = with_tracks("ogg", Track(0.3), Track(0.6, "stereo"))
    pages = data.split(b"OggS")[1:]
    serial = next(page[10:14] for page in pages if b"OpusHead\x01\x02" in page)
    kept = [page for page in pages if page[10:14] != serial or b"Opus" in page[:60]]
    assert measure(b"".join(b"OggS" + page for page in kept)).duration_ms == 300


def test_more_tracks_than_can_be_compared_are_refused() -> None:
    with pytest.raises(InvalidAudio, match="17 audio tracks"):
        measure(with_tracks("webm", *[Track(0.1)] * 17))


def test_comparing_tracks_stops_when_the_time_is_up() -> None:
    with pytest.raises(AudioTooLong):
        measure(with_tracks("webm", Track(0.3), Track(0.6)), out_of_time=lambda: True)


@pytest.mark.parametrize("kind", TRACKS_IN)
def test_one_track_alone_is_left_in_what_is_sent(kind: str) -> None:
    audio = measure(with_tracks(kind, Track(0.3), Track(0.6, "stereo", default=True), Track(0.9)))
    sent = as_plain_file(audio, most_bytes=1_000_000)
    with av.open(io.BytesIO(sent.data)) as file:
        assert len(file.streams) == 1
    assert measure(sent.data) == sent
    assert sent.plain
    assert sent.duration_ms == audio.duration_ms
    assert len(sent.data) < len(audio.data) * 2 / 3
