"""Transcription by PocketSphinx, of human speech."""

from __future__ import annotations

import array
import random
from contextlib import suppress
from functools import cache

import pytest

from audio_gateway.audio.measure import measure
from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderRejected, ProviderTimedOut
from audio_gateway.providers.embedded.sphinx import PocketsphinxTranscription
from audio_gateway.providers.embedded.sphinx_decoder import HeardWord, SphinxDecoder
from audio_gateway.providers.embedded.utterances import Utterance
from audio_gateway.providers.port import (
    TextDelta,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionAdapter,
    TranscriptionCall,
)
from audio_gateway.transcripts.transcript import Transcript
from tests.fakes.providers import with_options
from tests.sound import CLIPS, ENCODINGS, PHRASE, clip, encode, phrase, said, timed_words, wav, word_errors

COMPRESSED = ["mp3 22.05 kHz", "ogg opus 16 kHz"]


def listen(data: bytes, **options: object) -> list[TranscriptEvent]:
    request = with_options(TranscriptionCall("pocketsphinx", measure(data), Deadline.after(110)), **options)
    return list(PocketsphinxTranscription().transcribe(request))


def transcript(data: bytes) -> Transcript:
    (done,) = listen(data)
    assert isinstance(done, TranscriptDone)
    return done.transcript


@cache
def heard_in(name: str, encoding: str | None = None) -> Transcript:
    """What is understood of a clip, for all tests: to listen to it takes some seconds."""
    return transcript(encode(clip(name), ENCODINGS[encoding]) if encoding else clip(name))


@pytest.fixture(scope="module")
def austen() -> Transcript:
    return heard_in("austen-0870")


def test_it_is_a_transcription_provider() -> None:
    assert isinstance(PocketsphinxTranscription(), TranscriptionAdapter)


@pytest.mark.slow
def test_human_speech_is_understood(austen: Transcript) -> None:
    """Half of all words; `test_long_audio_is_cut_at_pauses_and_its_times_go_on` hears all of them."""
    assert word_errors(said("austen-0870"), austen.text) <= 0.40


@pytest.mark.slow
@pytest.mark.parametrize("encoding", COMPRESSED)
def test_compressed_audio_is_understood_as_well(encoding: str) -> None:
    truth, plain, compressed = said(CLIPS[1]), heard_in(CLIPS[1]), heard_in(CLIPS[1], encoding)
    assert word_errors(truth, compressed.text) <= word_errors(truth, plain.text) + 0.05


@pytest.mark.slow
def test_words_are_words_without_the_decoder_s_marks(austen: Transcript) -> None:
    assert austen.words is not None
    assert all(word.text.replace("'", "").isalpha() for word in austen.words)
    assert austen.text == " ".join(word.text for word in austen.words)
    assert austen.language == "en"


@pytest.mark.slow
def test_times_are_where_the_words_are(austen: Transcript) -> None:
    truth = {word: (start, end) for start, end, word in timed_words("austen-0870")}
    known = [word for word in austen.words or () if word.text in truth and len(word.text) > 5]
    assert len(known) >= 3
    for word in known:
        start, end = truth[word.text]
        assert word.start_ms / 1000 == pytest.approx(start, abs=0.15)
        assert word.end_ms / 1000 == pytest.approx(end, abs=0.15)


@pytest.mark.slow
def test_times_grow_and_stay_within_the_audio(austen: Transcript) -> None:
    times = [time for word in austen.words or () for time in (word.start_ms, word.end_ms)]
    assert times == sorted(times)
    assert times[-1] <= austen.duration_ms


@pytest.mark.slow
def test_segments_hold_all_words_and_can_be_read_as_subtitles(austen: Transcript) -> None:
    assert austen.segments
    assert " ".join(segment.text for segment in austen.segments) == austen.text
    for segment in austen.segments:
        assert len(segment.text) <= 80
        assert segment.end_ms - segment.start_ms <= 10_000
        assert segment.avg_logprob < 0


@pytest.fixture(scope="module")
def streamed() -> list[TranscriptEvent]:
    """All clips, with a pause of 0.8 s between them, as a stream."""
    return listen(wav(bytes(2 * 12_800).join(clip(name)[44:] for name in CLIPS)), stream=True)


@pytest.mark.slow
def test_long_audio_is_cut_at_pauses_and_its_times_go_on(streamed: list[TranscriptEvent]) -> None:
    assert isinstance(streamed[-1], TranscriptDone)
    heard = streamed[-1].transcript
    assert heard.segments is not None
    second_clip_ms = (len(clip(CLIPS[0])) - 44) // 32 + 800
    assert any(abs(segment.start_ms - second_clip_ms) < 500 for segment in heard.segments)
    assert word_errors(" ".join(said(name) for name in CLIPS), heard.text) <= 0.40


@pytest.mark.slow
def test_a_stream_gives_the_text_bit_by_bit(streamed: list[TranscriptEvent]) -> None:
    *deltas, done = streamed
    assert isinstance(done, TranscriptDone)
    assert len(deltas) >= 2
    assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == done.transcript.text


@pytest.mark.slow
def test_the_same_audio_gives_the_same_whatever_was_heard_before() -> None:
    first = transcript(phrase())
    transcript(encode(phrase(), ENCODINGS["mp3 8 kHz"]))
    assert transcript(phrase()) == first


noise = random.Random(7)


@pytest.mark.slow
@pytest.mark.parametrize(
    "pcm",
    [
        bytes(64_000),
        array.array("h", (int(noise.gauss(0, 8)) for _ in range(32_000))).tobytes(),
        array.array("h", (int(noise.gauss(0, 2_000)) for _ in range(32_000))).tobytes(),
        bytes(4_000),
    ],
    ids=["silence", "faint noise", "loud noise", "a moment"],
)
def test_audio_without_speech_has_an_empty_transcript(pcm: bytes) -> None:
    heard = transcript(wav(pcm))
    assert (heard.text, heard.words, heard.segments) == ("", (), ())


@pytest.mark.slow
def test_faint_speech_is_speech() -> None:
    pcm = array.array("h", (value // 100 for value in array.array("h", clip("austen-0880")[44:]))).tobytes()
    assert word_errors(said("austen-0880"), transcript(wav(pcm)).text) <= 0.5


@pytest.mark.parametrize("language", [None, "en"])
def test_english_speech_can_be_translated_into_english(language: str | None) -> None:
    done = listen(phrase(), task="translate", language=language)[-1]
    assert isinstance(done, TranscriptDone)
    assert done.transcript.text == PHRASE


@pytest.mark.parametrize("task", ["transcribe", "translate"])
def test_other_languages_are_refused_by_name(task: str) -> None:
    with pytest.raises(ProviderRejected, match="'de'") as caught:
        listen(clip("austen-0880"), task=task, language="de")
    assert caught.value.param == "language"


def test_a_deadline_that_has_passed_is_a_timeout() -> None:
    request = TranscriptionCall("pocketsphinx", measure(clip("austen-0870")), Deadline.after(0))
    with pytest.raises(ProviderTimedOut):
        list(PocketsphinxTranscription().transcribe(request))


class Machine:
    """A decoder and its clock: a second of audio takes `pace` seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pace = 0.0
        self.decoded = 0

    def reinit_feat(self) -> None: ...
    def start_utt(self) -> None: ...
    def end_utt(self) -> None: ...

    def process_raw(self, pcm: bytes, *, full_utt: bool) -> None:
        assert full_utt
        self.now += len(pcm) / 32_000 * self.pace
        self.decoded += 1

    def hyp(self) -> None:
        return None


class AlwaysVoice:
    def is_speech(self, _frame: bytes) -> bool:
        return True


def of_seconds(seconds: float) -> Utterance:
    return Utterance(0, b"\x00\x10" * int(16_000 * seconds))


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr("audio_gateway.providers.embedded.sphinx_decoder.time.monotonic", lambda: made.now)
    return made


def test_what_would_not_be_done_by_the_deadline_is_not_begun(machine: Machine) -> None:
    decoder = SphinxDecoder(machine, AlwaysVoice)
    machine.pace = 5.0
    heard: tuple[HeardWord, ...] = decoder.words(of_seconds(10), Deadline.after(60))
    assert heard == ()
    with pytest.raises(ProviderTimedOut):
        decoder.words(of_seconds(10), Deadline.after(25))
    assert machine.decoded == 1


def test_one_short_word_on_a_busy_machine_refuses_nothing_that_comes_after_it(machine: Machine) -> None:
    decoder = SphinxDecoder(machine, AlwaysVoice)
    machine.pace = 4.0
    decoder.words(of_seconds(0.5), Deadline.after(25))
    decoder.words(of_seconds(8), Deadline.after(25))
    assert machine.decoded == 2


def test_a_process_that_was_slow_once_soon_tries_again(machine: Machine) -> None:
    decoder = SphinxDecoder(machine, AlwaysVoice)
    machine.pace = 10.0
    decoder.words(of_seconds(10), Deadline.after(200))
    machine.pace = 0.25
    for _ in range(5):
        with suppress(ProviderTimedOut):
            decoder.words(of_seconds(10), Deadline.after(25))
    assert machine.decoded >= 3
