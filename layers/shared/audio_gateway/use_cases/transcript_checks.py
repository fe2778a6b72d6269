"""Whether a provider's transcript can be right, before the caller pays for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from audio_gateway.audio.source import AudioSource
from audio_gateway.audio.voice_activity import has_speech
from audio_gateway.catalog.models import Model
from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderBadAnswer
from audio_gateway.transcripts.transcript import Transcript
from audio_gateway.use_cases.transcription_request import TranscriptionRequest

_TO_ANSWER_S: Final = 0.5
"""What is left of a request's time when the check of a long recording is given up: an answer after it is too late."""


def check_heard(transcript: Transcript, audio: AudioSource, model: Model, deadline: Deadline) -> None:
    """Raises `ProviderBadAnswer` for an empty transcript of speech. Of silence, it is right.

    Where there is no time to hear all of the audio, the part that was heard decides.
    """
    if transcript.text.strip() or transcript.words:
        return
    if not has_speech(audio.pcm, out_of_time=lambda: deadline.passed_by(-_TO_ANSWER_S)):
        return
    message = f"The provider '{model.provider.id}' returned an empty transcript of audio in which somebody speaks."
    raise ProviderBadAnswer(message, provider=model.provider.id)


def check_times(transcript: Transcript, request: TranscriptionRequest, model: Model) -> None:
    """Raises `ProviderBadAnswer` for a transcript without the times that were asked for."""
    needs_segments = request.want_segments or request.response_format == "diarized_json"
    missing_segments = needs_segments and transcript.segments is None and transcript.words is None
    if missing_segments or (request.want_words and transcript.words is None):
        message = f"The provider '{model.provider.id}' did not say when the words were spoken."
        raise ProviderBadAnswer(message, provider=model.provider.id)


def without_token_usage(transcript: Transcript, model: Model) -> Transcript:
    """The transcript without tokens, unless the model has no times: as with OpenAI, `usage` depends on the model only.

    Servers that count tokens return them with `json` alone. A job asks for all times, because its result may be given
    in any format later, and must answer as the call without a job does.
    """
    if model.capabilities.isdisjoint({"words", "segments"}):
        return transcript
    return replace(transcript, token_usage=None)
