"""The fake upstream behaves as the real one: the official SDK is the judge."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.fakes.upstream import FakeUpstream
from tests.sound import clip, look, look_pcm, tone_wav, wav


@pytest.fixture
def fake() -> Iterator[FakeUpstream]:
    with FakeUpstream() as running:  # one for each test, as a request that was given up may arrive late
        yield running


@pytest.fixture
def client(fake: FakeUpstream) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=fake.base_url, api_key="sk", max_retries=0, _strict_response_validation=True) as made:
        yield made


FILE = ("a b.wav", clip("austen-0880"))


@pytest.mark.parametrize("response_format", ["mp3", "opus", "aac", "flac", "wav"])
def test_speech_is_a_file_whose_length_goes_by_the_text(client: openai.OpenAI, response_format: Any) -> None:
    short, long = (
        look(
            client.audio.speech.create(
                model="tts-1", voice="alloy", input="x" * n, response_format=response_format
            ).content
        )
        for n in (20, 60)
    )
    assert [short.seconds, long.seconds] == pytest.approx([1.2, 3.6], abs=0.15)


def test_pcm_is_headerless(client: openai.OpenAI) -> None:
    audio = client.audio.speech.create(model="tts-1", voice="alloy", input="x" * 20, response_format="pcm", speed=2.0)
    assert look_pcm(audio.content).seconds == pytest.approx(0.6, abs=0.01)


def test_transcripts_tell_what_was_heard(client: openai.OpenAI) -> None:
    answer = client.audio.transcriptions.create(model="whisper-1", file=FILE, prompt="Jane", language="en")
    assert answer.text == "I heard 3.0 seconds of wav in a b.wav language=en prompt=Jane"


def test_transcripts_of_silence_are_empty(client: openai.OpenAI) -> None:
    assert client.audio.transcriptions.create(model="whisper-1", file=("s.wav", wav(bytes(32_000)))).text == ""


def test_verbose_and_diarized_answers_satisfy_the_sdk(client: openai.OpenAI) -> None:
    verbose = client.audio.transcriptions.create(
        model="whisper-1", file=FILE, response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    assert verbose.words
    assert verbose.segments
    diarized = client.audio.transcriptions.create(
        model="gpt-4o-transcribe-diarize", file=FILE, response_format="diarized_json", chunking_strategy="auto"
    )
    assert {segment.speaker for segment in diarized.segments} == {"A", "B"}


def test_diarization_insists_on_chunking(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="chunking_strategy"):
        client.audio.transcriptions.create(
            model="gpt-4o-transcribe-diarize", file=FILE, response_format="diarized_json"
        )


def test_streams_satisfy_the_sdk(client: openai.OpenAI) -> None:
    *deltas, done = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=FILE, stream=True)
    assert "".join(event.delta for event in deltas) == done.text  # all are deltas


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_translations_satisfy_the_sdk(client: openai.OpenAI) -> None:
    assert client.audio.translations.create(model="whisper-1", file=FILE).text


def test_what_is_no_audio_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError):
        client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"RIFFnonsense"))


def test_a_key_can_be_asked_for() -> None:
    with (
        FakeUpstream(api_key="sk-right") as upstream,
        openai.OpenAI(base_url=upstream.base_url, api_key="sk-wrong") as client,
    ):
        with pytest.raises(openai.AuthenticationError):
            client.audio.speech.create(model="tts-1", voice="alloy", input="x")
        client.api_key = "sk-right"
        assert client.audio.speech.create(model="tts-1", voice="alloy", input="x").content


def test_the_next_calls_behave_as_configured(fake: FakeUpstream, client: openai.OpenAI) -> None:
    def status() -> int:
        try:
            client.audio.speech.create(model="tts-1", voice="alloy", input="x")
        except openai.APIStatusError as error:
            return error.status_code
        return 200

    fake.script("status=503", "", "status=429")
    fake.fail(418, times=2)
    fake.answer("teapot", "text/plain", status=500)
    assert [status() for _ in range(7)] == [503, 200, 429, 418, 418, 500, 200]


def test_errors_are_openai_s_with_headers(client: openai.OpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        client.audio.speech.create(
            model="tts-1!status=429!code=insufficient_quota!retry-after=7", voice="alloy", input="x"
        )
    assert caught.value.code == "insufficient_quota"
    assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize("behaviour", ["cut", "hangup"])
def test_connections_break(client: openai.OpenAI, behaviour: str) -> None:
    with pytest.raises(openai.APIConnectionError):
        client.audio.speech.create(model=f"tts-1!{behaviour}", voice="alloy", input="x" * 40)


def test_it_is_a_program_that_tells_its_calls(tmp_path: object) -> None:
    program = subprocess.Popen([sys.executable, "-m", "tests.fakes.upstream"], stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout is not None
        url = program.stdout.readline().strip()
        root = url.removesuffix("/v1")
        with openai.OpenAI(base_url=url, api_key="sk") as client:
            client.audio.transcriptions.create(model="whisper-1", file=("t.wav", tone_wav(0.5)))
            client.audio.speech.create(model="tts-1", voice="alloy", input="x")
        with urllib.request.urlopen(f"{root}/_calls") as answer:
            state = json.load(answer)
        assert state["count"] == 2
        assert state["calls"][0]["file_bytes"] == len(tone_wav(0.5))
        assert state["calls"][1]["json"]["voice"] == "alloy"
        urllib.request.urlopen(urllib.request.Request(f"{root}/_reset", method="POST")).close()
        with urllib.request.urlopen(f"{root}/_calls") as answer:
            assert json.load(answer) == {"count": 0, "calls": []}
    finally:
        program.terminate()
        program.wait(10)
        program.stdout.close()
