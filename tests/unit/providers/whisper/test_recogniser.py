"""What a piece of audio is taken for: the first attempt, the second one, or silence."""

# ruff: noqa: ARG002 - the fake has the real one's methods

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from audio_gateway.audio.speech_pieces import SpeechPiece
from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderTimedOut
from audio_gateway.providers.embedded.whisper.attempt import Attempt
from audio_gateway.providers.embedded.whisper.model import LONGEST_S
from audio_gateway.providers.embedded.whisper.recogniser import PADDING_S, Recogniser, Speech, Wanted
from audio_gateway.providers.embedded.whisper.words import TimedWord

PIECE = SpeechPiece(0, bytes(32_000), (0.9,) * 32, goes_on=False)
WANTED = Wanted(task="transcribe", languages=("en", "de"), prompt=(5,), temperature=0.0)
GOOD = Attempt(
    text="Yes.",
    tokens=(1, 2),
    complete=True,
    beyond=False,
    audio_ms=1_000,
    temperature=0.0,
    avg_logprob=-0.2,
    no_speech_prob=0.1,
)
CROWDED = replace(GOOD, text="Yes. No. " * 7, tokens=(1, 2) * 7, audio_ms=300)
LOOP = replace(GOOD, text="Yes. " * 40, tokens=(1, 2) * 40, beyond=True)


class TextOfTokens:
    """A vocabulary of two words."""

    def text(self, tokens: Sequence[int]) -> str:
        return "".join(" Yes." if token == 1 else "" for token in tokens)

    def start(self, language: str, task: str) -> list[int]:
        return [f"{language} {task}"]  # type: ignore[list-item]


class ToldModel:
    """Makes of audio what it is told, attempt by attempt."""

    def __init__(self, *attempts: Attempt, german: float = 0.9) -> None:
        self.attempts = list(attempts)
        self.vocabulary = TextOfTokens()
        self.padding: list[float] = []
        self.asked: list[tuple[object, ...]] = []
        self._german = german
        self.said = [TimedWord(" Yes.", (1, 2), 100, 200)]

    def listen(self, pcm: bytes, padding_s: float) -> ToldModel:
        self.padding.append(padding_s)
        return self

    def languages(self) -> dict[str, float]:
        return {"en": 0.9 - self._german, "de": self._german, "fr": 0.1}

    def decode(self, start: list[str], prompt: Sequence[int], *, temperature: float, beams: int) -> Attempt:
        self.asked.append((start[0], tuple(prompt), temperature))
        return self.attempts.pop(0)

    def words(self, start: object, tokens: Sequence[int]) -> list[TimedWord]:
        return self.said if tokens else []


def hear(model: ToldModel, wanted: Wanted = WANTED) -> Speech | None:
    return Recogniser(model).hear(PIECE, wanted, Deadline.after(60))  # type: ignore[arg-type]


def test_a_plausible_text_needs_one_attempt() -> None:
    model = ToldModel(GOOD)
    speech = hear(model)
    assert speech is not None
    assert speech.text == "Yes."
    assert speech.tokens == (1, 2)
    assert model.padding == [PADDING_S]


def test_the_most_probable_of_the_languages_is_taken() -> None:
    model = ToldModel(GOOD)
    speech = hear(model)
    assert speech is not None
    assert (speech.language, speech.certain) == ("de", True)
    assert model.asked == [("de transcribe", (5,), 0.0)]


def test_if_the_model_is_uncertain_of_the_language_it_listens_longer() -> None:
    model = ToldModel(GOOD, german=0.5)
    speech = hear(model)
    assert speech is not None
    assert (speech.language, speech.certain) == ("de", False)
    assert model.padding == [PADDING_S, LONGEST_S]


def test_a_language_that_is_given_is_certain() -> None:
    speech = hear(ToldModel(GOOD, german=0.8), replace(WANTED, languages=("en",), task="translate"))
    assert speech is not None
    assert (speech.language, speech.certain) == ("en", True)


@pytest.mark.parametrize("doubtful", [LOOP, replace(GOOD, avg_logprob=-1.2), replace(GOOD, complete=False), CROWDED])
def test_after_a_doubtful_text_the_model_listens_longer_and_without_the_prompt(doubtful: Attempt) -> None:
    model = ToldModel(doubtful, GOOD)
    speech = hear(model)
    assert speech is not None
    assert speech.attempt == GOOD
    assert model.padding == [PADDING_S, LONGEST_S]
    assert model.asked[1] == ("de transcribe", (), 0.0)


def test_the_first_attempt_stays_if_the_second_is_worse() -> None:
    first, second = replace(GOOD, avg_logprob=-1.1), replace(GOOD, avg_logprob=-1.5)
    speech = hear(ToldModel(first, second))
    assert speech is not None
    assert speech.attempt == first


def test_of_a_loop_that_stays_one_turn_is_kept() -> None:
    speech = hear(ToldModel(LOOP, LOOP))
    assert speech is not None
    assert speech.attempt.tokens == (1, 2)
    assert speech.attempt.text == "Yes."


def test_of_a_text_that_is_too_long_for_its_audio_the_words_that_fit_are_kept() -> None:
    long = replace(GOOD, text=" Yes." * 6, tokens=(1, 2, 3) * 2, audio_ms=100)
    model = ToldModel(long, long)
    model.said = [TimedWord(" Yes.", (1,), at, at + 10) for at in range(0, 60, 10)]
    speech = hear(model)
    assert speech is not None
    assert speech.text == "Yes. Yes."


def test_a_guess_that_is_too_long_for_its_audio_gives_nothing_after_a_second_attempt() -> None:
    guess = replace(CROWDED, text="And it's been a long time", tokens=(1, 2, 3), avg_logprob=-1.1)
    model = ToldModel(guess, guess)
    assert hear(model) is None
    assert model.padding == [PADDING_S, LONGEST_S]


@pytest.mark.parametrize("silence", [replace(GOOD, text=""), replace(GOOD, avg_logprob=-1.5, no_speech_prob=0.9)])
def test_what_is_no_speech_gives_nothing(silence: Attempt) -> None:
    model = ToldModel(silence)
    assert hear(model) is None
    assert model.padding == [PADDING_S]


def test_the_temperature_is_the_caller_s() -> None:
    model = ToldModel(GOOD)
    hear(model, replace(WANTED, temperature=0.4))
    assert model.asked[0][2] == 0.4


def test_what_would_not_be_done_in_time_is_refused_before_the_work() -> None:
    model = ToldModel(GOOD, GOOD)
    engine = Recogniser(model)  # type: ignore[arg-type]
    engine._speed.record(1, 3_600)
    with pytest.raises(ProviderTimedOut):
        engine.hear(PIECE, WANTED, Deadline.after(60))
    assert model.attempts == [GOOD, GOOD]


def test_who_waits_for_another_request_gives_up_at_the_deadline() -> None:
    engine = Recogniser(ToldModel())  # type: ignore[arg-type]
    with engine._lock, pytest.raises(ProviderTimedOut):
        engine.hear(PIECE, WANTED, Deadline.after(0))
