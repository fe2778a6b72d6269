"""Jobs through the official SDK on the real local stack: calls that return later, and jobs in the background.

What the endpoints of jobs answer is in tests/unit/api/test_jobs.py, and one call that fails on its way, again and
again, in tests/unit/api/test_one_call.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import APIStatusError, OpenAI

from audio_gateway.identity.directory import Directory
from tests import tones
from tests.fakes.upstream import FakeUpstream
from tests.sound import wav
from tests.stack.aws import aws_of
from tests.stack.jobs.conftest import Running
from tests.stack.sdk.wire import Answer, Wire

WORDS = tones.talk(80, gaps_ms=tones.natural_gaps())
AUDIO = wav(b"".join(tones.sound(WORDS, end_ms=WORDS[-1].end_ms + 100)), tones.RATE, 1)
TEXT = "One sentence here, and so on. " * 40
NODE_TESTS = Path(__file__).parents[2] / "node"
NODE_SCRIPT = """
    import { createReadStream, readFileSync } from 'node:fs';
    import OpenAI, { toFile } from 'openai';
    const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.API_KEY, maxRetries: 0 });
    const [path, input] = process.argv.slice(1);
    const hear = async (file) => (await client.audio.transcriptions.create({ model: 'slow', file })).text;
    const spoken = await (async () => [
      await hear(createReadStream(path)),
      await hear(await toFile(readFileSync(path), 'a.wav')),
      await client.audio.speech.create({ model: 'slow-tts', voice: 'alloy', input, response_format: 'wav' }),
    ])();
    const audio = Buffer.from(await spoken[2].arrayBuffer());
    console.log(JSON.stringify([spoken[0], spoken[1], audio.subarray(0, 4).toString()]));
"""
FORMATS = ["json", "text", "srt", "vtt", "verbose_json"]


class Gateway:
    """The stack's API, and the provider behind it."""

    def __init__(self, info: dict[str, Any], upstream: FakeUpstream) -> None:
        self.info, self.upstream = info, upstream
        self.wire = Wire(info["base_url"], info["api_key"])
        self.client = OpenAI(
            base_url=info["base_url"], api_key=info["api_key"], max_retries=0, timeout=90,
            _strict_response_validation=True,
        )  # fmt: skip

    def begin(self, **fields: str) -> dict[str, Any]:
        given = {"model": "quick", "background": "true"} | fields
        answer = self.wire.transcription(*given.items(), ("file", ("a.wav", AUDIO)))
        assert answer.status == 202, answer.body
        return dict(answer.json)

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(self.wire.call("GET", f"/audio/jobs/{job_id}").json)

    def content(self, job_id: str, query: str = "") -> Answer:
        """Waited for as an SDK does."""
        answer = self.wire.call("GET", f"/audio/jobs/{job_id}/content?{query}")
        for _ in range(20):
            if answer.status != 303 or not answer.headers["location"].startswith("/v1/"):
                break
            answer = self.wire.call("GET", answer.headers["location"].removeprefix("/v1"))
        return answer

    def end(self, job_id: str) -> dict[str, Any]:
        give_up_at = time.monotonic() + 60
        while (job := self.job(job_id))["status"] in ("queued", "running"):
            assert time.monotonic() < give_up_at, job
            time.sleep(0.1)
        return job


@pytest.fixture
def gateway(running: Running) -> Iterator[Gateway]:
    running.upstream.reset()
    made = Gateway(running.info, running.upstream)
    yield made
    made.client.close()


def test_a_call_whose_work_does_not_fit_returns_later_as_if_it_did(gateway: Gateway, tmp_path: Path) -> None:
    audio = tmp_path / "a.wav"
    audio.write_bytes(AUDIO)
    create = gateway.client.audio.transcriptions.with_raw_response.create
    with audio.open("rb") as file:
        later = create(model="slow", file=file, response_format="verbose_json")
    immediate = create(model="quick", file=audio, response_format="verbose_json")
    assert immediate.http_response.history == []
    first = later.http_response.history[0]
    assert first.status_code == 303
    assert first.headers["x-audio-gateway-job"].startswith("job_")
    assert later.http_response.status_code == 200
    assert later.content == immediate.content
    for name in ("content-type", "x-audio-gateway-cost-usd"):
        assert later.headers[name] == immediate.headers[name]
    assert later.headers["x-audio-gateway-model"] == "slow"


def test_speech_that_does_not_fit_into_a_response_is_waited_for(gateway: Gateway) -> None:
    spoken = gateway.client.audio.speech.with_raw_response.create(
        model="slow-tts", voice="alloy", input=TEXT, response_format="wav"
    )
    assert spoken.http_response.history[0].status_code == 303
    assert spoken.content[:4] == b"RIFF"
    assert spoken.headers["x-audio-gateway-model"] == "slow-tts"


def test_a_background_job_from_its_start_to_its_deletion(gateway: Gateway) -> None:
    started = gateway.begin(response_format="srt")
    path = f"/audio/jobs/{started['id']}"
    assert (started["object"], started["status"], started["error"], started["usage"]) == (
        "audio.job", "queued", None, None,
    )  # fmt: skip
    ended = gateway.end(started["id"])
    assert (ended["status"], ended["progress"]["completed"]) == ("succeeded", ended["progress"]["total"])
    assert ended["usage"]["type"] == "duration"
    assert started["created_at"] <= ended["completed_at"] < ended["expires_at"]
    listed = gateway.wire.call("GET", "/audio/jobs?limit=1").json
    assert (listed["first_id"], listed["last_id"], listed["data"]) == (started["id"], started["id"], [ended])

    stranger = stranger_to(gateway)
    for method, below in [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/content")]:
        answer = stranger.call(method, path + below)
        assert (answer.status, answer.error["code"]) == (404, "job_not_found")
    assert stranger.call("GET", "/audio/jobs").json["data"] == []

    assert gateway.content(started["id"]).body.startswith(b"1\n00:00:")
    assert (
        gateway.content(started["id"], "response_format=json&stream=true")
        .headers["content-type"]
        .startswith("text/event-stream")
    )
    for response_format, more in [*((name, []) for name in FORMATS), ("verbose_json", ["word"])]:
        fields = [("response_format", response_format), *(("timestamp_granularities[]", each) for each in more)]
        immediate = gateway.wire.transcription(("model", "quick"), *fields, ("file", ("a.wav", AUDIO)))
        content = gateway.content(started["id"], "&".join("=".join(field) for field in fields))
        assert (content.status, content.body) == (200, immediate.body)
        assert content.headers["content-type"] == immediate.headers["content-type"]

    answer = gateway.wire.call("POST", f"{path}/cancel")
    assert (answer.status, answer.error["code"]) == (409, "job_not_cancellable")
    deleted = gateway.wire.call("DELETE", path)
    assert deleted.json == {"id": started["id"], "object": "audio.job.deleted", "deleted": True}
    assert gateway.wire.call("GET", path).status == 404


def stranger_to(gateway: Gateway) -> Wire:
    """A caller of another project."""
    directory = Directory(aws_of(gateway.info, "dynamodb"), gateway.info["table"])
    key = directory.create_key("api", name="stranger", project_id=directory.create_project("elsewhere").id)
    return Wire(gateway.info["base_url"], key.value)


def test_the_last_redirect_says_where_the_result_will_be(gateway: Gateway) -> None:
    gateway.upstream.script("held")
    job = gateway.begin(model="one-at-a-time")
    answer = gateway.content(job["id"], "wait=0")
    gateway.upstream.let_go()
    assert (answer.status, answer.error["code"], answer.headers["x-should-retry"]) == (504, "still_running", "false")
    assert job["id"] in answer.error["message"]
    assert f"/v1/audio/jobs/{job['id']}/content" in answer.error["message"]
    gateway.wire.call("DELETE", f"/audio/jobs/{job['id']}")
    assert gateway.wire.call("GET", f"/audio/jobs/{job['id']}").status == 404


def test_a_call_that_became_a_job_fails_with_the_provider_s_error(gateway: Gateway) -> None:
    gateway.upstream.script(*["status=400!message=The provider refuses it."] * 30)
    with pytest.raises(APIStatusError) as caught:
        gateway.client.audio.transcriptions.create(model="slow", file=("a.wav", AUDIO))
    assert caught.value.status_code == 400
    assert "The provider refuses it." in str(caught.value)


def test_the_node_sdk_follows_from_every_kind_of_body(gateway: Gateway, node: str, tmp_path: Path) -> None:
    audio = tmp_path / "a.wav"
    audio.write_bytes(AUDIO)
    at_once = gateway.client.audio.transcriptions.create(model="quick", file=audio)
    environment = {**os.environ, "BASE_URL": gateway.info["base_url"], "API_KEY": gateway.info["api_key"]}
    done = subprocess.run(
        [node, "--input-type=module", "-e", NODE_SCRIPT, str(audio), TEXT],
        cwd=NODE_TESTS,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    streamed, whole, speech = json.loads(done.stdout)
    assert streamed == whole == at_once.text
    assert speech == "RIFF"
    jobs = gateway.wire.call("GET", "/audio/jobs?limit=3").json["data"]
    assert [job["model"] for job in jobs] == ["slow-tts", "slow", "slow"]


def test_an_idempotency_key_leads_to_the_same_job(gateway: Gateway) -> None:
    key = {"Idempotency-Key": f"jobs-{time.time_ns()}"}
    calls = [
        gateway.client.audio.transcriptions.with_raw_response.create(
            model="slow", file=("a.wav", AUDIO), extra_headers=key
        )
        for _ in range(2)
    ]
    first, again = (call.http_response.history[0].headers for call in calls)
    assert first["x-audio-gateway-job"] == again["x-audio-gateway-job"]
    assert again["x-audio-gateway-replayed"] == "true"
    assert calls[0].content == calls[1].content
