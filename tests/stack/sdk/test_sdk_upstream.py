"""Models of an OpenAI-shaped provider: what it is asked, what comes back, and what its failures become.

All its errors and answers are in tests/unit/providers (test_openai_errors.py, test_openai_answers.py).
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    AsyncOpenAI,
    BadRequestError,
    InternalServerError,
    OpenAI,
    RateLimitError,
)
from openai.types.audio import TranscriptionTextDeltaEvent, TranscriptionTextDoneEvent

from tests.fakes.upstream import FakeUpstream
from tests.sound import ENCODINGS, clip, encode, look, look_pcm, tone, tone_wav
from tests.stack.sdk.stack_keys import UPSTREAM_KEY

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("upstream")]

FORMATS = ["mp3", "opus", "aac", "flac", "wav", "pcm"]
CONTAINERS = {"mp3": "mp3", "opus": "ogg", "aac": "aac", "flac": "flac", "wav": "wav"}
TEXT = "Hello from the other side."


def say(client: OpenAI, model: str = "fake-tts", **options: Any) -> Any:
    return client.audio.speech.with_raw_response.create(**{"model": model, "voice": "alloy", "input": TEXT, **options})


def write(client: OpenAI, model: str = "fake-stt", **options: Any) -> Any:
    return client.audio.transcriptions.create(**{"model": model, "file": ("a.wav", clip("austen-0880")), **options})


# ------------------------------------------------------------------------------------------------ speech


@pytest.mark.parametrize("response_format", FORMATS)
def test_every_format_comes_from_the_provider_as_it_is(
    wired_client: OpenAI, upstream: FakeUpstream, response_format: str
) -> None:
    answer = say(wired_client, response_format=response_format)
    if response_format == "pcm":
        assert look_pcm(answer.content).seconds > 0
    else:
        assert look(answer.content, CONTAINERS[response_format]).seconds > 0
    (call,) = upstream.requests
    assert call.value("response_format") == response_format
    assert answer.headers["x-audio-gateway-model"] == "fake-tts"


@pytest.mark.parametrize(
    ("model", "response_format"),
    [*(("pcm-tts", name) for name in FORMATS[:-1]), ("mp3-tts", "pcm"), ("mp3-tts", "wav")],
)
def test_formats_that_the_provider_lacks_are_made(
    wired_client: OpenAI, upstream: FakeUpstream, model: str, response_format: str
) -> None:
    answer = say(wired_client, model, response_format=response_format)
    plain = look_pcm(say(wired_client, model, response_format="pcm").content).seconds
    if response_format != "pcm":
        sound = look(answer.content, CONTAINERS[response_format])
        assert sound.channels == 1
        assert sound.rate == (48_000 if response_format == "opus" else 24_000)
        assert sound.seconds == pytest.approx(plain, abs=0.15)
    assert {call.value("response_format") for call in upstream.requests} == {model.removesuffix("-tts")}


def test_samples_that_happen_to_look_like_frames_are_still_samples(
    wired_client: OpenAI, upstream: FakeUpstream
) -> None:
    """Regression: one answer of espeak-ng in some hundreds held a few bytes like AAC's headers, and was a 502."""
    pcm, length = bytearray(tone(0.5, 24_000)), 400
    header = bytes([0xFF, 0xF1, 0x58, 0x40 | length >> 11, length >> 3 & 0xFF, (length & 7) << 5 | 0x1F, 0xFC])
    for at in range(1_001, 1_001 + 4 * length, length):
        pcm[at : at + len(header)] = header
    upstream.answer(bytes(pcm), content_type="audio/pcm")
    assert say(wired_client, "pcm-tts", response_format="pcm").content == bytes(pcm)


def test_the_provider_gets_what_was_asked_for(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    text = "Grüße \N{GRINNING FACE}"
    say(wired_client, "gpt-4o-mini-tts", input=text, voice="marin", speed=1.5, instructions="Sing.")
    (call,) = upstream.requests
    assert call.path == "/v1/audio/speech"
    assert call.headers["authorization"] == f"Bearer {UPSTREAM_KEY}"
    asked = {name: call.value(name) for name in ("model", "input", "voice", "speed", "instructions")}
    assert asked == {
        "model": "gpt-4o-mini-tts", "input": text, "voice": "marin", "speed": 1.5, "instructions": "Sing.",
    }  # fmt: skip


def test_the_provider_never_sees_the_caller_s_key(
    wired_client: OpenAI, upstream: FakeUpstream, wired_stack: dict[str, Any]
) -> None:
    say(wired_client)
    write(wired_client)
    for call in upstream.requests:
        assert wired_stack["api_key"] not in json.dumps(dict(call.headers))


def test_the_provider_s_own_name_of_the_model_is_used(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    say(wired_client, "org/name x")
    write(wired_client, "org/name x")
    assert [call.value("model") for call in upstream.requests[:1]] == ["org/name"]
    assert upstream.requests[1].form.get("model") == ["org/name"]


def test_voices_are_mapped_by_the_catalogue(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    say(wired_client, "named-tts", voice="echo")
    assert upstream.requests[0].value("voice") == "bob"
    with pytest.raises(BadRequestError) as caught:
        say(wired_client, "named-tts", voice="nova")
    assert caught.value.param == "voice"
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("speed", [0.5, 4.0])
def test_speed_is_made_where_the_provider_has_none(wired_client: OpenAI, upstream: FakeUpstream, speed: float) -> None:
    plain = look_pcm(say(wired_client, "steady-tts", response_format="pcm").content)
    changed = look_pcm(say(wired_client, "steady-tts", response_format="pcm", speed=speed).content)
    assert changed.seconds == pytest.approx(plain.seconds / speed, rel=0.15)
    assert all((call.value("speed") or 1.0) == 1.0 for call in upstream.requests)


def test_speech_streams_as_events_from_the_provider_too(wired_client: OpenAI) -> None:
    body = say(wired_client, stream_format="sse").content.decode()
    assert '"speech.audio.delta"' in body
    assert body.rstrip().endswith("data: [DONE]")


# ------------------------------------------------------------------------------------------------ transcripts


def test_the_provider_gets_the_file_and_the_options(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    data = clip("austen-0880")
    write(wired_client, "whisper-1", language="en", prompt="Austen", temperature=0.25, response_format="verbose_json",
          timestamp_granularities=["word", "segment"])  # fmt: skip
    (call,) = upstream.requests
    assert call.path == "/v1/audio/transcriptions"
    assert call.form.get("model") == ["whisper-1"]
    assert call.form.get("language") == ["en"]
    assert call.form.get("prompt") == ["Austen"]
    assert [float(value) for value in call.form["temperature"]] == [0.25]
    assert set(call.form["timestamp_granularities[]"]) == {"word", "segment"}
    assert call.file == data


@pytest.mark.parametrize(
    ("model", "response_format"),
    [
        ("whisper-1", "json"),
        ("fake-stt", "text"),
        ("whisper-1", "srt"),
        ("fake-stt", "vtt"),
        ("fake-stt", "verbose_json"),
    ],
)
def test_every_format_is_made_of_the_provider_s_answer(wired_client: OpenAI, model: str, response_format: Any) -> None:
    answer = write(wired_client, model, response_format=response_format)
    text = write(wired_client, model).text
    if response_format == "verbose_json":
        assert answer.text == text
        assert answer.duration == pytest.approx(look(clip("austen-0880")).seconds, abs=0.002)
        assert answer.segments
        assert answer.usage.type == "duration"
    elif response_format == "json":
        assert answer.text == text
    else:
        assert text.split()[0] in answer


def test_speakers_are_distinguished(wired_client: OpenAI) -> None:
    answer = write(wired_client, "gpt-4o-transcribe-diarize", response_format="diarized_json", chunking_strategy="auto")
    assert answer.task == "transcribe"
    assert answer.segments
    assert answer.segments[0].speaker == "A"
    assert [segment.id for segment in answer.segments] == [f"seg_{i}" for i in range(len(answer.segments))]


def test_log_probabilities_come_through(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    answer = write(wired_client, "gpt-4o-transcribe", include=["logprobs"])
    assert answer.logprobs
    assert upstream.requests[0].form.get("include[]") == ["logprobs"]


@pytest.mark.parametrize("model", ["gpt-4o-transcribe", "whisper-1", "fake-stt"])
def test_streams_are_events_whether_the_provider_streams_or_not(wired_client: OpenAI, model: str) -> None:
    *deltas, done = write(wired_client, model, stream=True)
    assert deltas
    assert all(isinstance(event, TranscriptionTextDeltaEvent) for event in deltas)
    assert isinstance(done, TranscriptionTextDoneEvent)
    assert "".join(event.delta for event in deltas) == done.text == write(wired_client, model).text


def test_diarized_streams_have_segments(wired_client: OpenAI) -> None:
    events = list(
        write(
            wired_client, "gpt-4o-transcribe-diarize", stream=True, response_format="diarized_json",
            chunking_strategy="auto",
        )
    )  # fmt: skip
    assert {event.type for event in events[:-1]} == {"transcript.text.segment"}
    assert events[-1].type == "transcript.text.done"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_translations_go_to_translations(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    answer = wired_client.audio.translations.create(model="whisper-1", file=("a.wav", clip("austen-0880")))
    assert answer.text
    assert upstream.requests[0].path == "/v1/audio/translations"


def test_languages_of_the_catalogue_are_kept_to(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    with pytest.raises(BadRequestError) as caught:
        write(wired_client, "german-stt", language="en")
    assert caught.value.param == "language"
    assert not upstream.requests


def test_ignored_options_do_not_reach_the_provider(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    answer = wired_client.audio.transcriptions.with_raw_response.create(
        model="german-stt", file=("a.wav", clip("austen-0880")), prompt="Austen"
    )
    assert answer.headers["x-audio-gateway-ignored"] == "prompt"
    assert not upstream.requests[0].form.get("prompt")


def test_more_bytes_than_the_provider_takes_are_refused(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    data = encode(clip("austen-0880"), ENCODINGS["wav 44.1 kHz 24 bit"])
    with pytest.raises(APIStatusError) as caught:
        write(wired_client, "small-stt", file=("a.wav", data))
    assert (caught.value.status_code, caught.value.param) == (413, "file")
    assert upstream.calls == []


def test_more_seconds_than_the_provider_takes_are_sent_in_parts(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    assert write(wired_client, "small-stt", file=("a.wav", clip("austen-0880"))).text
    assert len(upstream.calls) > 1


def test_what_the_provider_says_of_the_duration_is_not_believed(wired_client: OpenAI) -> None:
    answer = write(wired_client, "whisper-1", file=("a.wav", tone_wav(1.5)), response_format="verbose_json")
    assert answer.duration == pytest.approx(1.5, abs=0.002)
    assert answer.usage.seconds == 2


# ------------------------------------------------------------------------------------------------ failures

Call = Callable[[OpenAI], Any]
CALLS: dict[str, Call] = {
    "speech": say,
    "transcription": write,
    "stream": lambda client: list(write(client, "gpt-4o-transcribe", stream=True)),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_rate_limit_stays_one_with_its_delay(wired_client: OpenAI, upstream: FakeUpstream, call: Call) -> None:
    upstream.script("status=429!code=rate_limit_exceeded!retry-after=7")
    with pytest.raises(RateLimitError) as caught:
        call(wired_client)
    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_used_up_quota_is_the_operator_s_and_not_tried_again(
    wired_client: OpenAI, upstream: FakeUpstream, call: Call
) -> None:
    upstream.script(*["status=429!code=insufficient_quota"] * 3)
    with pytest.raises(InternalServerError) as caught:
        call(wired_client.with_options(max_retries=2))
    assert caught.value.status_code == 503
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("call", "status"), [(CALLS["speech"], 401), (CALLS["transcription"], 403), (CALLS["stream"], 401)], ids=CALLS
)
def test_a_refused_key_is_the_operator_s_and_is_not_shown(
    wired_client: OpenAI, upstream: FakeUpstream, call: Call, status: int
) -> None:
    upstream.script(*[f"status={status}!message=Incorrect API key provided: {UPSTREAM_KEY}"] * 3)
    with pytest.raises(InternalServerError) as caught:
        call(wired_client.with_options(max_retries=2))
    assert caught.value.status_code == 502
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert UPSTREAM_KEY not in caught.value.response.text
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("call", "status"), [(CALLS["speech"], 500), (CALLS["transcription"], 503), (CALLS["stream"], 529)], ids=CALLS
)
def test_a_failing_provider_is_no_fault_of_the_caller(
    wired_client: OpenAI, upstream: FakeUpstream, call: Call, status: int
) -> None:
    upstream.script(f"status={status}")
    with pytest.raises(InternalServerError) as caught:
        call(wired_client)
    assert caught.value.status_code in (502, 503)
    assert caught.value.request_id


@pytest.mark.parametrize(
    ("call", "status"), [(CALLS["speech"], 422), (CALLS["transcription"], 400), (CALLS["stream"], 415)], ids=CALLS
)
def test_what_the_provider_rejects_is_reported_in_its_words(
    wired_client: OpenAI, upstream: FakeUpstream, call: Call, status: int
) -> None:
    upstream.script(f"status={status}!code=invalid_value!param=input!message=Too many tokens for me.")
    with pytest.raises(APIStatusError) as caught:
        call(wired_client)
    assert caught.value.status_code == status
    assert "Too many tokens for me." in caught.value.message
    assert caught.value.code == "invalid_value"
    assert caught.value.param == "input"
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("model", ["unreachable-tts", "unreachable-stt"])
def test_an_unreachable_provider_is_a_server_error(wired_client: OpenAI, model: str) -> None:
    with pytest.raises(InternalServerError) as caught:
        say(wired_client, model) if model.endswith("tts") else write(wired_client, model)
    assert caught.value.status_code in (502, 503)
    assert "127.0.0.1" not in caught.value.response.text, "where it is, is no business of callers"


@pytest.mark.parametrize("model", ["impatient-tts", "impatient-stt"])
def test_a_provider_that_does_not_answer_in_time_is_a_504(
    wired_client: OpenAI, upstream: FakeUpstream, model: str
) -> None:
    upstream.script("slow=10")
    with pytest.raises(InternalServerError) as caught:
        say(wired_client, model) if model.endswith("tts") else write(wired_client, model)
    assert caught.value.status_code == 504


BAD_ANSWERS: dict[str, tuple[Call, str, bytes]] = {
    "nothing": (say, "audio/mpeg", b""),
    "html": (say, "text/html", b"<html><h1>It works!</h1></html>"),
    "an error with 200": (write, "application/json", b'{"error": {"message": "no"}}'),
    "half of JSON": (write, "application/json", b'{"text": "hel'),
    "a number for text": (write, "application/json", b'{"text": 5}'),
    "random bytes": (say, "application/octet-stream", bytes(range(256)) * 16),
}


@pytest.mark.parametrize(("call", "content_type", "body"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_an_answer_that_is_none_is_a_502(
    wired_client: OpenAI, upstream: FakeUpstream, call: Call, content_type: str, body: bytes
) -> None:
    upstream.answer(body, content_type=content_type)
    with pytest.raises(InternalServerError) as caught:
        call(wired_client)
    assert caught.value.status_code == 502
    assert "It works!" not in caught.value.response.text


def test_a_transcript_too_big_for_lambda_arrives_all_the_same(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    text = 'all "work" ' * 600_000
    upstream.answer(json.dumps({"text": text, "usage": {"type": "duration", "seconds": 1}}))
    assert write(wired_client).text == text.strip()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_answer_that_is_cut_off_is_an_error(wired_client: OpenAI, upstream: FakeUpstream, call: Call) -> None:
    upstream.script("cut")
    kind = {CALLS["speech"]: APIConnectionError, CALLS["transcription"]: InternalServerError}.get(call, APIError)
    with pytest.raises(kind):
        call(wired_client)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_connection_that_is_dropped_is_a_server_error(
    wired_client: OpenAI, upstream: FakeUpstream, call: Call
) -> None:
    upstream.script("hangup")
    with pytest.raises(InternalServerError) as caught:
        call(wired_client)
    assert caught.value.status_code in (502, 503)


def test_an_error_in_a_redirect_is_not_followed(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    upstream.script("status=302!location=http://127.0.0.1:1/steal")
    with pytest.raises(InternalServerError) as caught:
        say(wired_client)
    assert caught.value.status_code == 502


# ------------------------------------------------------------------------------------------------ trying again


def test_the_sdk_tries_again_twice_after_a_failure(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    upstream.script(*["status=503"] * 2)
    assert say(wired_client.with_options(max_retries=2), input="Three tries.").content
    assert len(upstream.requests) == 3


def test_the_gateway_itself_does_not_multiply_the_sdk_s_tries(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    upstream.script(*["status=500"] * 20)
    with pytest.raises(InternalServerError):
        # No other test asks for just this: a repetition would get the answer that it has.
        write(wired_client.with_options(max_retries=2), prompt="Three tries.")
    assert len(upstream.requests) == 3


def test_a_rejected_request_is_not_tried_again(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    upstream.script(*["status=400!message=No."] * 3)
    with pytest.raises(BadRequestError):
        write(wired_client.with_options(max_retries=2))
    assert len(upstream.requests) == 1


def test_the_asynchronous_client_tries_again_too(wired_stack: dict[str, Any], upstream: FakeUpstream) -> None:
    upstream.script(*["status=503"] * 1)

    async def run() -> bytes:
        settings = {"base_url": wired_stack["base_url"], "api_key": wired_stack["api_key"]}
        async with AsyncOpenAI(**settings, max_retries=1) as client:
            return (await client.audio.speech.create(model="fake-tts", voice="alloy", input="Two tries.")).content

    assert asyncio.run(run())
    assert len(upstream.requests) == 2


def test_a_file_is_sent_whole_again(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    upstream.script(*["status=503"] * 1)
    file = ("a.wav", io.BytesIO(clip("austen-0880")))
    write(wired_client.with_options(max_retries=1), file=file, prompt="Two tries.")
    assert [call.file for call in upstream.requests] == [clip("austen-0880")] * 2


# ------------------------------------------------------------------------------------------------ fallbacks


def test_speech_falls_back_to_the_first_model_that_answers(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    answer = say(wired_client, "falling-tts", response_format="wav")
    assert answer.headers["x-audio-gateway-model"] == "espeak-ng"
    assert look(answer.content, "wav").peak > 0.05
    assert len(upstream.requests) == 1, "the one in between was asked"


def test_transcripts_fall_back_too(wired_client: OpenAI) -> None:
    answer = wired_client.audio.transcriptions.with_raw_response.create(
        model="falling-stt", file=("a.wav", clip("austen-0880"))
    )
    assert answer.headers["x-audio-gateway-model"] == "moonshine-tiny"
    assert "young" in answer.parse().text


def test_a_failure_of_the_provider_leads_to_the_fallback(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    upstream.script("status=429")
    assert say(wired_client, "backed-tts").headers["x-audio-gateway-model"] == "espeak-ng"


def test_a_model_that_works_is_not_replaced(wired_client: OpenAI) -> None:
    assert say(wired_client, "backed-tts").headers["x-audio-gateway-model"] == "backed-tts"


def test_what_the_provider_rejects_is_not_asked_of_others(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    upstream.script("status=400!message=No.")
    with pytest.raises(BadRequestError):
        say(wired_client, "backed-tts")


def test_a_fallback_that_cannot_do_it_is_not_asked(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    upstream.script(*["status=503"] * 1)
    with pytest.raises(InternalServerError) as caught:
        say(wired_client, "backed-tts", voice="anna")  # espeak-ng knows no anna
    assert caught.value.status_code == 503
