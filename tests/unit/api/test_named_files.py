"""Transcriptions and translations of a file that the request names."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from audio_gateway.errors import BudgetReached, RateLimitReached
from audio_gateway.providers.port import TranscriptionCall
from tests.fakes.gateway import API_CALLER, Answer, event, form_event, json_event
from tests.fakes.providers import ALL_CAPABILITIES, model
from tests.sound import tone_wav
from tests.unit.api.harness import PATHS, AudioHarness

UPLOAD = "upload_0123456789abcdef01234567"
URL = "https://files.example/speech.wav"


class Gateway(AudioHarness):
    """Both functions over one fake provider, with one upload and one URL."""

    def __init__(self, *models: Any) -> None:
        super().__init__(*models)
        self.files.uploads["default", UPLOAD] = self.files.urls[URL] = tone_wav(1.2)

    def post(self, path: str = PATHS[0], /, **fields: Any) -> Answer:
        return self.send(json_event(path, {"model": "talker"} | fields))

    def form(self, *parts: tuple[str, Any], path: str = PATHS[0], **options: Any) -> Answer:
        return self.send(form_event(path, [("model", "talker"), *parts], **options))


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("named", [{"upload_id": UPLOAD}, {"file_url": URL}])
def test_a_named_file_is_heard_as_one_that_came_along(gateway: Gateway, path: str, named: dict[str, str]) -> None:
    brought = gateway.form(("file", ("a.wav", tone_wav(1.2))), path=path)
    for answer in (gateway.post(path, **named), gateway.form(*named.items(), path=path)):
        assert (answer.status, answer.body) == (200, brought.body)
        asked = gateway.provider.asked[-1]
        assert isinstance(asked, TranscriptionCall)
        assert asked.audio.data == tone_wav(1.2)


def test_json_gives_the_provider_every_option_that_a_form_gives() -> None:
    gateway = Gateway(model(capabilities=ALL_CAPABILITIES))
    fields: dict[str, Any] = {
        "language": "en", "languages": ["en", "de"], "keywords": ["Dashwood"], "prompt": "Names: Ann.",
        "temperature": 0.5, "include": ["logprobs"], "stream": False, "response_format": "json",
        "chunking_strategy": {"type": "server_vad", "threshold": 0.5},
    }  # fmt: skip
    assert gateway.post(upload_id=UPLOAD, **fields).status == 200
    parts = [
        ("language", "en"), ("languages[]", "en"), ("languages[]", "de"), ("keywords[]", "Dashwood"),
        ("prompt", "Names: Ann."), ("temperature", "0.5"), ("include[]", "logprobs"), ("stream", "false"),
        ("response_format", "json"), ("chunking_strategy[type]", "server_vad"), ("chunking_strategy[threshold]", "0.5"),
    ]  # fmt: skip
    assert gateway.form(("upload_id", UPLOAD), *parts).status == 200
    by_json, by_form = gateway.provider.asked
    for name in by_json.__dataclass_fields__:
        if name not in {"deadline", "request_id", "audio"}:
            assert getattr(by_json, name) == getattr(by_form, name), name


def test_granularities_come_as_an_array(gateway: Gateway) -> None:
    fields: dict[str, Any] = {"response_format": "verbose_json", "upload_id": UPLOAD}
    for name in ("timestamp_granularities", "timestamp_granularities[]"):
        answer = gateway.post(**fields, **{name: ["word"]})
        assert "words" in answer.json
        assert "segments" not in answer.json


def test_null_is_absent_and_unknown_fields_are_announced(gateway: Gateway) -> None:
    answer = gateway.post(upload_id=UPLOAD, file_url=None, prompt=None, stream=None, colour={"a": 1})
    assert answer.status == 200
    assert answer.headers["x-audio-gateway-ignored"] == "colour"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "file"),
        ({"file": "audio"}, "file"),
        ({"upload_id": UPLOAD, "file_url": URL}, "file_url"),
        ({"upload_id": ""}, "upload_id"),
        ({"upload_id": 5}, "upload_id"),
        ({"file_url": ["x"]}, "file_url"),
        ({"upload_id": UPLOAD, "model": 5}, "model"),
        ({"upload_id": UPLOAD, "temperature": "0"}, "temperature"),
        ({"upload_id": UPLOAD, "temperature": True}, "temperature"),
        ({"upload_id": UPLOAD, "temperature": 1.5}, "temperature"),
        ({"upload_id": UPLOAD, "stream": "true"}, "stream"),
        ({"upload_id": UPLOAD, "background": 1}, "background"),
        ({"upload_id": UPLOAD, "timestamp_granularities": "word"}, "timestamp_granularities"),
        ({"upload_id": UPLOAD, "include": [1]}, "include"),
        ({"upload_id": UPLOAD, "chunking_strategy": 1}, "chunking_strategy"),
        ({"upload_id": UPLOAD, "chunking_strategy": {"type": "other"}}, "chunking_strategy"),
        ({"upload_id": UPLOAD, "prompt": "\ud800"}, "prompt"),
    ],
)
def test_wrong_json_is_a_400_that_names_the_field(gateway: Gateway, fields: dict[str, Any], param: str) -> None:
    answer = gateway.post(**fields)
    assert (answer.status, answer.error["param"]) == (400, param)
    assert gateway.files.read == []


def test_a_file_beside_a_name_is_refused_and_both_are_named(gateway: Gateway) -> None:
    answer = gateway.form(("file", ("a.wav", tone_wav(1.2))), ("upload_id", UPLOAD))
    assert answer.status == 400
    assert "'file' and 'upload_id' were sent" in answer.error["message"]


def test_another_projects_upload_is_a_404(gateway: Gateway) -> None:
    body = json.dumps({"model": "talker", "upload_id": UPLOAD}).encode()
    stranger = API_CALLER | {"project_id": "proj_other"}
    answer = gateway.send(json_event(PATHS[0], body, authorizer=stranger))
    assert (answer.status, answer.error["param"]) == (404, "upload_id")


@pytest.mark.parametrize("named", [{"upload_id": UPLOAD}, {"file_url": URL}])
def test_errors_about_the_audio_name_the_field_it_came_in(gateway: Gateway, named: dict[str, str]) -> None:
    gateway.files.uploads["default", UPLOAD] = gateway.files.urls[URL] = b"no audio" * 100
    answer = gateway.post(**named)
    assert (answer.status, answer.error["param"]) == (400, *named)


def test_nothing_is_fetched_for_a_request_that_is_refused_anyway(gateway: Gateway) -> None:
    assert gateway.post(file_url=URL, model="nobody").status == 404
    assert gateway.post(file_url=URL, response_format="diarized_json").status == 400
    assert gateway.post(file_url=URL, known_speaker_names=["Ann"], known_speaker_references=[]).status == 400
    assert gateway.files.read == []


@pytest.mark.parametrize("named", [{"upload_id": UPLOAD}, {"file_url": URL}])
@pytest.mark.parametrize("path", PATHS)
def test_a_job_that_a_limit_refuses_is_refused_before_its_file_is_fetched(
    gateway: Gateway, path: str, named: dict[str, str]
) -> None:
    accounts: Any = gateway.job_service.billing.meter
    accounts.refuses = RateLimitReached("Too many.", limit="requests_per_minute", retry_after_s=30)
    answer = gateway.post(path, background=True, **named)
    assert (answer.status, answer.headers["retry-after"], answer.error["code"]) == (429, "30", "rate_limit_exceeded")
    assert (gateway.files.read, gateway.files.taken, cast("Any", gateway.job_service.store).kept) == ([], [], {})


@pytest.mark.parametrize("background", [True, False])
def test_an_upload_is_used_once_a_call_or_a_job_with_it_is_admitted(gateway: Gateway, background: bool) -> None:
    gateway.meter.refuses = BudgetReached("No budget.", limit="monthly_budget_usd")
    cast("Any", gateway.job_service.billing.meter).refuses = gateway.meter.refuses
    assert gateway.post(upload_id=UPLOAD, background=background).status == 429
    assert gateway.files.taken == []
    gateway.meter.refuses = cast("Any", gateway.job_service.billing.meter).refuses = None
    assert gateway.post(upload_id=UPLOAD, background=background).status == (202 if background else 200)
    assert gateway.files.taken == [UPLOAD]


def test_no_more_is_read_than_the_model_takes() -> None:
    gateway = Gateway(model(max_bytes=50_000))
    assert gateway.post(upload_id=UPLOAD).status == 200
    assert gateway.files.read == [(UPLOAD, 50_000)]


def test_the_same_request_is_answered_again_without_the_file(gateway: Gateway) -> None:
    def post() -> Answer:
        headers = {"Content-Type": "application/json", "Idempotency-Key": "one"}
        body = {"model": "talker", "upload_id": UPLOAD}
        return gateway.send(json_event(PATHS[0], body, headers=headers))

    first = post()
    gateway.files.uploads.clear()
    assert (post().body, len(gateway.provider.asked)) == (first.body, 1)


def test_a_get_is_still_a_405(gateway: Gateway) -> None:
    assert gateway.send(event("GET", PATHS[0])).status == 405
