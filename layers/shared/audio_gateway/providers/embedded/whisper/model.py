"""The Whisper model, one per process: audio in, tokens and times out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from audio_gateway.engine_files import engine_file
from audio_gateway.errors import ConfigurationError
from audio_gateway.providers.embedded.whisper.attempt import Attempt
from audio_gateway.providers.embedded.whisper.log_mel import FRAME, SAMPLE_RATE, log_mel
from audio_gateway.providers.embedded.whisper.vocabulary import Vocabulary, read_vocabulary
from audio_gateway.providers.embedded.whisper.words import TOKEN_MS, TimedWord, starts_of, words

LONGEST_S: Final = 30
"""The most seconds that the model can hear, with the silence after the audio."""
PROMPT_TOKENS: Final = 223
"""The last tokens of a prompt that count: half of what the model can read, less the token that announces them."""

_NEW_TOKENS: Final = 220  # the other half, less the tokens for language, task and times
_TOKENS_AT_LEAST: Final = 10  # for any audio, however short
_TOKENS_PER_S: Final = 60  # of fast speech in the scripts with the most tokens for a character, such as Burmese
_FRAME_MS: Final = FRAME * 1000 // SAMPLE_RATE
_BEYOND_MS: Final = 1000  # the times that the model decodes are as inexact
_ALL: Final = 0  # tokens to draw from


class WhisperModel:
    """Wraps the model in CTranslate2."""

    def __init__(self, engine: Any, vocabulary: Vocabulary) -> None:
        self._engine = engine
        self.vocabulary = vocabulary

    def listen(self, pcm: bytes, padding_s: float) -> Listening:
        """Hear s16le mono at 16 kHz, followed by so much silence; `LONGEST_S` in all, the rest is not heard."""
        from ctranslate2 import StorageView

        most = LONGEST_S * SAMPLE_RATE // FRAME
        frames = min(-(-len(pcm) // 2 // FRAME), most)
        padded = min(frames + round(padding_s * SAMPLE_RATE / FRAME), most)
        features = log_mel(pcm, max(2, padded + padded % 2))  # the model halves their number
        return Listening(self._engine, self.vocabulary, self._engine.encode(StorageView.from_array(features)), frames)


class Listening:
    """A piece of audio that the model has heard, of so many frames of 10 ms."""

    def __init__(self, engine: Any, vocabulary: Vocabulary, heard: Any, frames: int) -> None:
        self._engine, self._vocabulary = engine, vocabulary
        self._heard, self._frames = heard, frames

    def languages(self) -> dict[str, float]:
        """How probable each language is, by its code."""
        (ranked,) = self._engine.detect_language(self._heard)
        return {self._vocabulary.language_of(name): probability for name, probability in ranked}

    def decode(self, start: Sequence[int], prompt: Sequence[int], *, temperature: float, beams: int) -> Attempt:
        """The text that follows the tokens of `start` and, if there is one, of `prompt`.

        With a temperature above 0, each token is drawn at random; with 0, it is the most likely text of so many.
        """
        previous = [self._vocabulary.control("startofprev"), *prompt[-PROMPT_TOKENS:]] if prompt else []
        begin = [*previous, *start]  # times are decoded, too: the text gets better by it
        most = min(_NEW_TOKENS, _TOKENS_AT_LEAST + self._frames * FRAME * _TOKENS_PER_S // SAMPLE_RATE)
        (found,) = self._engine.generate(
            self._heard,
            [begin],
            beam_size=1 if temperature else beams,
            sampling_topk=_ALL if temperature else 1,
            sampling_temperature=temperature or 1,
            max_length=len(begin) + most,
            return_scores=True,
            return_no_speech_prob=True,
        )
        decoded = found.sequences_ids[0]
        length = len(decoded)
        tokens = tuple(token for token in decoded if token < self._vocabulary.end)
        latest = (max(decoded, default=0) - self._vocabulary.control("0.00")) * TOKEN_MS
        return Attempt(
            text=self._vocabulary.text(tokens).strip(),
            tokens=tokens,
            complete=length < most,
            beyond=latest > self._frames * _FRAME_MS + _BEYOND_MS,
            audio_ms=self._frames * _FRAME_MS,
            temperature=temperature,
            avg_logprob=found.scores[0] * length / (length + 1),  # the end is a token, too
            no_speech_prob=found.no_speech_prob,
        )

    def words(self, start: Sequence[int], tokens: Sequence[int]) -> list[TimedWord]:
        """The words of decoded tokens, with times from the start of the audio."""
        if not tokens:
            return []
        (found,) = self._engine.align(self._heard, list(start), [list(tokens)], self._frames)
        data = [self._vocabulary.data(token) for token in tokens]
        return words(tokens, data, starts_of(found.alignments, len(tokens)))


@cache
def whisper_model() -> WhisperModel:
    """The process's model, loaded on first use (under a second).

    Raises:
        ConfigurationError: the function has no layer with Whisper.
    """
    file = engine_file("whisper", "model.bin")
    try:
        from ctranslate2.models import Whisper
    except ImportError as missing:
        raise ConfigurationError(
            "The model whisper-base needs the layer 'whisper', which is not installed"
        ) from missing
    engine = Whisper(str(file.parent), device="cpu", compute_type="int8", inter_threads=1, intra_threads=1)
    return WhisperModel(engine, read_vocabulary(file.with_name("vocabulary.txt")))
