"""Jobs through the official SDK on the real local stack: calls that return later, and jobs asked for by name."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openai import APIStatusError, OpenAI

from audio_gateway.identity.directory import Directory
from tests import tones
from tests.fakes.upstream import FakeUpstream
from tests.sound import wav
from tests.stack.aws import aws_of
from tests.stack.sdk.wire import Answer, Wire

CATALOG = Path(__file__).parent / "sdk.toml"
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


@pytest.fixture(scope="module")
def running(
    start_stack: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, Any], FakeUpstream]]:
    with FakeUpstream() as upstream:
        catalog = tmp_path_factory.mktemp("sdk-jobs") / "catalog.toml"
        catalog.write_text(CATALOG.read_text().replace("@UPSTREAM@", upstream.base_url))
        yield start_stack(AUDIO_GATEWAY_CATALOG=str(catalog)), upstream


@pytest.fixture
def gateway(running: tuple[dict[str, Any], FakeUpstream]) -> Gateway:
    info, upstream = running
    upstream.reset()
    return Gateway(info, upstream)


@pytest.mark.parametrize("response_format", FORMATS)
def test_a_call_whose_work_does_not_fit_returns_by_itself_as_if_it_did(gateway: Gateway, response_format: str) -> None:
    heard = gateway.client.audio.transcriptions.with_raw_response.create(
        model="slow",
        file=("a.wav", AUDIO),
        response_format=response_format,  # type: ignore[call-overload]
    )
    at_once = gateway.client.audio.transcriptions.with_raw_response.create(
        model="quick",
        file=("a.wav", AUDIO),
        response_format=response_format,  # type: ignore[call-overload]
    )
    assert at_once.http_response.history == []
    first = heard.http_response.history[0]
    assert first.status_code == 303
    assert first.headers["x-audio-gateway-job"].startswith("job_")
    assert heard.http_response.status_code == 200
    assert heard.content == at_once.content
    assert heard.headers["content-type"] == at_once.headers["content-type"]
    assert heard.headers["x-audio-gateway-cost-usd"] == at_once.headers["x-audio-gateway-cost-usd"]
    assert heard.headers["x-audio-gateway-model"] == "slow"


def test_speech_that_does_not_fit_returns_by_itself(gateway: Gateway) -> None:
    spoken = gateway.client.audio.speech.with_raw_response.create(
        model="slow-tts", voice="alloy", input=TEXT, response_format="wav"
    )
    assert spoken.http_response.history[0].status_code == 303
    assert spoken.content[:4] == b"RIFF"
    assert spoken.headers["x-audio-gateway-model"] == "slow-tts"


def test_a_background_job_from_its_beginning_to_its_end(gateway: Gateway) -> None:
    begun = gateway.begin()
    assert (begun["object"], begun["status"], begun["error"], begun["usage"]) == ("audio.job", "queued", None, None)
    ended = gateway.end(begun["id"])
    assert (ended["status"], ended["progress"]["completed"]) == ("succeeded", ended["progress"]["total"])
    assert ended["usage"]["type"] == "duration"
    assert begun["created_at"] <= ended["completed_at"] < ended["expires_at"]
    listed = gateway.wire.call("GET", "/audio/jobs?limit=1").json
    assert (listed["first_id"], listed["last_id"], listed["data"]) == (begun["id"], begun["id"], [ended])


def test_the_content_is_the_synchronous_answer_in_every_format(gateway: Gateway) -> None:
    job = gateway.begin(response_format="srt")
    for response_format in FORMATS:
        at_once = gateway.wire.transcription(
            ("model", "quick"), ("response_format", response_format), ("file", ("a.wav", AUDIO))
        )
        content = gateway.content(job["id"], f"response_format={response_format}")
        assert content.status == 200
        assert content.body == at_once.body
        assert content.headers["content-type"] == at_once.headers["content-type"]
    assert gateway.content(job["id"]).body.startswith(b"1\n00:00:")


def test_words_and_streams_are_the_synchronous_answer(gateway: Gateway) -> None:
    job = gateway.begin()
    fields = [("model", "quick"), ("response_format", "verbose_json"), ("timestamp_granularities[]", "word")]
    at_once = gateway.wire.transcription(*fields, ("file", ("a.wav", AUDIO)))
    content = gateway.content(job["id"], "response_format=verbose_json&timestamp_granularities[]=word")
    assert content.body == at_once.body
    assert gateway.content(job["id"], "stream=true").headers["content-type"].startswith("text/event-stream")


def test_a_job_of_another_project_is_not_there(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    job = gateway.begin()
    info = gateway.info
    directory = Directory(aws_of(info, "dynamodb"), info["table"])
    project = directory.projects.create("elsewhere")
    key = directory.api_keys.create(name="stranger", project_id=project.id)
    stranger = Wire(info["base_url"], key.value)
    for method, path in [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/content")]:
        answer = stranger.call(method, f"/audio/jobs/{job['id']}{path}")
        assert (answer.status, answer.error["code"]) == (404, "job_not_found")
    assert stranger.call("GET", "/audio/jobs").json["data"] == []
    assert gateway.end(job["id"])["status"] == "succeeded"


def test_a_running_job_is_cancelled_and_nothing_is_left_of_it(gateway: Gateway) -> None:
    gateway.upstream.script(*["slow=3"] * 12)
    job = gateway.begin(model="one-at-a-time")
    while gateway.job(job["id"])["status"] == "queued":
        time.sleep(0.05)
    for _ in range(2):
        answer = gateway.wire.call("POST", f"/audio/jobs/{job['id']}/cancel")
        assert (answer.status, answer.json["status"]) == (200, "cancelled")
    content = gateway.wire.call("GET", f"/audio/jobs/{job['id']}/content")
    assert (content.status, content.error["code"], content.headers["x-should-retry"]) == (409, "job_cancelled", "false")


def test_a_job_that_is_over_is_deleted_and_not_cancelled(gateway: Gateway) -> None:
    job = gateway.begin()
    gateway.end(job["id"])
    answer = gateway.wire.call("POST", f"/audio/jobs/{job['id']}/cancel")
    assert (answer.status, answer.error["code"]) == (409, "job_not_cancellable")
    gone = gateway.wire.call("DELETE", f"/audio/jobs/{job['id']}")
    assert gone.json == {"id": job["id"], "object": "audio.job.deleted", "deleted": True}
    assert gateway.wire.call("GET", f"/audio/jobs/{job['id']}").status == 404


def test_who_waits_at_the_last_redirect_is_told_where_the_result_will_be(gateway: Gateway) -> None:
    gateway.upstream.script("held")
    job = gateway.begin(model="one-at-a-time")
    answer = gateway.content(job["id"], "wait=0")
    gateway.upstream.let_go()
    assert (answer.status, answer.error["code"], answer.headers["x-should-retry"]) == (504, "still_running", "false")
    assert job["id"] in answer.error["message"]
    assert f"/v1/audio/jobs/{job['id']}/content" in answer.error["message"]
    gateway.wire.call("DELETE", f"/audio/jobs/{job['id']}")
    assert gateway.wire.call("GET", f"/audio/jobs/{job['id']}").status == 404


def test_a_job_that_fails_says_what_the_call_would_have_said(gateway: Gateway) -> None:
    gateway.upstream.script(*["status=400!message=The provider refuses it."] * 30)
    with pytest.raises(APIStatusError) as caught:
        gateway.client.audio.transcriptions.create(model="slow", file=("a.wav", AUDIO))
    assert caught.value.status_code == 400
    assert "The provider refuses it." in str(caught.value)


def test_long_speech_in_the_background(gateway: Gateway) -> None:
    answer = gateway.wire.speech(
        model="quick-tts", voice="alloy", input=TEXT * 5, response_format="wav", background=True
    )
    job = json.loads(answer.body)
    assert (answer.status, job["endpoint"]) == (202, "speech")
    assert len(TEXT) * 5 > 4096
    ended = gateway.end(job["id"])
    assert ended["status"] == "succeeded", ended
    assert ended["usage"] == {"type": "characters", "characters": len(TEXT) * 5}
    content = gateway.content(job["id"])
    assert content.status in (200, 303)


def test_a_wrong_option_is_refused_before_there_is_a_job(gateway: Gateway) -> None:
    before = gateway.wire.call("GET", "/audio/jobs?limit=1").json["first_id"]
    refused = gateway.wire.transcription(
        ("model", "quick"), ("background", "true"), ("response_format", "xml"), ("file", ("a.wav", AUDIO))
    )
    assert (refused.status, refused.error["param"]) == (400, "response_format")
    long = gateway.wire.speech(model="quick-tts", voice="alloy", input="a" * 4097)
    assert (long.status, long.error["param"]) == (400, "input")
    assert "background" in long.error["message"]
    assert gateway.wire.call("GET", "/audio/jobs?limit=1").json["first_id"] == before


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


def test_streamed_uploads_of_the_python_sdk_are_followed(gateway: Gateway, tmp_path: Path) -> None:
    audio = tmp_path / "a.wav"
    audio.write_bytes(AUDIO)
    with audio.open("rb") as file:
        heard = gateway.client.audio.transcriptions.create(model="slow", file=file)
    assert heard.text == gateway.client.audio.transcriptions.create(model="quick", file=audio).text


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


class Cuts(httpx2.HTTPTransport):
    """Loses the connection of the first wait, before it arrives, and of the first result, behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.posts = 0
        self.left = ["before", "behind"]

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.posts += request.method == "POST"
        waits = request.url.path.endswith("/content")
        if waits and self.left[:1] == ["before"]:
            self.left.pop(0)
            raise httpx2.ConnectError("cut", request=request)
        answer = super().handle_request(request)
        if waits and self.left and answer.status_code == 200:
            self.left.pop(0)
            answer.close()
            raise httpx2.RemoteProtocolError("cut", request=request)
        return answer


def test_a_call_that_is_cut_while_it_waits_and_again_with_its_result_is_one_job(gateway: Gateway) -> None:
    def jobs() -> set[str]:
        return {job["id"] for job in gateway.wire.call("GET", "/audio/jobs?limit=100").json["data"]}

    before, cuts = jobs(), Cuts()
    with httpx2.Client(transport=cuts, follow_redirects=True) as wire:
        client = gateway.client.with_options(max_retries=2, http_client=wire)
        heard = client.audio.transcriptions.create(model="slow", file=("a.wav", AUDIO))
    assert len(heard.text.split()) == len(WORDS)
    assert (cuts.posts, cuts.left) == (3, [])
    assert len(jobs() - before) == 1
