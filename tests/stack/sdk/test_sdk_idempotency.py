"""Idempotency-Key and the speech cache through the official SDK: the provider's calls and the ledger's rows."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from openai import APIStatusError, AsyncOpenAI, OpenAI

from tests.fakes.upstream import FakeUpstream
from tests.sound import tone_wav
from tests.stack.aws import aws_of
from tests.stack.sdk.stack_keys import add_key, directory_of
from tests.stack.sdk.wire import FORM, Wire, form

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

SPEECH: dict[str, Any] = {"model": "fake-tts", "voice": "alloy", "input": "Once and only once."}


@dataclass
class Project:
    """A new project with one key, and what the gateway stores for it."""

    stack: dict[str, Any]
    id: str
    key: str

    def __post_init__(self) -> None:
        self.settings: dict[str, Any] = {"base_url": self.stack["base_url"], "api_key": self.key, "timeout": 60}
        self.client = OpenAI(**self.settings, max_retries=0)
        self.wire = Wire(self.stack["base_url"], self.key)
        self.dynamodb, self.s3 = aws_of(self.stack, "dynamodb"), aws_of(self.stack, "s3")

    def close(self) -> None:
        for each in (self.client, self.dynamodb, self.s3):
            each.close()

    def say(self, key: str | None, **changes: Any) -> Any:
        """Speech under an Idempotency-Key; the raw answer."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.client.audio.speech.with_raw_response.create(**(SPEECH | changes), extra_headers=headers)

    def refused(self, key: str, **changes: Any) -> Any:
        with pytest.raises(APIStatusError) as refused:
            self.say(key, **changes)
        return refused.value

    def items(self, prefix: str) -> list[dict[str, Any]]:
        """Of the table, those of this project."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.stack["table"], ConsistentRead=True)
        items = [item for page in pages for item in page["Items"] if item["pk"]["S"].startswith(prefix)]
        return [item for item in items if self.id in (item.get("project_id", {}).get("S"), *item["pk"]["S"].split("#"))]

    @property
    def prices(self) -> list[int]:
        """What each row of the ledger charges."""
        return sorted(int(row["price_microusd"]["N"]) for row in self.items("LEDGER#"))

    def break_off(self) -> None:
        """Make the one claim of the project look as a process leaves it that dies just before it writes the end."""
        (claim,) = self.items("IDEMPOTENCY#")
        self.dynamodb.put_item(
            TableName=self.stack["table"],
            Item=claim | {"done": {"BOOL": False}, "until_s": {"N": str(int(time.time()) - 1)}},
        )


@pytest.fixture
def new_project(wired_stack: dict[str, Any]) -> Iterator[Any]:
    made: list[Project] = []

    def make() -> Project:
        with directory_of(wired_stack) as directory:
            project_id = directory.projects.create("of a test").id
        made.append(Project(wired_stack, project_id, add_key(wired_stack, project_id=project_id)))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def project(new_project: Any) -> Project:
    return new_project()


def same(again: Any, first: Any) -> bool:
    assert again.content == first.content
    for name in ("content-type", "x-audio-gateway-model", "x-audio-gateway-ignored"):
        assert again.headers.get(name) == first.headers.get(name)
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert again.headers["x-audio-gateway-cost-usd"] == "0"
    return again.headers["x-audio-gateway-replayed"] == "true" and "x-audio-gateway-replayed" not in first.headers


def test_ten_at_the_same_time_make_one_call_and_one_row(project: Project, upstream: FakeUpstream) -> None:
    upstream.script("slow=1")
    key = str(uuid.uuid4())

    async def run() -> list[Any]:
        # With the SDK's own further tries: they end in the replay.
        async with AsyncOpenAI(**project.settings, max_retries=8) as client:
            create = client.audio.speech.with_raw_response.create
            return await asyncio.gather(*(create(**SPEECH, extra_headers={"Idempotency-Key": key}) for _ in range(10)))

    answers = asyncio.run(run())
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["x-request-id"] for answer in answers}) == 10
    assert sum("x-audio-gateway-replayed" in answer.headers for answer in answers) == 9
    assert len(upstream.calls) == 1
    assert project.prices == [len(SPEECH["input"])]


def test_each_of_ten_gets_the_answer_or_a_conflict(project: Project, upstream: FakeUpstream) -> None:
    upstream.script("slow=1")

    async def run() -> list[Any]:
        async with AsyncOpenAI(**project.settings, max_retries=0) as client:
            create = client.audio.transcriptions.create
            options: Any = {
                "model": "fake-stt",
                "file": ("a.wav", tone_wav(1)),
                "extra_headers": {"Idempotency-Key": "t"},
            }
            return await asyncio.gather(*(create(**options) for _ in range(10)), return_exceptions=True)

    answers = asyncio.run(run())
    refusals = [answer for answer in answers if isinstance(answer, APIStatusError)]
    assert {refusal.status_code for refusal in refusals} <= {409}
    assert all(1 <= int(refusal.response.headers["retry-after"]) <= 60 for refusal in refusals)
    assert len({answer.text for answer in answers if answer not in refusals}) == 1
    assert (len(upstream.calls), len(project.prices)) == (1, 1)


@pytest.mark.parametrize(
    "changes",
    [{}, {"response_format": "pcm"}, {"stream_format": "sse", "response_format": "wav"}],
    ids=lambda changes: changes.get("stream_format", changes.get("response_format", "mp3")),
)
def test_speech_is_the_same_again(project: Project, upstream: FakeUpstream, changes: dict[str, Any]) -> None:
    first, again = (project.say("k", **changes) for _ in range(2))
    assert same(again, first)
    assert len(upstream.calls) == 1


def test_speech_too_big_for_lambda_is_the_same_again(project: Project, upstream: FakeUpstream) -> None:
    options = {"input": "a" * 1_700, "response_format": "wav"}  # 102 s, 4.9 MB
    first, again = (project.say("k", **options) for _ in range(2))
    assert first.content == again.content
    assert len(first.content) > 4_500_000
    assert len(upstream.calls) == len(project.prices) == 1
    raw = project.wire.call(
        "POST", "/audio/speech", _json(SPEECH | options), {"content-type": "application/json", "idempotency-key": "k"}
    )
    assert (raw.status, raw.headers["x-audio-gateway-replayed"]) == (200, "true")


def test_a_form_is_the_same_request_however_it_is_written(project: Project, upstream: FakeUpstream) -> None:
    sound = tone_wav(1)
    parts: list[Any] = [("model", "fake-stt"), ("language", "en"), ("prompt", "Before."), ("file", ("a.wav", sound))]
    boundary = FORM.partition("boundary=")[2]

    def post(body: bytes, content_type: str) -> Any:
        return project.wire.call(
            "POST", "/audio/transcriptions", body, {"content-type": content_type, "idempotency-key": "form"}
        )

    first = post(form(*parts), FORM)
    other = form(*parts[::-1]).replace(boundary.encode(), b"of-another-client")
    again = post(other, FORM.replace(boundary, "of-another-client"))
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert again.headers["x-audio-gateway-replayed"] == "true"
    changed = post(form(*parts[:-1], ("file", ("a.wav", tone_wav(1.1)))), FORM)
    assert (changed.status, changed.error["code"]) == (422, "idempotency_key_reused")
    assert len(upstream.calls) == len(project.prices) == 1


def test_a_translation_is_not_a_transcription(project: Project, upstream: FakeUpstream) -> None:
    options: Any = {"model": "fake-stt", "file": ("a.wav", tone_wav(1)), "extra_headers": {"Idempotency-Key": "k"}}
    project.client.audio.transcriptions.create(**options)
    with pytest.warns(DeprecationWarning, match="deprecated"), pytest.raises(APIStatusError) as refused:
        project.client.audio.translations.create(**options)
    assert refused.value.status_code == 422


def test_another_request_is_refused_and_names_the_remedy(project: Project, upstream: FakeUpstream) -> None:
    project.say("k")
    refused = project.refused("k", input="Something else.")
    assert (refused.status_code, refused.code) == (422, "idempotency_key_reused")
    assert "Idempotency-Key" in refused.message
    assert len(upstream.calls) == 1


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "caf\u00e9"])
def test_odd_keys_are_refused(project: Project, upstream: FakeUpstream, key: str) -> None:
    answer = project.wire.call(
        "POST", "/audio/speech", _json(SPEECH), {"content-type": "application/json", "idempotency-key": key}
    )
    assert (answer.status, answer.error["param"]) == (400, "Idempotency-Key")
    assert not upstream.calls


def test_a_key_belongs_to_its_project(new_project: Any, upstream: FakeUpstream) -> None:
    one, other = new_project(), new_project()
    one.say("k")
    assert "x-audio-gateway-replayed" not in other.say("k", input="Something else.").headers
    colleague = Project(one.stack, one.id, add_key(one.stack, project_id=one.id))
    assert colleague.say("k").headers["x-audio-gateway-replayed"] == "true"
    colleague.close()
    assert (len(upstream.calls), len(one.prices), len(other.prices)) == (2, 1, 1)


def test_a_failure_is_free_and_leaves_the_key_free(project: Project, upstream: FakeUpstream) -> None:
    upstream.script("status=500", "")
    assert project.refused("k").status_code == 503
    assert "x-audio-gateway-replayed" not in project.say("k").headers
    assert (len(upstream.calls), len(project.prices)) == (2, 1)


def test_a_run_that_died_after_its_payment_is_replayed(project: Project, upstream: FakeUpstream) -> None:
    first = project.say("k")
    project.break_off()
    assert same(project.say("k"), first)
    assert (len(upstream.calls), len(project.prices)) == (1, 1)


def test_a_run_that_died_before_its_payment_is_repeated(project: Project, upstream: FakeUpstream) -> None:
    project.say("k")
    (row,) = project.items("LEDGER#")
    project.dynamodb.delete_item(TableName=project.stack["table"], Key={name: row[name] for name in ("pk", "sk")})
    project.break_off()
    assert "x-audio-gateway-replayed" not in project.say("k").headers
    assert (len(upstream.calls), len(project.prices)) == (2, 1)


def test_neither_table_nor_bucket_tell_the_key_or_the_text(project: Project, upstream: FakeUpstream) -> None:
    project.say("very-secret-key")
    assert "very-secret-key" not in str(project.items(""))
    assert SPEECH["input"] not in str(project.items(""))
    (stored,) = project.s3.list_objects_v2(Bucket=project.stack["bucket"], Prefix=f"answers/{project.id}/")["Contents"]
    assert "very-secret-key" not in stored["Key"]
    head = project.s3.head_object(Bucket=project.stack["bucket"], Key=stored["Key"])
    assert head["ServerSideEncryption"] == "AES256"


# ---------------------------------------------------------------- the cache of speech
def test_speech_is_given_again_at_a_share_of_its_price(project: Project, upstream: FakeUpstream) -> None:
    text = {"model": "remembered-tts", "input": f"Remember {uuid.uuid4()}."}
    miss, hit = (project.say(None, **text) for _ in range(2))
    assert miss.content == hit.content
    assert "x-audio-gateway-cached" not in miss.headers
    assert hit.headers["x-audio-gateway-cached"] == "true"
    full = len(text["input"])
    assert project.prices == sorted([full, -(-full // 10)])
    assert hit.headers["x-audio-gateway-cost-usd"] == f"{-(-full // 10) / 1e6:.6f}".rstrip("0")
    project.say(None, **text, response_format="wav")
    project.say(None, **text | {"voice": "echo"})
    assert len(upstream.calls) == 3


def test_damaged_speech_is_made_again(project: Project, upstream: FakeUpstream) -> None:
    text = {"model": "remembered-tts", "input": f"Remember {uuid.uuid4()}."}
    before = _objects(project, "cache/")
    first = project.say(None, **text)
    _wait_until(lambda: bool(_objects(project, "cache/") - before))  # it is written after the end of the answer
    (name,) = _objects(project, "cache/") - before
    found = project.s3.get_object(Bucket=project.stack["bucket"], Key=name)
    cut = found["Body"].read()[:-1]
    project.s3.put_object(Bucket=project.stack["bucket"], Key=name, Body=cut, Metadata=found["Metadata"])
    again = project.say(None, **text)
    assert again.content == first.content
    assert "x-audio-gateway-cached" not in again.headers
    _wait_until(lambda: _size(project, name) != len(cut))
    assert project.say(None, **text).headers["x-audio-gateway-cached"] == "true"
    assert len(upstream.calls) == 2


def _wait_until(happened: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def _size(project: Project, name: str) -> int:
    return int(project.s3.head_object(Bucket=project.stack["bucket"], Key=name)["ContentLength"])


def _objects(project: Project, prefix: str) -> set[str]:
    pages = project.s3.get_paginator("list_objects_v2").paginate(Bucket=project.stack["bucket"], Prefix=prefix)
    return {found["Key"] for page in pages for found in page.get("Contents", ())}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
