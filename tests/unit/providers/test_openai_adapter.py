"""The adapter for servers with OpenAI's API, against the fake one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from audio_gateway.audio.measure import measure
from audio_gateway.deadline import Deadline
from audio_gateway.errors import (
    ConfigurationError,
    ProviderBadAnswer,
    ProviderError,
    ProviderKeyRefused,
    ProviderQuotaExhausted,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimedOut,
    ProviderUnavailable,
)
from audio_gateway.providers.openai import OpenAIAdapter, adapter
from audio_gateway.providers.port import (
    SegmentDone,
    SpeechAdapter,
    SynthesisCall,
    TextDelta,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionAdapter,
    TranscriptionCall,
)
from audio_gateway.transcripts.transcript import Transcript
from tests.fakes.providers import with_options
from tests.fakes.upstream import FakeUpstream
from tests.sound import ENCODINGS, clip, encode, look, look_pcm

pytestmark = pytest.mark.slow

KEY = "sk-operator"
FORMATS = {"mp3": "mp3", "opus": "ogg", "aac": "aac", "flac": "flac", "wav": "wav"}
AUDIO = measure(clip("austen-0880"))


@pytest.fixture
def fake() -> Iterator[FakeUpstream]:
    with FakeUpstream(api_key=KEY) as running:  # one for each test, as a request that was given up may arrive late
        yield running


@pytest.fixture
def provider(fake: FakeUpstream) -> OpenAIAdapter:
    return OpenAIAdapter(provider_id="acme", base_url=fake.base_url, api_key=KEY, timeout_seconds=30)


def speech(model: str = "tts-1", **options: object) -> SynthesisCall:
    return replace(SynthesisCall(model, "Hello there.", "alloy", "mp3", Deadline.after(20)), **options)  # type: ignore[arg-type] # any option


def hearing(model: str = "gpt-4o-transcribe", **options: object) -> TranscriptionCall:
    return with_options(TranscriptionCall(model, AUDIO, Deadline.after(20)), **options)


def say(provider: OpenAIAdapter, model: str = "tts-1", **options: object) -> bytes:
    return b"".join(chunk.data for chunk in provider.synthesize(speech(model, **options)))


def hear(provider: OpenAIAdapter, model: str = "gpt-4o-transcribe", **options: object) -> list[TranscriptEvent]:
    return list(provider.transcribe(hearing(model, **options)))


def heard(events: list[TranscriptEvent]) -> Transcript:
    done = events[-1]
    assert isinstance(done, TranscriptDone)
    assert not any(isinstance(event, TranscriptDone) for event in events[:-1])
    return done.transcript


def test_it_speaks_and_listens(provider: OpenAIAdapter) -> None:
    assert isinstance(provider, SpeechAdapter)
    assert isinstance(provider, TranscriptionAdapter)


# ------------------------------------------------------------------------------------------------ speech


@pytest.mark.parametrize("response_format", FORMATS)
def test_speech_is_the_upstream_s_file_in_each_format(provider: OpenAIAdapter, response_format: str) -> None:
    chunks = list(provider.synthesize(speech(format=response_format)))
    assert {(chunk.format, chunk.sample_rate) for chunk in chunks} == {(response_format, 0)}
    assert look(b"".join(chunk.data for chunk in chunks), FORMATS[response_format]).seconds == pytest.approx(
        0.72, abs=0.1
    )


def test_pcm_has_the_rate_of_the_contract(provider: OpenAIAdapter) -> None:
    chunks = list(provider.synthesize(speech(format="pcm")))
    assert {(chunk.format, chunk.sample_rate) for chunk in chunks} == {("pcm", 24_000)}
    assert look_pcm(b"".join(chunk.data for chunk in chunks)).seconds == pytest.approx(0.72, abs=0.01)


def test_speech_is_passed_on_while_it_arrives(provider: OpenAIAdapter) -> None:
    chunks = provider.synthesize(speech("tts-1!drip=0.01", format="pcm", deadline=Deadline.after(3)))
    assert len(next(chunks).data) < 100
    with pytest.raises(ProviderTimedOut):
        list(chunks)


def test_what_is_sent_is_what_was_asked_for_and_nothing_of_the_caller(
    fake: FakeUpstream, provider: OpenAIAdapter
) -> None:
    say(provider, request_id="req_1", voice="marin", speed=2.0, instructions="Sing.")
    (call,) = fake.calls
    assert call.path == "/v1/audio/speech"
    assert call.json == {
        "model": "tts-1", "input": "Hello there.", "voice": "marin", "response_format": "mp3", "speed": 2.0,
        "instructions": "Sing.",
    }  # fmt: skip
    assert set(call.headers) == {
        "host", "content-type", "content-length", "accept", "accept-encoding", "user-agent", "authorization",
        "x-client-request-id",
    }  # fmt: skip
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert call.headers["x-client-request-id"] == "req_1"
    assert call.headers["user-agent"].startswith("audio-gateway/")


@pytest.mark.parametrize("request_id", [None, "", "a\r\nX-Evil: 1", "\u00e9", "x" * 513])
def test_a_request_id_that_cannot_be_a_header_is_left_out(
    fake: FakeUpstream, provider: OpenAIAdapter, request_id: str | None
) -> None:
    say(provider, request_id=request_id)
    assert not {"x-client-request-id", "x-evil"} & set(fake.calls[0].headers)


def test_without_a_key_there_is_no_authorization() -> None:
    with FakeUpstream() as open_server:
        open_provider = OpenAIAdapter(provider_id="x", base_url=open_server.base_url, api_key=None, timeout_seconds=5)
        say(open_provider)
        assert "authorization" not in open_server.calls[0].headers


@pytest.mark.parametrize("key", ["", "a\nb", "a\r\nX: y", "cl\u00e9", " sk-1"])
def test_a_key_that_cannot_be_one_is_the_operator_s_mistake_and_not_shown(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        OpenAIAdapter(provider_id="acme", base_url="http://x/v1", api_key=key, timeout_seconds=5)
    assert "acme" in caught.value.message
    assert not key or key not in caught.value.message


def test_a_speech_of_another_kind_is_passed_on_for_others_to_look_at(provider: OpenAIAdapter) -> None:
    assert look(say(provider, "tts-1!format=wav!rate=44100!stereo")).channels == 2


def test_an_endless_speech_is_cut_off(provider: OpenAIAdapter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "_SPEECH_BYTES", 10_000)
    with pytest.raises(ProviderBadAnswer):
        say(provider, format="pcm")


def test_closing_the_speech_hangs_up(fake: FakeUpstream, provider: OpenAIAdapter) -> None:
    chunks = provider.synthesize(speech("tts-1!drip=0.01", format="pcm"))
    next(chunks)
    chunks.close()  # type: ignore[attr-defined] # it is a generator
    say(provider)
    assert len({call.connection for call in fake.calls}) == 2


# ------------------------------------------------------------------------------------------------ transcripts


def test_a_plain_transcript(fake: FakeUpstream, provider: OpenAIAdapter) -> None:
    found = heard(hear(provider))
    assert found.text == "I heard 3.0 seconds of wav in audio.wav"
    assert found.duration_ms == AUDIO.duration_ms
    assert (found.words, found.segments) == (None, None)
    assert found.token_usage is not None
    (call,) = fake.calls
    assert (call.path, call.file, call.content_type) == ("/v1/audio/transcriptions", AUDIO.data, "audio/wav")
    assert call.form == {"model": ["gpt-4o-transcribe"], "response_format": ["json"]}


@pytest.mark.parametrize(
    ("encoding", "container"),
    [("mp3 22.05 kHz", "mp3"), ("m4a 44.1 kHz stereo", "mp4"), ("webm opus 48 kHz", "webm"), ("flac 16 kHz", "flac")],
)
def test_the_file_has_the_extension_of_what_it_is(
    fake: FakeUpstream, provider: OpenAIAdapter, encoding: str, container: str
) -> None:
    hear(provider, audio=measure(encode(clip("austen-0880"), ENCODINGS[encoding])))
    assert fake.calls[0].filename == f"audio.{container}"


def test_times_come_as_words_and_segments(provider: OpenAIAdapter) -> None:
    found = heard(hear(provider, "whisper-1", want_words=True, want_segments=True))
    assert found.words is not None
    assert found.segments is not None
    assert " ".join(word.text for word in found.words) == found.text
    assert " ".join(segment.text for segment in found.segments) == found.text
    assert found.words[-1].end_ms == found.segments[-1].end_ms == found.duration_ms
    assert found.language == "en"


def test_only_words_are_asked_for_when_only_words_are_wanted(provider: OpenAIAdapter) -> None:
    found = heard(hear(provider, "whisper-1", want_words=True))
    assert found.words
    assert found.segments is None


def test_a_stream_is_passed_on_piece_by_piece(provider: OpenAIAdapter) -> None:
    *deltas, _ = events = hear(provider, stream=True, logprobs=True)
    assert len(deltas) > 3
    assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == heard(events).text
    assert all(delta.logprobs for delta in deltas if isinstance(delta, TextDelta))
    assert heard(events).logprobs
    assert heard(events).token_usage is not None


@pytest.mark.parametrize("behaviour", ["!crlf", "!crlf!drip=0", "!drip=0"])
def test_a_stream_may_look_and_arrive_as_it_likes(provider: OpenAIAdapter, behaviour: str) -> None:
    assert hear(provider, "gpt-4o-transcribe" + behaviour, stream=True) == hear(provider, stream=True)


def test_an_upstream_that_does_not_stream_is_one_piece(provider: OpenAIAdapter) -> None:
    delta, done = hear(provider, "whisper-1", stream=True)
    assert isinstance(delta, TextDelta)
    assert isinstance(done, TranscriptDone)
    assert delta.text == done.transcript.text


def test_silence_that_is_streamed_has_no_pieces(provider: OpenAIAdapter) -> None:
    assert heard(hear(provider, "whisper-1!silent", stream=True)).text == ""
    assert len(hear(provider, "whisper-1!silent", stream=True)) == 1


def test_times_that_are_wanted_of_a_stream_come_with_its_end(fake: FakeUpstream, provider: OpenAIAdapter) -> None:
    events = hear(provider, "whisper-1", stream=True, want_words=True)
    assert heard(events).words
    assert "stream" not in fake.calls[0].form


def test_speakers_are_distinguished(fake: FakeUpstream, provider: OpenAIAdapter) -> None:
    found = heard(hear(provider, "gpt-4o-transcribe-diarize", diarize=True))
    assert [segment.speaker for segment in found.segments or ()] == ["A", "B"]
    assert fake.calls[0].form["chunking_strategy"] == ["auto"]


def test_speakers_are_streamed_as_segments(provider: OpenAIAdapter) -> None:
    *segments, _ = events = hear(provider, "gpt-4o-transcribe-diarize", diarize=True, stream=True)
    assert [event.id for event in segments if isinstance(event, SegmentDone)] == ["seg_0", "seg_1"]
    assert heard(events).segments == tuple(event.segment for event in segments if isinstance(event, SegmentDone))


def test_speakers_of_an_upstream_that_does_not_stream_are_segments_too(
    fake: FakeUpstream, provider: OpenAIAdapter
) -> None:
    fake.answer(json.dumps({"text": "Hi", "segments": [{"start": 0, "end": 1, "text": " Hi", "speaker": "A"}]}))
    first, _ = hear(provider, diarize=True, stream=True)
    assert isinstance(first, SegmentDone)


def test_translations_go_to_their_own_endpoint(fake: FakeUpstream, provider: OpenAIAdapter) -> None:
    found = heard(hear(provider, "whisper-1", task="translate", language="de", stream=True, want_segments=True))
    assert found.language == "en"
    assert found.segments
    assert fake.calls[0].path == "/v1/audio/translations"
    assert set(fake.calls[0].form) == {"model", "response_format"}


# ------------------------------------------------------------------------------------------------ failures

CALLS = {
    "speech": say,
    "transcript": hear,
    "stream": lambda provider, model: hear(provider, model, stream=True),
}
FAILURES = [
    ("status=400!message=No", ProviderRejected), ("status=413", ProviderRejected), ("status=415", ProviderRejected),
    ("status=422", ProviderRejected), ("status=401", ProviderKeyRefused), ("status=403", ProviderKeyRefused),
    ("status=404", ProviderKeyRefused), ("status=429", ProviderRateLimited),
    ("status=429!code=insufficient_quota", ProviderQuotaExhausted), ("status=408", ProviderTimedOut),
    ("status=500", ProviderUnavailable), ("status=503", ProviderUnavailable), ("status=504", ProviderTimedOut),
    ("hangup", ProviderUnavailable), ("cut", ProviderUnavailable), ("html", ProviderBadAnswer),
    ("empty", ProviderBadAnswer), ("garbage", ProviderBadAnswer), ("latin-1", ProviderBadAnswer),
    ("status=302!location=http://127.0.0.1:1/", ProviderBadAnswer), ("status=204", ProviderBadAnswer),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(("behaviour", "error"), FAILURES)
def test_every_failure_has_its_error_and_is_one_call(
    fake: FakeUpstream, provider: OpenAIAdapter, call: Callable[..., Any], behaviour: str, error: type[ProviderError]
) -> None:
    with pytest.raises(ProviderError) as caught:
        call(provider, f"model!{behaviour}")
    assert type(caught.value) is error
    assert caught.value.provider == "acme"
    assert caught.value.worked != behaviour.startswith("status=")  # whoever refuses has done nothing, and takes nothing
    assert KEY not in str(caught.value)
    assert len(fake.calls) == 1


def test_a_wait_is_passed_on(provider: OpenAIAdapter) -> None:
    with pytest.raises(ProviderRateLimited) as caught:
        say(provider, "tts-1!status=429!retry-after=7")
    assert caught.value.retry_after_s == 7


def test_an_error_whose_body_never_comes_is_known_by_its_status(fake: FakeUpstream, provider: OpenAIAdapter) -> None:
    fake.script("status=503!cut")
    with pytest.raises(ProviderUnavailable, match="503"):
        say(provider)


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [("noend", ProviderBadAnswer), ("error", ProviderUnavailable), ("cut", ProviderUnavailable),
     ("error!code=insufficient_quota", ProviderQuotaExhausted)],
)  # fmt: skip
def test_a_stream_that_breaks_is_an_error_after_what_came(
    provider: OpenAIAdapter, behaviour: str, error: type[ProviderError]
) -> None:
    events = provider.transcribe(hearing(f"gpt-4o-transcribe!{behaviour}", stream=True))
    assert isinstance(next(events), TextDelta)
    with pytest.raises(error) as caught:
        list(events)
    assert caught.value.worked


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"data: {}\n\n", ProviderBadAnswer),
        (b"data: nonsense\n\n", ProviderBadAnswer),
        (b"data: \xff\n\n", ProviderBadAnswer),
        (b"data: [1]\n\n", ProviderBadAnswer),
        (b"", ProviderBadAnswer),
        (b"data: [DONE]\n\n", ProviderBadAnswer),
        (b'data: {"type": "transcript.text.done"}\n\n', ProviderBadAnswer),
        (b'data: {"type": "transcript.text.done", "text": "a"}', ProviderBadAnswer),
        (b'event: error\ndata: {"message": "no"}\n\n', ProviderUnavailable),
        (b'data: {"type": "error", "code": "insufficient_quota"}\n\n', ProviderQuotaExhausted),
    ],
)
def test_a_stream_without_an_end_is_an_error(
    fake: FakeUpstream, provider: OpenAIAdapter, body: bytes, error: type[ProviderError]
) -> None:
    fake.answer(body, "text/event-stream")
    with pytest.raises(error):
        hear(provider, stream=True)


def test_unknown_events_are_passed_over(fake: FakeUpstream, provider: OpenAIAdapter) -> None:
    stream = 'data: {"type": "transcript.new"}\n\nevent: transcript.text.done\ndata: {"text": "a", "error": null}\n\n'
    fake.answer(stream, "text/event-stream; charset=utf-8")
    assert heard(hear(provider, stream=True)).text == "a"
