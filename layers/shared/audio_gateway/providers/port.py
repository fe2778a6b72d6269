"""The port between the gateway and the adapters of its providers.

Each call returns an iterator; a buffered response is a collected one. An adapter raises only `ProviderError`s, and is
never asked for something that its model's capabilities do not include.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, runtime_checkable

from audio_gateway.audio.formats import SpeechFormat
from audio_gateway.deadline import Deadline

if TYPE_CHECKING:  # speech never needs transcripts; importing them would slow its cold start
    from audio_gateway.audio.source import AudioSource
    from audio_gateway.transcripts.transcript import Segment, TokenLogprob, Transcript

Task = Literal["transcribe", "translate"]


@dataclass(frozen=True, slots=True)
class SynthesisCall:
    """Text to be spoken.

    `model` and `voice` are the provider's own names (already mapped), and `format` is one that the provider itself
    returns. `speed` is 1.0 unless the model has the capability `speed`.
    """

    model: str
    text: str
    voice: str
    format: SpeechFormat
    deadline: Deadline
    instructions: str | None = None
    speed: float = 1.0
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A piece of speech. The chunks of a response together are one file in `format`.

    `pcm` is s16le mono at `sample_rate` Hz; every other format contains its rate, and `sample_rate` is 0. `format` is
    what the provider was asked for; the bytes are checked before it is trusted.
    """

    data: bytes
    format: SpeechFormat
    sample_rate: int = 0


@dataclass(frozen=True, slots=True)
class KnownSpeaker:
    """A name for a voice. `reference` is a `data:audio/…;base64,…` URL with 2 to 10 s of it."""

    name: str
    reference: str


@dataclass(frozen=True, slots=True)
class Chunking:
    """How the provider cuts the audio: `auto`, or by its voice activity detection with these settings."""

    type: Literal["auto", "server_vad"]
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionOptions:
    """What a caller may say about the recording and how to transcribe it. Absent options are None, False or empty.

    Each is named as the request's field, but for those in `_FIELD_OF`.
    """

    language: str | None = None
    prompt: str | None = None
    temperature: float | None = None
    languages: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    logprobs: bool = False
    chunking: Chunking | None = None
    known_speakers: tuple[KnownSpeaker, ...] = ()

    def requested_fields(self) -> tuple[str, ...]:
        """The request's fields that only some models support and that have an effect.

        A value that asks for nothing has none: `temperature=0`, `chunking_strategy=auto`. `language` is not among them:
        a model knows languages, not the field.
        """
        effective = replace(self, language=None, chunking=None if self.chunking == Chunking("auto") else self.chunking)
        return tuple(
            _FIELD_OF.get(option.name, option.name) for option in fields(self) if getattr(effective, option.name)
        )

    def without(self, ignored: Collection[str]) -> TranscriptionOptions:
        """The options without those of the request's fields that are to be ignored."""
        defaults: dict[str, Any] = {
            option.name: option.default for option in fields(self) if _FIELD_OF.get(option.name, option.name) in ignored
        }
        return replace(self, **defaults)


_FIELD_OF: Final = {
    "logprobs": "include",
    "chunking": "chunking_strategy",
    "known_speakers": "known_speaker_names",
}


@dataclass(frozen=True, slots=True)
class TranscriptionCall:
    """Audio to be transcribed, or to be translated into English (`task="translate"`).

    `model` is the provider's name for the model. `want_*` say which times the answer must hold.
    """

    model: str
    audio: AudioSource
    deadline: Deadline
    task: Task = "transcribe"
    options: TranscriptionOptions = TranscriptionOptions()
    want_words: bool = False
    want_segments: bool = False
    diarize: bool = False
    stream: bool = False
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text, to be appended to the previous text."""

    text: str
    logprobs: tuple[TokenLogprob, ...] | None = None


@dataclass(frozen=True, slots=True)
class SegmentDone:
    """A segment with its speaker and times; `id` is unique in the response."""

    id: str
    segment: Segment


@dataclass(frozen=True, slots=True)
class TranscriptDone:
    """The whole transcript: always the last event, exactly once."""

    transcript: Transcript


TranscriptEvent = TextDelta | SegmentDone | TranscriptDone


@dataclass(frozen=True, slots=True)
class ProviderVoice:
    """A voice, by the provider's own name. `language` is BCP-47; `gender` is `male`, `female`, `neutral` or None."""

    id: str
    name: str
    language: str | None = None
    gender: str | None = None


@runtime_checkable
class SpeechAdapter(Protocol):
    """An adapter that turns text into speech."""

    def synthesize(self, request: SynthesisCall) -> Iterator[AudioChunk]:
        """Speak; raises `ProviderError`, before the first chunk if possible."""
        ...


@runtime_checkable
class TranscriptionAdapter(Protocol):
    """An adapter that turns speech into text, in its own language or in English."""

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        """Transcribe; raises `ProviderError`, before the first event if possible."""
        ...


@runtime_checkable
class Starting(Protocol):
    """An adapter that takes a while to start."""

    def start(self, models: Collection[str]) -> None:
        """Load or start what these models need, by the provider's names. Otherwise the first request waits for it.

        What cannot be started fails the request that needs it.
        """
        ...


@runtime_checkable
class VoiceLister(Protocol):
    """An adapter that knows its voices without a network call."""

    def voices(self, model: str) -> tuple[ProviderVoice, ...]:
        """All voices of a model (by the provider's name), in a stable order."""
        ...

    def find_voice(self, model: str, name: str) -> ProviderVoice | None:
        """The voice of a model that `synthesize` uses for this name, including variants; None if there is none."""
        ...
