"""Many at the same time: every answer is right, and is the answer to its own question."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from openai import AsyncOpenAI

from tests.sound import look, look_pcm, tone_wav

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

PARALLEL = 16


def test_sixteen_speeches_at_the_same_time_are_each_the_right_one(wired_aclient: Any) -> None:
    texts = ["la " * (number + 1) + "." for number in range(PARALLEL)]

    async def run() -> list[Any]:
        client: AsyncOpenAI
        async with wired_aclient() as client:
            create = client.audio.speech.with_raw_response.create
            options: Any = {"model": "fake-tts", "voice": "alloy", "response_format": "pcm"}
            return list(await asyncio.gather(*(create(input=text, **options) for text in texts)))

    answers = asyncio.run(run())
    for text, answer in zip(texts, answers, strict=True):
        assert look_pcm(answer.content).seconds == pytest.approx(max(0.2, 0.06 * len(text)), abs=0.001)
    assert len({answer.headers["x-request-id"] for answer in answers}) == PARALLEL


def test_sixteen_transcriptions_at_the_same_time_are_each_the_right_one(wired_aclient: Any) -> None:
    files = [tone_wav(0.5 + number / 10) for number in range(PARALLEL)]  # of which not all can run at the same time

    async def run() -> list[Any]:
        client: AsyncOpenAI
        async with wired_aclient() as client:
            return await asyncio.gather(*(
                client.audio.transcriptions.create(
                    model="fake-stt", file=("a.wav", file), response_format="verbose_json"
                )
                for file in files
            ))  # fmt: skip

    for file, answer in zip(files, asyncio.run(run()), strict=True):
        seconds = look(file).seconds
        assert answer.text.startswith(f"I heard {seconds:.1f} seconds")
        assert answer.duration == pytest.approx(seconds, abs=0.002)


def test_good_and_bad_requests_at_the_same_time_do_not_disturb_each_other(wired_aclient: Any) -> None:
    async def run() -> list[Any]:
        client: AsyncOpenAI
        async with wired_aclient() as client:
            speech = client.audio.speech.create
            transcribe = client.audio.transcriptions.create
            calls: list[Any] = []
            for i in range(4):
                calls += [
                    speech(model="espeak-ng", voice="alloy", input=f"Number {i}.", response_format="wav"),
                    speech(model="espeak-ng", voice="nobody", input="Hello."),
                    transcribe(model="fake-stt", file=("a.wav", tone_wav(1))),
                    transcribe(model="fake-stt", file=("a.wav", b"no audio")),
                ]
            return await asyncio.gather(*calls, return_exceptions=True)

    answers = asyncio.run(run())
    for i in range(0, PARALLEL, 4):
        spoken, no_voice, written, no_audio = answers[i : i + 4]
        assert look(spoken.content).seconds > 0.3
        assert no_voice.param == "voice"
        assert written.text.startswith("I heard 1.0 seconds")
        assert no_audio.param == "file"
