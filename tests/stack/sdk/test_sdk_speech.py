"""POST /v1/audio/speech on the shipped catalogue, as the official Python SDK calls it."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError, OpenAI

from tests.fakes.upstream import FakeUpstream
from tests.sound import Sound, look, look_pcm

pytestmark = pytest.mark.stack

MODEL = "espeak-ng"
TEXT = "The quick brown fox jumps over the lazy dog."
OPENAI_VOICES = (
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse", "marin", "cedar",
)  # fmt: skip

# What each format is: its Content-Type (contract section 2), PyAV's container and codec, and how much its codec pads.
FORMATS: dict[str, tuple[str, str, str, float]] = {
    "mp3": ("audio/mpeg", "mp3", "mp3float", 0.1),
    "opus": ("audio/opus", "ogg", "opus", 0.05),
    "aac": ("audio/aac", "aac", "aac", 0.15),
    "flac": ("audio/flac", "flac", "flac", 0.001),
    "wav": ("audio/wav", "wav", "pcm_s16le", 0.001),
    "pcm": ("audio/pcm", "pcm", "pcm_s16le", 0.001),
}


def heard(data: bytes, response_format: str) -> Sound:
    """The answer, decoded as what was asked for and as nothing else."""
    if response_format == "pcm":
        return look_pcm(data)
    return look(data, {"opus": "ogg"}.get(response_format, response_format))


def say(client: OpenAI, **options: Any) -> bytes:
    return client.audio.speech.create(**{"model": MODEL, "voice": "alloy", "input": TEXT, **options}).content


def sse_events(body: bytes) -> list[dict[str, Any]]:
    """The events of a stream, whose frames must be `data:` lines alone, the last one `[DONE]`."""
    frames = re.split(r"\r\n\r\n|\n\n", body.decode())
    assert frames.pop() == "", "the last event must end with a blank line too"
    assert all(frame.startswith("data: ") for frame in frames), frames[:3]
    assert frames.pop() == "data: [DONE]"
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]


@pytest.fixture(scope="module")
def plain_seconds(client: OpenAI) -> float:
    """How long the text takes, from the one format that has no codec."""
    return look_pcm(say(client, response_format="pcm")).seconds


@pytest.mark.parametrize("response_format", FORMATS)
def test_every_format_matches_its_content_type(client: OpenAI, plain_seconds: float, response_format: Any) -> None:
    content_type, container, codec, padding = FORMATS[response_format]
    answer = client.audio.speech.with_raw_response.create(
        model=MODEL, voice="alloy", input=TEXT, response_format=response_format
    )
    sound = heard(answer.content, response_format)

    assert answer.headers["content-type"] == content_type
    assert (sound.container, sound.codec, sound.channels) == (container, codec, 1)
    assert sound.rate == (48_000 if codec == "opus" else 24_000)  # Opus always decodes at 48 kHz
    assert sound.seconds == pytest.approx(plain_seconds, abs=padding)
    assert sound.peak > 0.05, "speech is not silence"


def test_opus_says_that_it_was_made_of_24_khz(client: OpenAI) -> None:
    data = say(client, response_format="opus")
    head = data.index(b"OpusHead")
    assert data[head + 9] == 1
    assert int.from_bytes(data[head + 12 : head + 16], "little") in (24_000, 48_000)


def test_the_default_format_is_mp3(client: OpenAI) -> None:
    answer = client.audio.speech.with_raw_response.create(model=MODEL, voice="alloy", input="Hello.")
    assert answer.headers["content-type"] == "audio/mpeg"
    assert heard(answer.content, "mp3").codec == "mp3float"


def test_a_streamed_wav_says_that_its_size_is_unknown(client: OpenAI) -> None:
    data = say(client, response_format="wav")
    start = data.index(b"data")
    assert data[4:8] == data[start + 4 : start + 8] == b"\xff" * 4


def test_every_voice_of_openai_speaks(client: OpenAI) -> None:
    for voice in OPENAI_VOICES:
        assert look_pcm(say(client, voice=voice, input="Hello.", response_format="pcm")).peak > 0.05, voice


def test_a_voice_can_be_an_object_with_an_id(wired_client: OpenAI, upstream: FakeUpstream) -> None:
    say(wired_client, model="fake-tts", voice={"id": "nova"})
    assert upstream.requests[0].value("voice") == "nova"
    assert look_pcm(say(wired_client, voice={"id": "nova"}, response_format="pcm")).peak > 0.05


def test_the_engine_s_own_voices_speak_their_language(client: OpenAI) -> None:
    listed = client.get("/audio/voices", options={"params": {"model": MODEL}}, cast_to=object)
    assert isinstance(listed, dict)
    german = next(v["id"] for v in listed["data"] if (v["language"] or "").split("-")[0] == "de")
    text = "Guten Morgen, wie geht es Ihnen?"
    assert look_pcm(say(client, voice=german, input=text, response_format="pcm")).peak > 0.05


@pytest.mark.parametrize(("speed", "response_format"), [(0.25, "pcm"), (2, "mp3"), (4.0, "wav")])
def test_speed_divides_the_time(client: OpenAI, plain_seconds: float, speed: float, response_format: Any) -> None:
    sound = heard(say(client, speed=speed, response_format=response_format), response_format)
    assert sound.seconds == pytest.approx(plain_seconds / speed, rel=0.2)


def test_the_same_audio_is_encoded_to_the_same_bytes(wired_client: OpenAI) -> None:
    for response_format in FORMATS:
        options = {"model": "pcm-tts", "response_format": response_format}
        assert say(wired_client, **options) == say(wired_client, **options), response_format


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "Grüße, ça va? ¡Olé! Привет. 你好。",
        "Emoji \N{GRINNING FACE} and e\N{COMBINING ACUTE ACCENT} too.",
        "Line one.\nLine two.\r\n\tTabbed.",
        "<speak>5 < 6 & 7 > 3</speak> [[h@l'oU]]",
        "-v en-us --stdout $(id) `id` ; rm",
    ],
    ids=["one letter", "alphabets", "emoji", "lines", "markup", "shell"],
)
def test_any_text_can_be_spoken(client: OpenAI, text: str) -> None:
    assert heard(say(client, input=text, response_format="wav"), "wav").seconds > 0.05


LONG = ((TEXT + " ") * 200)[:4096]


def test_the_whole_4096_characters_are_spoken_and_arrive_in_one_response(client: OpenAI) -> None:
    short = look_pcm(say(client, input=LONG[:1024], response_format="pcm")).seconds
    whole = client.audio.speech.with_raw_response.create(model=MODEL, voice="alloy", input=LONG, response_format="wav")
    assert not whole.http_response.history
    assert len(whole.content) > 6_000_000
    assert heard(whole.content, "wav").seconds == pytest.approx(4 * short, rel=0.1)


def test_answers_name_the_request_the_time_and_the_model(client: OpenAI) -> None:
    headers = client.audio.speech.with_raw_response.create(model=MODEL, voice="alloy", input="Hello.").headers
    assert re.fullmatch(r"req_[0-9a-f]{32}", headers["x-request-id"])
    assert int(headers["openai-processing-ms"]) >= 0
    assert headers["x-audio-gateway-model"] == MODEL
    assert "x-audio-gateway-ignored" not in headers


def test_a_streaming_response_can_be_saved(client: OpenAI, tmp_path: Path) -> None:
    target = tmp_path / "speech.mp3"
    with client.audio.speech.with_streaming_response.create(model=MODEL, voice="alloy", input=TEXT) as answer:
        answer.stream_to_file(target)
    assert heard(target.read_bytes(), "mp3").seconds > 1


def test_a_streaming_response_can_be_read_in_pieces(wired_client: OpenAI) -> None:
    options: Any = {"model": "pcm-tts", "voice": "alloy", "input": TEXT, "response_format": "flac"}
    with wired_client.audio.speech.with_streaming_response.create(**options) as answer:
        joined = b"".join(answer.iter_bytes(1000))
    assert joined == wired_client.audio.speech.create(**options).content


def test_the_asynchronous_client_speaks(aclient: Any) -> None:
    async def run() -> tuple[bytes, bytes]:
        client: AsyncOpenAI
        async with aclient() as client:
            whole = await client.audio.speech.create(model=MODEL, voice="echo", input=TEXT, response_format="wav")
            streamed = client.audio.speech.with_streaming_response.create(
                model=MODEL, voice="echo", input=TEXT, response_format="wav"
            )
            async with streamed as answer:
                return whole.content, b"".join([piece async for piece in answer.iter_bytes()])

    whole, streamed = asyncio.run(run())
    assert heard(whole, "wav").seconds > 1
    assert heard(streamed, "wav").seconds == pytest.approx(heard(whole, "wav").seconds, abs=0.05)


@pytest.mark.parametrize(("model", "response_format"), [("fake-tts", "mp3"), ("pcm-tts", "opus")])
def test_server_sent_events_carry_the_same_file(wired_client: OpenAI, model: str, response_format: Any) -> None:
    options: Any = {"model": model, "voice": "alloy", "input": TEXT, "response_format": response_format}
    answer = wired_client.audio.speech.with_raw_response.create(**options, stream_format="sse")
    *deltas, done = sse_events(answer.content)

    assert answer.headers["content-type"].replace(" ", "") == "text/event-stream;charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert b"".join(base64.b64decode(event["audio"], validate=True) for event in deltas) == say(wired_client, **options)
    assert done["type"] == "speech.audio.done"
    usage = done["usage"]
    assert all(type(usage[name]) is int for name in ("input_tokens", "output_tokens", "total_tokens"))
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_events_of_more_than_lambda_s_buffered_size_arrive(wired_client: OpenAI) -> None:
    *deltas, _done = sse_events(
        say(wired_client, model="fake-tts", input="a" * 1_700, response_format="wav", stream_format="sse")
    )
    sound = heard(b"".join(base64.b64decode(event["audio"]) for event in deltas), "wav")
    assert sound.seconds == pytest.approx(102, abs=0.1)


def test_the_embedded_engine_speaks_in_events_too(client: OpenAI) -> None:
    *deltas, _done = sse_events(say(client, response_format="wav", stream_format="sse"))
    assert heard(b"".join(base64.b64decode(event["audio"]) for event in deltas), "wav").peak > 0.05


def test_stream_format_audio_is_the_plain_file(wired_client: OpenAI) -> None:
    assert say(wired_client, model="pcm-tts", stream_format="audio") == say(wired_client, model="pcm-tts")


def test_instructions_are_let_through_and_announced_where_the_model_has_none(client: OpenAI) -> None:
    raw = client.audio.speech.with_raw_response.create(
        model=MODEL, voice="alloy", input="Hello.", instructions="Whisper."
    )
    assert raw.headers["x-audio-gateway-ignored"] == "instructions"


def test_an_unknown_voice_is_refused_with_those_that_exist(client: OpenAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        say(client, voice="nobody")
    assert caught.value.param == "voice"
    assert "alloy" in caught.value.message
    assert caught.value.request_id


def test_a_voice_is_a_name_and_nothing_else(client: OpenAI) -> None:
    for voice in ("../../etc/passwd", "alloy\0", "alloy+", "+f2", "alloy;id", "x" * 10_000):
        with pytest.raises(BadRequestError) as caught:
            say(client, voice=voice)
        assert caught.value.param == "voice"
        assert len(caught.value.message) < 5_000
