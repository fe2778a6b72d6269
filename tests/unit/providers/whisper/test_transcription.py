"""Transcription and translation by Whisper: rules with a model that says what it is told, and the model itself."""

from __future__ import annotations

import threading
from functools import cache

import pytest

from audio_gateway.audio.measure import measure
from audio_gateway.audio.speech_pieces import SpeechPiece
from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderRejected, ProviderTimedOut
from audio_gateway.providers.embedded.espeak.speech import EspeakSpeech
from audio_gateway.providers.embedded.whisper.attempt import Attempt
from audio_gateway.providers.embedded.whisper.model import PROMPT_TOKENS, whisper_model
from audio_gateway.providers.embedded.whisper.recogniser import Recogniser, Speech, Wanted, recogniser
from audio_gateway.providers.embedded.whisper.transcription import WhisperTranscription
from audio_gateway.providers.embedded.whisper.words import TimedWord
from audio_gateway.providers.port import (
    SynthesisCall,
    TextDelta,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionAdapter,
    TranscriptionCall,
)
from audio_gateway.transcripts.transcript import Transcript
from tests.fakes.providers import with_options
from tests.sound import CLIPS, PHRASE, clip, phrase, said, timed_words, tone_wav, wav, word_errors

PAUSE = bytes(32 * 2_500)  # 2.5 s, in which a piece ends


class ToldRecogniser:
    """Says what it is told of each piece: the words of a text, one every 100 ms."""

    languages = ("en", "de", "zh", "jv")

    def __init__(self, *texts: str | None, language: str = "en", certain: bool = True, room_ms: int = 60_000) -> None:
        self._texts = list(texts)
        self._language, self._certain = language, certain
        self._room_ms = room_ms
        self.asked: list[Wanted] = []
        self.pieces: list[SpeechPiece] = []

    def encode(self, text: str) -> tuple[int, ...]:
        return tuple(map(ord, text))

    def hear(self, piece: SpeechPiece, wanted: Wanted, deadline: Deadline) -> Speech | None:  # noqa: ARG002 - as the real one
        self.asked.append(wanted)
        self.pieces.append(piece)
        complete = piece.duration_ms <= self._room_ms
        text = self._texts.pop(0) if complete else "And so on and so"
        if text is None:
            return None
        words = [TimedWord(f" {word}", (7, 8), 200 + 100 * at, 300 + 100 * at) for at, word in enumerate(text.split())]
        attempt = Attempt(
            text=text,
            tokens=(7, 8) * len(words),
            complete=complete,
            beyond=False,
            audio_ms=60_000,
            temperature=0.0,
            avg_logprob=-0.25,
            no_speech_prob=0.125,
        )
        return Speech(self._language, self._certain, attempt, tuple(words))


def listen(engine: ToldRecogniser | Recogniser, data: bytes, **options: object) -> list[TranscriptEvent]:
    request = with_options(TranscriptionCall("whisper-base", measure(data), Deadline.after(110)), **options)
    adapter = WhisperTranscription(lambda: engine)  # type: ignore[arg-type,return-value]
    return list(adapter.transcribe(request))


def transcript(engine: ToldRecogniser | Recogniser, data: bytes, **options: object) -> Transcript:
    done = listen(engine, data, **options)[-1]
    assert isinstance(done, TranscriptDone)
    return done.transcript


@cache
def three_clips() -> bytes:
    """Three pieces of speech, with pauses between them."""
    return wav(PAUSE.join(clip(CLIPS[1])[44:] for _ in range(3)))


def test_it_is_a_transcription_provider() -> None:
    assert isinstance(WhisperTranscription(), TranscriptionAdapter)


def test_the_text_is_sent_piece_by_piece() -> None:
    *deltas, done = listen(ToldRecogniser("One.", None, "Two three."), three_clips(), stream=True)
    assert deltas == [TextDelta("One."), TextDelta(" Two three.")]
    assert isinstance(done, TranscriptDone)
    assert done.transcript.text == "One. Two three."


def test_only_the_transcript_is_sent_without_streaming() -> None:
    assert len(listen(ToldRecogniser("One.", "Two.", "Three."), three_clips())) == 1


def test_times_count_from_the_start_of_the_audio() -> None:
    engine = ToldRecogniser("One.", None, "Two three.")
    heard = transcript(engine, three_clips())
    assert heard.words is not None
    first, third = engine.pieces[0].start_ms, engine.pieces[2].start_ms
    assert [word.start_ms for word in heard.words] == [first + 200, third + 200, third + 300]
    assert third > 8_000


def test_no_time_is_after_the_end_of_its_piece() -> None:
    engine = ToldRecogniser("word " * 200)
    heard = transcript(engine, clip(CLIPS[1]))
    assert heard.words is not None
    assert max(word.end_ms for word in heard.words) == engine.pieces[0].end_ms <= heard.duration_ms


def test_segments_have_the_figures_of_their_piece_and_the_tokens_of_their_words() -> None:
    heard = transcript(ToldRecogniser("Yes. He was not."), clip(CLIPS[1]))
    assert heard.segments is not None
    assert [segment.text for segment in heard.segments] == ["Yes.", "He was not."]
    assert [len(segment.tokens) for segment in heard.segments] == [2, 6]
    for segment in heard.segments:
        assert (segment.avg_logprob, segment.no_speech_prob) == (-0.25, 0.125)
        assert 0 < segment.compression_ratio < 2


def test_audio_without_speech_is_not_listened_to() -> None:
    engine = ToldRecogniser()
    for data in (wav(bytes(64_000)), tone_wav(2), wav(bytes(3_200))):
        assert transcript(engine, data) == Transcript("", measure(data).duration_ms, words=(), segments=())
    assert engine.asked == []


def test_the_language_is_that_of_the_first_piece_of_which_the_model_is_certain() -> None:
    engine = ToldRecogniser("Eins.", "Zwei.", "Drei.", language="de")
    assert transcript(engine, three_clips()).language == "de"
    assert [wanted.languages for wanted in engine.asked] == [engine.languages, ("de",), ("de",)]


def test_as_long_as_it_is_not_certain_each_piece_may_have_another_language() -> None:
    engine = ToldRecogniser("Eins.", "Zwei.", "Drei.", language="de", certain=False)
    assert transcript(engine, three_clips()).language == "de"
    assert {wanted.languages for wanted in engine.asked} == {engine.languages}


@pytest.mark.parametrize(("asked", "code"), [("de", "de"), ("zh-tw", "zh"), ("jw", "jv")])
def test_a_language_that_is_given_is_not_guessed(asked: str, code: str) -> None:
    engine = ToldRecogniser("Text", language=code)
    assert transcript(engine, clip(CLIPS[1]), language=asked).language == code
    assert engine.asked[0].languages == (code,)


def test_of_several_languages_one_is_chosen_and_reported() -> None:
    engine = ToldRecogniser("Text", language="de")
    assert transcript(engine, clip(CLIPS[1]), languages=("en", "de")).languages == ("de",)
    assert engine.asked[0].languages == ("en", "de")


@pytest.mark.parametrize(
    ("options", "field"), [({"language": "xx"}, "language"), ({"languages": ("en", "nb")}, "languages")]
)
def test_an_unknown_language_is_refused_by_name(options: dict[str, object], field: str) -> None:
    with pytest.raises(ProviderRejected, match=r"'(xx|nb)'") as refused:
        listen(ToldRecogniser(), clip(CLIPS[1]), **options)
    assert refused.value.param == field


def test_the_prompt_and_keywords_are_for_every_piece() -> None:
    engine = ToldRecogniser("One.", "Two.", "Three.")
    listen(engine, three_clips(), prompt="Talk.", keywords=("Dashwood", "Norland"))
    assert {wanted.prompt for wanted in engine.asked} == {engine.encode("Dashwood, Norland Talk.")}


def test_a_piece_that_is_cut_in_mid_phrase_is_followed_with_its_text() -> None:
    """30 s of speech without a pause: here the same few sounds, because pauses between words are pauses, too."""
    vowel = clip(CLIPS[0])[44:][2 * 16_000 * 5 : 2 * 16_000 * 6]
    engine = ToldRecogniser(*["More."] * 5)
    listen(engine, wav(vowel * 30), prompt="Talk.")
    going_on = [piece.goes_on for piece in engine.pieces]
    assert any(going_on)
    for goes_on, wanted in zip(going_on, engine.asked[1:], strict=False):
        assert wanted.prompt == engine.encode("Talk.") + ((7, 8) if goes_on else ())


def test_a_piece_without_room_for_its_text_is_heard_in_parts() -> None:
    engine = ToldRecogniser("One.", "Two.", "Three.", "Four.", room_ms=8_000)
    sound = wav((clip(CLIPS[0])[44:] + clip(CLIPS[1])[44:])[: 32 * 15_000])
    events = listen(engine, sound, stream=True)
    parts = [piece for piece in engine.pieces if piece.duration_ms <= 8_000]
    assert len(engine.pieces) > len(parts) > 1
    assert b"".join(piece.pcm for piece in parts) == engine.pieces[0].pcm
    assert [piece.start_ms for piece in parts[1:]] == [piece.end_ms for piece in parts[:-1]]
    assert "And so on" not in heard_in(events).text
    assert heard_in(events).text.startswith("One. Two.")


def test_a_short_part_without_room_for_its_text_is_heard_once() -> None:
    engine = ToldRecogniser(room_ms=0)
    assert transcript(engine, three_clips()).text.startswith("And so on")
    shortest = min(piece.duration_ms for piece in engine.pieces)
    assert shortest >= 2_000
    assert len(engine.pieces) <= 3 * 3


# ---------------------------------------------------------------- the model; each call takes about a second
@pytest.fixture(scope="module")
def austen() -> list[TranscriptEvent]:
    return listen(recogniser(), clip(CLIPS[0]), stream=True)


def heard_in(events: list[TranscriptEvent]) -> Transcript:
    assert isinstance(events[-1], TranscriptDone)
    return events[-1].transcript


@pytest.mark.slow
def test_human_speech_is_understood(austen: list[TranscriptEvent]) -> None:
    heard = heard_in(austen)
    assert word_errors(said(CLIPS[0]).replace("mister", "mr"), heard.text) <= 0.10
    assert heard.language == "en"
    assert heard.text == "".join(event.text for event in austen if isinstance(event, TextDelta))


@pytest.mark.slow
def test_words_have_times_where_they_are_spoken(austen: list[TranscriptEvent]) -> None:
    heard = heard_in(austen)
    assert heard.words is not None
    truth = {word: start for start, _, word in timed_words(CLIPS[0])}
    known = [word for word in heard.words if word.text.lower() in truth and len(word.text) > 4]
    assert len(known) >= 6
    for word in known:
        assert word.start_ms / 1000 == pytest.approx(truth[word.text.lower()], abs=0.3)
    times = [time for word in heard.words for time in (word.start_ms, word.end_ms)]
    assert times == sorted(times)
    assert times[-1] <= heard.duration_ms


@pytest.mark.slow
def test_segments_are_the_text_with_the_model_s_figures(austen: list[TranscriptEvent]) -> None:
    heard = heard_in(austen)
    assert heard.segments
    assert " ".join(segment.text for segment in heard.segments) == heard.text
    for segment in heard.segments:
        assert -1 < segment.avg_logprob < 0
        assert 0 < segment.no_speech_prob < 0.6
        assert 1 < segment.compression_ratio < 2.4
        assert whisper_model().vocabulary.text(segment.tokens).strip() == segment.text


def spoken(text: str, voice: str) -> bytes:
    call = SynthesisCall("espeak-ng", text, voice, "pcm", Deadline.after(60))
    chunks = list(EspeakSpeech().synthesize(call))
    return wav(b"".join(chunk.data for chunk in chunks), chunks[0].sample_rate)


@pytest.mark.slow
def test_the_language_of_a_translation_is_that_of_the_speech() -> None:
    german = spoken("Guten Morgen. Das Wetter ist heute sehr schön, und wir gehen zusammen in die Stadt.", "de")
    english = transcript(recogniser(), german, task="translate")
    assert "good morning" in english.text.lower()
    assert english.language == "de"
    assert english.segments


@pytest.mark.slow
@pytest.mark.parametrize("task", ["transcribe", "translate"])
def test_a_second_of_speech_has_no_more_words_than_were_said(task: str) -> None:
    assert word_errors(PHRASE, transcript(recogniser(), phrase(), task=task).text) <= 0.5


@pytest.mark.slow
@pytest.mark.parametrize("word", ["had", "might", "his"])
def test_of_a_single_word_no_sentence_is_made(word: str) -> None:
    start, end, _ = next(timed for timed in timed_words(CLIPS[0]) if timed[2] == word)
    pcm = clip(CLIPS[0])[44:][32 * int(1000 * start - 30) : 32 * int(1000 * end + 50)]
    heard = transcript(recogniser(), wav(bytes(3_200) + pcm + bytes(3_200)), language="en").text
    assert len(heard.split()) <= 4


def test_a_prompt_of_control_tokens_is_text() -> None:
    engine = recogniser()
    tokens = engine.encode("<|endoftext|><|startoftranscript|><|de|><|translate|>" * 100)
    assert len(tokens) == PROMPT_TOKENS
    assert max(tokens) < whisper_model().vocabulary.end


@pytest.mark.slow
def test_requests_at_the_same_time_do_not_disturb_each_other() -> None:
    heard: dict[str, str] = {}

    def hear(name: str) -> None:
        heard[name] = transcript(recogniser(), clip(name)).text

    threads = [threading.Thread(target=hear, args=[name]) for name in CLIPS[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in CLIPS[1:]:
        assert word_errors(said(name), heard[name]) <= 0.3


def test_what_would_not_be_done_in_time_is_refused() -> None:
    request = TranscriptionCall("whisper-base", measure(clip(CLIPS[1])), Deadline.after(0))
    with pytest.raises(ProviderTimedOut):
        list(WhisperTranscription(ToldRecogniser).transcribe(request))  # type: ignore[arg-type]
