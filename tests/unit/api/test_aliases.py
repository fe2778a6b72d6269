"""Requests by an alias: served, charged and recorded as requests of the model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.models import models_app
from audio_gateway.api.voices import voices_app
from audio_gateway.catalog.models import CacheTerms
from audio_gateway.errors import ProviderUnavailable
from tests.fakes.gateway import Answer, call, event, form_event, json_event
from tests.fakes.idempotency import fresh_idempotency
from tests.fakes.providers import LISTING, FakeAdapter, catalog, model
from tests.sound import tone_wav
from tests.unit.api.harness import PATHS, AudioHarness

UPLOAD = "upload_0123456789abcdef01234567"
SPEECH = {"model": "tts-1", "input": "Hello.", "voice": "alloy", "response_format": "wav"}
FILE = ("file", ("a.wav", tone_wav(1.2)))


class Gateway(AudioHarness):
    """One model with two aliases, which speaks and hears, and its fallback."""

    def __init__(self, **fields: Any) -> None:
        talker = model("talker", aliases=("tts-1", "org/name x"), fallbacks=("spare",), **fields)
        super().__init__(talker, model("spare", aliases=("other",)), idempotency=fresh_idempotency())
        self.files.uploads["default", UPLOAD] = tone_wav(1.2)

    def speak(self, key: str | None = None, **changes: Any) -> Answer:
        request = json_event("/audio/speech", SPEECH | changes)
        if key is not None:
            request["headers"]["Idempotency-Key"] = key
            request["multiValueHeaders"]["Idempotency-Key"] = [key]
        return self.send(request)

    def hear(self, *parts: Any, path: str = PATHS[0]) -> Answer:
        return self.send(form_event(path, [("model", "tts-1"), *(parts or (FILE,))]))

    @property
    def charged(self) -> list[str]:
        return [work.model for work in self.meter.settled]


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def by_id_and_by_alias(gateway: Gateway, send: Any) -> tuple[Answer, Answer]:
    first, second = send("talker"), send("tts-1")
    assert (first.status, second.status) == (200, 200)
    assert first.body == second.body
    same = ("x-audio-gateway-model", "x-audio-gateway-cost-usd", "content-type")
    assert [first.headers[name] for name in same] == [second.headers[name] for name in same]
    assert second.headers["x-audio-gateway-model"] == "talker"
    return first, second


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_speech(gateway: Gateway, stream_format: str) -> None:
    by_id_and_by_alias(gateway, lambda name: gateway.speak(model=name, stream_format=stream_format))
    assert gateway.charged == ["talker", "talker"]
    assert [work.model for work in gateway.meter.admitted] == ["talker", "talker"]
    assert {asked.model for asked in gateway.provider.asked} == {"up-talker"}


@pytest.mark.parametrize("path", PATHS)
def test_a_form(gateway: Gateway, path: str) -> None:
    by_id_and_by_alias(gateway, lambda name: gateway.send(form_event(path, [("model", name), FILE])))
    assert gateway.charged == ["talker", "talker"]


@pytest.mark.parametrize("path", PATHS)
def test_json_with_an_upload(gateway: Gateway, path: str) -> None:
    body = {"upload_id": UPLOAD}
    by_id_and_by_alias(gateway, lambda name: gateway.send(json_event(path, body | {"model": name})))


def test_a_transcript_as_events(gateway: Gateway) -> None:
    answer = gateway.hear(FILE, ("stream", "true"))
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-audio-gateway-model"] == "talker"


def test_a_fallback_of_an_alias_is_named_as_itself(gateway: Gateway) -> None:
    answers = iter([ProviderUnavailable("down", provider="fake"), None])
    ask = gateway.provider.synthesize

    def first_fails(request: Any) -> Any:
        gateway.provider.fails = next(answers)
        return ask(request)

    gateway.provider.synthesize = first_fails
    assert gateway.speak().headers["x-audio-gateway-model"] == "spare"
    assert gateway.charged == ["spare"]


def test_cached_speech_is_found_by_any_name() -> None:
    gateway = Gateway(cache=CacheTerms(3600, "25"))
    miss, hit = gateway.speak(model="talker"), gateway.speak()
    assert (miss.body, hit.headers["x-audio-gateway-cached"]) == (hit.body, "true")
    assert gateway.charged == ["talker", "talker"]


def test_an_idempotency_key_repeats_the_request_by_the_same_name(gateway: Gateway) -> None:
    first, second = gateway.speak("key-1"), gateway.speak("key-1")
    assert (first.status, second.status, first.body) == (200, 200, second.body)
    assert (gateway.calls, gateway.charged) == (1, ["talker"])
    other = gateway.speak("key-1", model="talker")
    assert other.error["code"] == "idempotency_key_reused"  # the requests differ in a field


def test_a_job_is_the_models_from_the_start(gateway: Gateway) -> None:
    for answer in (gateway.speak(background=True), gateway.hear(FILE, ("background", "true"))):
        assert (answer.status, answer.json["model"]) == (202, "talker")
        assert answer.headers.get("x-audio-gateway-model", "talker") == "talker"
    store: Any = gateway.job_service.store
    assert [job.model for job in store.kept.values()] == ["talker", "talker"]


def test_the_log_has_the_model_and_the_name_that_was_asked_for(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.speak()
    gateway.speak(model="talker")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"message":"request"' in line]
    assert [(line["model"], line.get("requested_model")) for line in lines] == [
        ("talker", "tts-1"),
        ("talker", None),
    ]


def listed(name: str, path: str, **query: str) -> Answer:
    found = catalog(
        model("talker", provider=LISTING, aliases=("tts-1", "org/name x"), voices={"alloy": "en-us"}),
        model("hearer", endpoints=frozenset({"transcriptions"}), aliases=("whisper-1",)),
    )
    app = (
        models_app(catalog=found) if name == "models" else voices_app(catalog=found, providers=lambda _: FakeAdapter())
    )
    return call(lambda_handler(app, name), event("GET", path, query={key: [value] for key, value in query.items()}))


def test_an_alias_is_listed_after_its_model_with_the_same_fields() -> None:
    found = listed("models", "/models").json["data"]
    assert [(each["id"], each["alias_of"]) for each in found] == [
        ("talker", None),
        ("tts-1", "talker"),
        ("org/name x", "talker"),
        ("hearer", None),
        ("whisper-1", "hearer"),
    ]
    assert found[1] | {"id": "talker", "alias_of": None} == found[0]


@pytest.mark.parametrize(
    ("path", "name"),
    [("tts-1", "tts-1"), ("org/name x", "org/name x"), ("org%2Fname%20x", "org/name x"), ("whisper-1", "whisper-1")],
)
def test_an_alias_is_retrieved_as_it_is_listed(path: str, name: str) -> None:
    found = listed("models", f"/models/{path}").json
    assert found in listed("models", "/models").json["data"]
    assert found["id"] == name


def test_the_voices_of_an_alias_are_those_of_its_model() -> None:
    assert (
        listed("voices", "/audio/voices", model="tts-1").body == listed("voices", "/audio/voices", model="talker").body
    )
    assert listed("voices", "/audio/voices").json["data"]
    assert listed("voices", "/audio/voices", model="whisper-1").error["code"] == "model_not_found"


def test_models_that_can_do_something_are_named_once(gateway: Gateway) -> None:
    able = model("able", aliases=("also", "too"))
    asked = AudioHarness(able, model("poor", aliases=("tts-1",), capabilities=frozenset()))
    message = asked.send(json_event("/audio/speech", SPEECH | {"instructions": "Slowly."})).error["message"]
    assert "'poor' does not support 'instructions'. Models that do: able. " in message
