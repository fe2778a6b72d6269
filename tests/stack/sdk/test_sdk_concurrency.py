"""Many at once: every answer is right, and is the answer to its own question."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from openai import AsyncOpenAI

from tests.sound import PHRASE, look, look_pcm, phrase, wav, word_errors

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

PARALLEL = 16


def test_sixteen_speeches_at_once_are_each_the_right_one(aclient: Any) -> None:
    # Steps long enough to be told apart: the engine speaks equal texts a little differently.
    texts = ["la la la la " * (i + 1) for i in range(PARALLEL)]

    async def run() -> tuple[list[bytes], list[bytes]]:
        client: AsyncOpenAI
        async with aclient() as client:

            async def say(text: str) -> bytes:
                options: Any = {"model": "espeak-ng", "voice": "alloy", "input": text, "response_format": "pcm"}
                return (await client.audio.speech.create(**options)).content

            together = await asyncio.gather(*map(say, texts))
            return list(together), [await say(text) for text in texts]

    together, alone = asyncio.run(run())
    assert [look_pcm(data).seconds for data in together] == pytest.approx(
        [look_pcm(data).seconds for data in alone], rel=0.1
    )
    lengths = [look_pcm(data).seconds for data in together]
    assert lengths == sorted(lengths)


def test_eight_transcriptions_at_once_are_each_the_right_one(aclient: Any) -> None:
    # The phrase with silence of a length of its own behind it: so the answers can be told apart.
    speech = phrase()[44:]
    files = [wav(speech + bytes(3_200 * i)) for i in range(8)]  # of which not all can run at once

    async def run() -> list[Any]:
        client: AsyncOpenAI
        async with aclient() as client:
            return await asyncio.gather(*(
                client.audio.transcriptions.create(
                    model="pocketsphinx", file=("a.wav", file), response_format="verbose_json"
                )
                for file in files
            ))  # fmt: skip

    for file, answer in zip(files, asyncio.run(run()), strict=True):
        assert "might" in answer.text
        assert answer.duration == pytest.approx(look(file).seconds, abs=0.002)


def test_good_and_bad_requests_at_once_do_not_disturb_each_other(aclient: Any) -> None:
    async def run() -> list[Any]:
        client: AsyncOpenAI
        async with aclient() as client:
            speech = client.audio.speech.create
            transcribe = client.audio.transcriptions.create
            calls: list[Any] = []
            for i in range(4):
                calls += [
                    speech(model="espeak-ng", voice="alloy", input=f"Number {i}.", response_format="wav"),
                    speech(model="espeak-ng", voice="nobody", input="Hello."),
                    transcribe(model="pocketsphinx", file=("a.wav", phrase())),
                    transcribe(model="pocketsphinx", file=("a.wav", b"no audio")),
                ]
            return await asyncio.gather(*calls, return_exceptions=True)

    answers = asyncio.run(run())
    for i in range(0, PARALLEL, 4):
        spoken, no_voice, written, no_audio = answers[i : i + 4]
        assert look(spoken.content).seconds > 0.3
        assert no_voice.param == "voice"
        assert word_errors(PHRASE, written.text) <= 0.25
        assert no_audio.param == "file"


def test_request_ids_are_unique_under_load(aclient: Any) -> None:
    async def run() -> list[str]:
        client: AsyncOpenAI
        async with aclient() as client:
            answers = await asyncio.gather(*(client.models.with_raw_response.list() for _ in range(PARALLEL)))
            return [answer.headers["x-request-id"] for answer in answers]

    ids = asyncio.run(run())
    assert len(set(ids)) == PARALLEL
