"""The clients and the command line on the real local stack: recordings and texts too big for a request.

Their options, and what may fail on their way, are in tests/unit/clients and tests/node/client.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI

import audio_gateway_client
from tests import tones
from tests.sound import wav
from tests.stack.jobs.conftest import Running

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[3]
WORDS = tones.talk(500, gaps_ms=tones.natural_gaps())
AUDIO = wav(b"".join(tones.sound(WORDS, end_ms=WORDS[-1].end_ms + 100)), tones.RATE, 1)
TEXT = "One sentence here, and so on. " * 140
assert len(AUDIO) > audio_gateway_client.DEFAULT_THRESHOLD
assert len(TEXT) > 4096
NODE_SCRIPT = """
    import { createReadStream } from 'node:fs';
    import OpenAI from 'openai';
    import { gatewayFetch } from '../../clients/node/index.mjs';
    const sent = [];
    const client = new OpenAI({ maxRetries: 0, fetch: gatewayFetch({ onUpload: (bytes) => sent.push(bytes) }) });
    const file = createReadStream(process.argv[1]);
    const { text } = await client.audio.transcriptions.create({ model: 'tones', file });
    console.log(JSON.stringify([text, Math.max(...sent)]));
"""


@pytest.fixture
def stack_of_jobs(running: Running) -> dict[str, Any]:
    running.upstream.reset()
    return running.info


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "talk.wav"
    path.write_bytes(AUDIO)
    return path


@pytest.fixture
def environment(stack_of_jobs: dict[str, Any]) -> dict[str, str]:
    paths = f"{ROOT}/layers/shared:{ROOT}/clients/python"
    own = {"OPENAI_BASE_URL": stack_of_jobs["base_url"], "OPENAI_API_KEY": stack_of_jobs["api_key"]}
    return os.environ | own | {"PYTHONPATH": paths}


def words_of(text: str) -> list[str]:
    return text.split()


SPOKEN = [word.text for word in WORDS]


def test_the_python_client(stack_of_jobs: dict[str, Any], recording: Path) -> None:
    sent: list[int] = []
    jobs: list[Any] = []
    http = audio_gateway_client.http_client(on_upload=lambda done, _total: sent.append(done), on_job=jobs.append)
    address = {"base_url": stack_of_jobs["base_url"], "api_key": stack_of_jobs["api_key"]}
    with OpenAI(**address, http_client=http) as client:
        with recording.open("rb") as file:
            answer = client.audio.transcriptions.create(model="tones", file=file, response_format="verbose_json")
        assert words_of(answer.text) == SPOKEN
        assert sent[-1] == len(AUDIO)
        assert jobs[-1]["status"] == "succeeded"
        assert jobs[-1]["progress"]["completed"] == jobs[-1]["progress"]["total"] > 1
        spoken = client.audio.speech.create(model="tts", voice="alloy", input=TEXT, response_format="wav").read()
        assert spoken[:4] == b"RIFF"


def test_the_asynchronous_client(stack_of_jobs: dict[str, Any], recording: Path) -> None:
    async def use() -> Any:
        http = audio_gateway_client.async_http_client()
        address = {"base_url": stack_of_jobs["base_url"], "api_key": stack_of_jobs["api_key"]}
        async with AsyncOpenAI(**address, http_client=http) as client:
            with recording.open("rb") as file:
                stream = await client.audio.transcriptions.create(model="tones", file=file, stream=True)
                return [event async for event in stream]

    assert words_of(asyncio.run(use())[-1].text) == SPOKEN


def test_the_node_client(node: str, environment: dict[str, str], recording: Path) -> None:
    done = subprocess.run(
        [node, "--no-warnings", "--input-type=module", "-e", NODE_SCRIPT, recording],
        cwd=ROOT / "tests" / "node", env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert not done.returncode, done.stderr
    text, sent = json.loads(done.stdout)
    assert words_of(text) == SPOKEN
    assert sent == len(AUDIO)


def test_the_command_line(environment: dict[str, str], recording: Path) -> None:
    program = [sys.executable, "-m", "audio_gateway"]
    for arguments in (
        ["transcribe", "talk.wav", "--format", "srt"],
        ["speak", "-", "-o", "book.wav", "--model", "tts"],
    ):
        done = subprocess.run(
            [*program, *arguments], cwd=recording.parent, env=environment, input=TEXT, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip
        assert not done.returncode, done.stderr
    subtitles = (recording.parent / "talk.srt").read_text()
    assert subtitles.startswith("1\n00:00:00")
    heard = [
        word for line in subtitles.splitlines() if "-->" not in line and not line.isdigit() for word in line.split()
    ]
    assert heard == SPOKEN
    assert (recording.parent / "book.wav").read_bytes()[:4] == b"RIFF"
