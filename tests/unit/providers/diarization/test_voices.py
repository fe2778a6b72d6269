"""Which words are whose, with an encoder that knows voices by their pitch."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from audio_gateway.audio.silero import WINDOW_MS
from audio_gateway.audio.speech_pieces import SpeechPiece
from audio_gateway.errors import ProviderRejected
from audio_gateway.providers.embedded.diarization.encoder import SPAN
from audio_gateway.providers.embedded.diarization.mel import BANDS
from audio_gateway.providers.embedded.diarization.speakers import Speakers
from audio_gateway.providers.embedded.diarization.voices import Voices
from audio_gateway.providers.port import KnownSpeaker
from audio_gateway.transcripts.transcript import Word
from tests.sound import clip, tone, tone_wav, voice_url, wav

ANN, BEN = 300, 2_400  # hertz


class PitchEncoder:
    """Points to where the energy is."""

    def embeddings(self, spans: Any) -> Any:
        assert spans.shape[1:] == (SPAN, BANDS)
        total = spans.sum(axis=1)
        return total / np.linalg.norm(total, axis=1, keepdims=True)


def spoken(start_ms: int, *voices: tuple[int | None, int]) -> SpeechPiece:
    """A piece in which voices, or None for silence, last for so many windows each."""
    pcm = b"".join(tone(n * WINDOW_MS / 1000, hertz=h) if h else bytes(n * WINDOW_MS * 32) for h, n in voices)
    likely = tuple(itertools.chain.from_iterable([0.9 if h else 0.1] * n for h, n in voices))
    return SpeechPiece(start_ms, pcm, likely, goes_on=False)


def speakers_of(pieces: list[SpeechPiece], *words: tuple[int, int]) -> list[str | None]:
    speakers = Speakers([], PitchEncoder())
    for piece in pieces:
        speakers.add(piece)
    return [word.speaker for word in speakers.named([Word("word", start, end) for start, end in words])]


def test_each_word_has_the_speaker_of_its_time() -> None:
    pieces = [
        spoken(0, (ANN, 150), (None, 10), (BEN, 150)),
        spoken(12_000, (None, 6), (ANN, 150)),
    ]
    ann, late_ann, ben, again = speakers_of(pieces, (100, 400), (4_300, 4_700), (5_200, 5_500), (13_000, 13_400))
    assert ann == late_ann == again
    assert ben not in {None, ann}


def test_a_change_without_a_pause_is_found_within_half_a_second() -> None:
    pieces = [spoken(0, (ANN, 150), (BEN, 150))]
    ann, before, after, ben = speakers_of(pieces, (0, 200), (4_000, 4_300), (5_300, 5_600), (9_000, 9_500))
    assert (before, after) == (ann, ben)
    assert ann != ben


def test_one_voice_is_one_speaker_whatever_its_pauses() -> None:
    pieces = [spoken(at, (ANN, 30), (None, 12), (ANN, 70)) for at in (0, 5_000, 20_000)]
    assert len(set(speakers_of(pieces, (0, 300), (2_000, 2_400), (6_000, 6_100), (22_000, 22_500)))) == 1


def test_words_outside_of_the_speech_have_the_speaker_beside_them() -> None:
    pieces = [spoken(1_000, (ANN, 150)), spoken(8_000, (BEN, 150))]
    first, ann, ben, last = speakers_of(pieces, (0, 0), (2_000, 2_100), (9_000, 9_000), (99_000, 99_100))
    assert (first, last) == (ann, ben)
    assert ann != ben


def test_without_clear_speech_there_is_one_speaker() -> None:
    assert speakers_of([spoken(0, (None, 40))], (0, 100), (200, 300)) == ["speaker 1", "speaker 1"]
    assert speakers_of([]) == []


def test_a_loud_and_a_faint_voice_are_equally_described() -> None:
    loud, faint = Voices(PitchEncoder()), Voices(PitchEncoder())
    piece = spoken(0, (ANN, 100))
    quieter = np.frombuffer(piece.pcm, "<i2") // 64
    loud.add(piece)
    faint.add(SpeechPiece(0, quieter.astype("<i2").tobytes(), piece.probabilities, goes_on=False))
    assert loud.mean() @ faint.mean() > 0.99


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        (voice_url(tone_wav(3)), "less than a second of speech"),
        (voice_url(b"RIFF"), "cannot be decoded"),
        ("data:audio/wav;base64,AA", "cannot be decoded"),
        (voice_url(wav(b"")), "cannot be decoded|less than a second"),
    ],
    ids=["no speech", "no audio", "not base64", "nothing"],
)
def test_a_reference_without_a_voice_is_refused(reference: str, problem: str) -> None:
    with pytest.raises(ProviderRejected, match=f"Voice 1 of .*({problem})") as refused:
        Speakers([KnownSpeaker("Ann", reference)], PitchEncoder())
    assert refused.value.param == "known_speaker_references"


def test_the_names_of_others_are_not_those_of_known_speakers() -> None:
    speakers = Speakers([KnownSpeaker("speaker 1", voice_url(clip("austen-0880")))], PitchEncoder())
    speakers.add(spoken(0, (BEN, 150)))
    assert [word.speaker for word in speakers.named([Word("word", 0, 100)])] == ["speaker 2"]
