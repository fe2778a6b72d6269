"""Transcription by Moonshine, of human speech."""

from __future__ import annotations

import array
import math
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache

import pytest

from audio_gateway.audio.measure import measure
from audio_gateway.audio.speech_pieces import SpeechPiece
from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderRejected, ProviderTimedOut
from audio_gateway.providers.embedded.moonshine import transcription as module
from audio_gateway.providers.embedded.moonshine.ears import Ears
from audio_gateway.providers.embedded.moonshine.model import Recognised, Token
from audio_gateway.providers.embedded.moonshine.transcription import MoonshineTranscription
from audio_gateway.providers.port import (
    TextDelta,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionAdapter,
    TranscriptionCall,
)
from audio_gateway.transcripts.transcript import Transcript
from tests.fakes.providers import with_options
from tests.sound import CLIPS, ENCODINGS, clip, encode, phrase, said, timed_words, tone, wav, word_errors

COMPRESSED = ["mp3 22.05 kHz", "ogg opus 16 kHz", "wav 8 kHz mu-law"]


def listen(data: bytes, **options: object) -> list[TranscriptEvent]:
    request = with_options(TranscriptionCall("moonshine-tiny", measure(data), Deadline.after(110)), **options)
    return list(MoonshineTranscription().transcribe(request))


def transcript(data: bytes, **options: object) -> Transcript:
    done = listen(data, **options)[-1]
    assert isinstance(done, TranscriptDone)
    return done.transcript


@cache
def heard_in(name: str, encoding: str | None = None) -> Transcript:
    """What is understood of a clip, for all tests."""
    data = encode(clip(name), ENCODINGS[encoding]) if encoding else clip(name)
    return transcript(data, want_words=True, want_segments=True)


@pytest.fixture(scope="module")
def austen() -> Transcript:
    return heard_in("austen-0870")


def test_it_is_a_transcription_provider() -> None:
    assert isinstance(MoonshineTranscription(), TranscriptionAdapter)


def test_human_speech_is_understood_and_written_as_sentences(austen: Transcript) -> None:
    assert word_errors(said("austen-0870"), austen.text.replace("Mr.", "mister")) <= 0.05
    assert austen.text.startswith("And Mr. John Dashwood had")
    assert austen.text.endswith(".")
    assert austen.language == "en"


@pytest.mark.slow
@pytest.mark.parametrize("encoding", COMPRESSED)
def test_compressed_audio_is_understood_as_well(encoding: str) -> None:
    for name in CLIPS[1:]:
        compressed = heard_in(name, encoding).text.replace("-", " ")
        assert word_errors(said(name), compressed) <= word_errors(said(name), heard_in(name).text) + 0.15


def test_words_are_without_punctuation(austen: Transcript) -> None:
    assert austen.words
    assert all(word.text.isalpha() for word in austen.words)
    assert [word.text for word in austen.words] == [written.strip(".,") for written in austen.text.split()]


@pytest.mark.parametrize("name", CLIPS)
def test_times_are_where_the_words_are(name: str) -> None:
    truth = timed_words(name)
    for word in heard_in(name).words or ():
        assert min(abs(word.start_ms - 1000 * start) for start, _, _ in truth) <= 100
        assert min(abs(word.end_ms - 1000 * end) for _, end, _ in truth) <= 100


def test_times_grow_and_stay_within_the_audio(austen: Transcript) -> None:
    times = [time for word in austen.words or () for time in (word.start_ms, word.end_ms)]
    assert times == sorted(times)
    assert times[-1] <= austen.duration_ms


def test_segments_hold_all_text_and_can_be_read_as_subtitles(austen: Transcript) -> None:
    assert austen.segments
    assert " ".join(segment.text for segment in austen.segments) == austen.text
    for segment in austen.segments:
        assert len(segment.text) <= 84
        assert segment.end_ms - segment.start_ms <= 7_000


def test_the_figures_of_segments_are_the_models_own(austen: Transcript) -> None:
    for segment in austen.segments or ():
        assert segment.tokens
        assert -0.5 < segment.avg_logprob < 0
        assert 0.5 < segment.compression_ratio < 2
        assert 0 <= segment.no_speech_prob < 0.2


def test_times_are_only_looked_for_if_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ears, "times", None)
    heard = transcript(phrase())
    assert heard.text
    assert (heard.words, heard.segments, heard.logprobs) == (None, None, None)


@pytest.fixture(scope="module")
def streamed() -> list[TranscriptEvent]:
    """All clips, with a pause of a second between them, as a stream."""
    audio = wav(bytes(2 * 16_000).join(clip(name)[44:] for name in CLIPS))
    return listen(audio, stream=True, want_words=True, want_segments=True, logprobs=True)


@pytest.mark.slow
def test_long_audio_is_cut_at_pauses_and_its_times_go_on(streamed: list[TranscriptEvent]) -> None:
    assert isinstance(streamed[-1], TranscriptDone)
    heard = streamed[-1].transcript
    assert heard.segments is not None
    second_clip_ms = (len(clip(CLIPS[0])) - 44) // 32 + 1_000
    assert any(abs(segment.start_ms - second_clip_ms) < 500 for segment in heard.segments)
    assert word_errors(" ".join(said(name) for name in CLIPS), heard.text.replace("-", " ")) <= 0.1


@pytest.mark.slow
def test_a_stream_gives_the_text_bit_by_bit(streamed: list[TranscriptEvent]) -> None:
    *deltas, done = streamed
    assert isinstance(done, TranscriptDone)
    assert len(deltas) == len(CLIPS)
    assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == done.transcript.text


@pytest.mark.slow
def test_the_tokens_with_their_log_probabilities_are_the_text(streamed: list[TranscriptEvent]) -> None:
    *deltas, done = streamed
    assert isinstance(done, TranscriptDone)
    tokens = done.transcript.logprobs or ()
    assert "".join(token.token for token in tokens) == done.transcript.text
    assert b"".join(bytes(token.utf8) for token in tokens).decode() == done.transcript.text
    assert all(token.logprob <= 0 for token in tokens)
    assert tokens == tuple(token for delta in deltas if isinstance(delta, TextDelta) for token in delta.logprobs or ())


@pytest.mark.slow
def test_the_same_audio_gives_the_same_whatever_was_heard_before() -> None:
    first = transcript(phrase(), want_words=True)
    transcript(encode(phrase(), ENCODINGS["mp3 8 kHz"]), want_words=True)
    assert transcript(phrase(), want_words=True) == first


@pytest.mark.slow
def test_callers_at_the_same_time_hear_their_own_audio() -> None:
    recordings = [phrase(), clip(CLIPS[1]), wav(phrase()[44:] + bytes(64_000))]
    alone = [transcript(data, want_words=True) for data in recordings]
    with ThreadPoolExecutor(len(recordings)) as threads:
        assert list(threads.map(lambda data: transcript(data, want_words=True), recordings)) == alone


def noise(seconds: float, loudness: float) -> bytes:
    dice = random.Random(7)
    return array.array("h", (int(dice.gauss(0, loudness)) for _ in range(int(seconds * 16_000)))).tobytes()


def music(seconds: float) -> bytes:
    """Chords with overtones, four a second, each struck and fading."""
    samples = array.array("h")
    for beat in range(int(seconds * 4)):
        pitches = [220 * 2 ** (step / 12) for step in ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 3, 7))[beat // 2 % 4]]
        for index in range(4_000):
            fade = math.exp(-index / 1_500) * 2_000
            phase = 2 * math.pi * index / 16_000
            samples.append(int(fade * sum(math.sin(p * k * phase) / k for p in pitches for k in (1, 2, 3))))
    return samples.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    "pcm",
    [bytes(64_000), noise(4, 8), noise(4, 3_000), tone(4, hertz=100), music(4), bytes(4_000)],
    ids=["silence", "faint noise", "loud noise", "hum", "music", "a moment"],
)
def test_audio_without_speech_has_an_empty_transcript(pcm: bytes) -> None:
    heard = transcript(wav(pcm), want_words=True, want_segments=True)
    assert (heard.text, heard.words, heard.segments) == ("", (), ())


@pytest.mark.slow
def test_faint_and_clipped_speech_is_speech() -> None:
    samples = array.array("h", clip("austen-0880")[44:])
    for gain in (0.01, 30.0):
        pcm = array.array("h", (max(-32_768, min(32_767, int(gain * value))) for value in samples)).tobytes()
        assert word_errors(said("austen-0880"), transcript(wav(pcm)).text.replace("-", " ")) <= 0.5


def test_a_moment_of_speech_has_a_transcript() -> None:
    """The shortest that is accepted: a part of a vowel."""
    pcm = phrase()[16_044:][:3_200]
    assert transcript(wav(pcm), want_words=True, want_segments=True).duration_ms == 100


def test_other_languages_are_refused_by_name() -> None:
    with pytest.raises(ProviderRejected, match="'de'") as caught:
        listen(clip("austen-0880"), language="de")
    assert caught.value.param == "language"


def test_a_deadline_that_has_passed_is_a_timeout() -> None:
    request = TranscriptionCall("moonshine-tiny", measure(clip("austen-0870")), Deadline.after(0))
    with pytest.raises(ProviderTimedOut):
        list(MoonshineTranscription().transcribe(request))


class Machine:
    """A model and its clock: a second of audio takes `pace` seconds."""

    def __init__(
        self, said: str = "Hello there.", *, logprob: float = -0.1, complete: bool = True, aligns: bool = True
    ) -> None:
        self.complete = complete
        self.now = 0.0
        self.pace = 0.0
        self.heard = 0
        self.said, self.logprob, self.aligns = said, logprob, aligns

    def recognise(self, pcm: bytes) -> Recognised:
        self.now += len(pcm) / 32_000 * self.pace
        self.heard += 1
        tokens = tuple(Token(index, f" {word}".encode(), self.logprob) for index, word in enumerate(self.said.split()))
        return Recognised(tokens, self.logprob, self.complete)

    def times(self, _pcm: bytes, words: Sequence[str]) -> list[tuple[int, int]] | None:
        return [(100 * index, 100 * index + 50) for index, _ in enumerate(words)] if self.aligns else None

    def ears(self) -> Ears:
        return Ears(self, lambda: self)


def of_seconds(seconds: float) -> SpeechPiece:
    return SpeechPiece(0, b"\x00\x10" * int(16_000 * seconds), (), goes_on=False)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr("audio_gateway.providers.embedded.moonshine.ears.time.monotonic", lambda: made.now)
    return made


def test_what_would_not_be_done_by_the_deadline_is_not_begun(machine: Machine) -> None:
    ears = machine.ears()
    machine.pace = 5.0
    assert ears.tokens(of_seconds(10), Deadline.after(60))
    with pytest.raises(ProviderTimedOut):
        ears.tokens(of_seconds(10), Deadline.after(25))
    assert machine.heard == 1


def test_one_short_word_on_a_busy_machine_refuses_nothing_that_comes_after_it(machine: Machine) -> None:
    ears = machine.ears()
    machine.pace = 4.0
    ears.tokens(of_seconds(0.5), Deadline.after(25))
    ears.tokens(of_seconds(8), Deadline.after(25))
    assert machine.heard == 2


def test_a_process_that_was_slow_once_soon_tries_again(machine: Machine) -> None:
    ears = machine.ears()
    machine.pace = 10.0
    ears.tokens(of_seconds(10), Deadline.after(200))
    machine.pace = 0.25
    for _ in range(5):
        with suppress(ProviderTimedOut):
            ears.tokens(of_seconds(10), Deadline.after(25))
    assert machine.heard >= 3


LOOP = "I am sure that I am sure that " * 6


@pytest.mark.parametrize(
    ("said", "logprob", "complete", "tokens"),
    [
        ("Hello there.", -0.9, True, 2),
        ("You", -1.1, True, 0),
        ("\N{EIGHTH NOTE}\N{EIGHTH NOTE} \N{EIGHTH NOTE}", -0.01, True, 0),
        ("", 0.0, True, 0),
        ("9", -0.1, True, 1),
        (LOOP, -0.5, True, 0),
        ("People who speak too fast say", -0.5, False, 0),
        ("No no no no no no no no no no no no no no no no", -0.1, True, 16),
        ("People who speak fast say", -0.1, False, 5),
    ],
    ids=["speech", "a guess", "a tune", "nothing", "a number", "a loop", "no end", "repetition", "fast"],
)
def test_guesses_loops_and_tunes_are_no_speech(said: str, logprob: float, tokens: int, *, complete: bool) -> None:
    ears = Machine(said, logprob=logprob, complete=complete).ears()
    assert len(ears.tokens(of_seconds(2), Deadline.after(60))) == tokens


@pytest.mark.parametrize("aligns", [True, False])
def test_every_word_has_times_even_if_it_cannot_be_aligned(monkeypatch: pytest.MonkeyPatch, *, aligns: bool) -> None:
    ears = Machine("Well - he paid $5, and that's all.", aligns=aligns).ears()
    monkeypatch.setattr(module, "ears", lambda: ears)
    heard = transcript(phrase(), want_words=True, want_segments=True)
    assert [word.text for word in heard.words or ()] == ["Well", "he", "paid", "$5", "and", "that's", "all"]
    times = [time for word in heard.words or () for time in (word.start_ms, word.end_ms)]
    assert times == sorted(times)
    assert 0 < times[-1] <= heard.duration_ms
    assert " ".join(segment.text for segment in heard.segments or ()) == heard.text


@pytest.mark.slow
def test_hours_of_silence_are_not_read_beyond_the_deadline() -> None:
    request = TranscriptionCall("moonshine-tiny", measure(wav(bytes(32_000 * 600))), Deadline.after(0.05))
    with pytest.raises(ProviderTimedOut):
        list(MoonshineTranscription().transcribe(request))
