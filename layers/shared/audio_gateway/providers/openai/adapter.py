"""The adapter for servers with OpenAI's audio API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from audio_gateway import __version__
from audio_gateway.catalog.models import Provider
from audio_gateway.errors import ConfigurationError, ProviderBadAnswer, ProviderError
from audio_gateway.providers.openai import answers, sse
from audio_gateway.providers.openai.errors import broken_stream, refusal
from audio_gateway.providers.openai.fields import Malformed, parse
from audio_gateway.providers.openai.http import Upstream, UpstreamResponse
from audio_gateway.providers.openai.requests import (
    multipart,
    response_format,
    speech_body,
    streams,
    transcription_fields,
)
from audio_gateway.providers.port import (
    AudioChunk,
    SegmentDone,
    SynthesisCall,
    TextDelta,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionCall,
)
from audio_gateway.transcripts.transcript import Segment

_SPEECH_BYTES: Final = 200_000_000  # as many as a streamed response may have
_JSON_BYTES: Final = 32 * 1024 * 1024
_ERROR_BYTES: Final = 64 * 1024
_PCM_RATE: Final = 24_000  # contract section 2
_OK: Final = 200
_HEADER_TEXT: Final = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")
_REQUEST_ID_LENGTH: Final = 512  # contract section 1


class OpenAIAdapter:
    """A `SpeechAdapter` and `TranscriptionAdapter` for any server with OpenAI's audio API at `base_url`.

    It sends only the operator's `api_key` and the content of the port's calls. One call is one POST: nothing is
    retried, and redirects are not followed.

    Raises `ConfigurationError` if the key or the URL is invalid.
    """

    def __init__(self, *, provider_id: str, base_url: str, api_key: str | None, timeout_seconds: float) -> None:
        if api_key is not None and not _HEADER_TEXT.fullmatch(api_key):
            raise ConfigurationError(f"providers.{provider_id}: the secret that api_key refers to is not an API key")
        self._id = provider_id
        self._api_key = api_key
        self._upstream = Upstream(base_url, provider=provider_id, timeout_seconds=timeout_seconds)

    def synthesize(self, request: SynthesisCall) -> Iterator[AudioChunk]:
        """Yield the audio as it arrives; raises `ProviderError`, after the first chunk if the server fails later."""
        headers = self._headers("application/json", request.request_id)
        answer = self._upstream.post("/audio/speech", headers, speech_body(request), request.deadline)
        try:
            self._check(answer)
            if answer.media_type.startswith("text/") or answer.media_type.endswith("json"):
                raise self._bad("with text instead of audio")
            sample_rate = _PCM_RATE if request.format == "pcm" else 0
            empty = True
            for piece in answer.chunks(_SPEECH_BYTES):
                empty = False
                yield AudioChunk(piece, request.format, sample_rate)
            if empty:
                raise self._bad("with an empty body")
        finally:
            answer.close()

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        """Yield events as they arrive; without streaming there is one. Raises `ProviderError`."""
        content_type, body = multipart(transcription_fields(request), request.audio.data, request.audio.container)
        path = "/audio/translations" if request.task == "translate" else "/audio/transcriptions"
        answer = self._upstream.post(path, self._headers(content_type, request.request_id), body, request.deadline)
        self._check(answer)
        try:
            if streams(request) and answer.media_type == "text/event-stream":
                yield from self._streamed(answer, request)
            else:
                yield from self._buffered(answer, request)
        except Malformed as malformed:
            raise self._bad(f"in a different format from OpenAI's: {malformed}") from malformed
        except UnicodeDecodeError as error:
            raise self._bad("in an encoding other than UTF-8") from error
        finally:
            answer.close()

    def _headers(self, content_type: str, request_id: str | None) -> dict[str, str]:
        headers = {
            "Content-Type": content_type,
            "Accept": "*/*",
            "Accept-Encoding": "identity",  # a compressed response could be of any size
            "User-Agent": f"audio-gateway/{__version__}",
        }
        if self._api_key is not None:
            headers["Authorization"] = f"Bearer {self._api_key}"
        if request_id and len(request_id) <= _REQUEST_ID_LENGTH and _HEADER_TEXT.fullmatch(request_id):
            headers["X-Client-Request-Id"] = request_id
        return headers

    def _check(self, answer: UpstreamResponse) -> None:
        """Raise the error of a status other than 200, even if the body cannot be read."""
        if answer.status == _OK:
            return
        try:
            body = answer.body(_ERROR_BYTES)
        except ProviderError:
            body = b""
        raise refusal(self._id, answer.status, answer.headers, body, self._api_key)

    def _buffered(self, answer: UpstreamResponse, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        whole = answers.transcript(parse(answer.body(_JSON_BYTES)), request)
        if request.stream and response_format(request) == "diarized_json":
            for number, segment in enumerate(whole.segments or ()):
                yield SegmentDone(f"seg_{number}", segment)
        elif request.stream and whole.text:
            yield TextDelta(whole.text, whole.logprobs)
        yield TranscriptDone(whole)

    def _streamed(self, answer: UpstreamResponse, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        spoken = list[Segment]()
        for event in sse.events(answer.chunks(_JSON_BYTES)):
            if event.data == "[DONE]":
                break
            fields = parse(event.data)
            kind = fields.text("type") or event.name
            if kind == "error" or fields.has("error"):
                raise broken_stream(self._id, event.data)
            if kind == "transcript.text.delta":
                yield answers.text_delta(fields, want_logprobs=request.options.logprobs)
            elif kind == "transcript.text.segment":
                done = answers.segment_done(fields, request, len(spoken))
                spoken.append(done.segment)
                yield done
            elif kind == "transcript.text.done":
                yield TranscriptDone(answers.transcript(fields, request, tuple(spoken) if request.diarize else None))
                return
        raise self._bad("with an incomplete stream")

    def _bad(self, how: str) -> ProviderBadAnswer:
        return ProviderBadAnswer(f"The provider '{self._id}' answered {how}.", provider=self._id)


def make_adapter(provider: Provider, api_key: str | None) -> OpenAIAdapter:
    """The adapter of a provider in the catalogue; raises `ConfigurationError` if a setting is wrong or missing."""
    if provider.base_url is None:
        raise ConfigurationError(f"providers.{provider.id}.base_url is missing")
    return OpenAIAdapter(
        provider_id=provider.id,
        base_url=provider.base_url,
        api_key=api_key,
        timeout_seconds=provider.timeout_seconds,
    )
