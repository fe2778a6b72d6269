"""POST /audio/speech through the real handler, with a fake provider."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from audio_gateway.errors import (
    ConfigurationError,
    ProviderBadAnswer,
    ProviderKeyRefused,
    ProviderQuotaExhausted,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimedOut,
    ProviderUnavailable,
)
from audio_gateway.providers.port import AudioChunk, SynthesisCall
from tests.fakes.gateway import API_CALLER, Answer, Context, call, event, json_event
from tests.fakes.providers import ALL_CAPABILITIES, LISTING, model
from tests.unit.api.harness import AudioHarness

BODY = {"model": "talker", "input": "Hello.", "voice": "alloy", "response_format": "pcm"}


class Gateway(AudioHarness):
    """The speech function."""

    def post(self, body: Any, **options: Any) -> Answer:
        return self.send(json_event("/audio/speech", body, **options))


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def test_the_response_is_the_audio_and_names_the_model(gateway: Gateway) -> None:
    answer = gateway.post(BODY)
    assert answer.status == 200
    assert answer.headers["content-type"] == "audio/pcm"
    assert answer.headers["x-audio-gateway-model"] == "talker"
    assert len(answer.body) == len("Hello.") * 480
    assert answer.headers["x-request-id"].startswith("req_")
    assert int(answer.headers["openai-processing-ms"]) >= 0


@pytest.mark.parametrize(
    ("name", "content_type", "magic"),
    [
        ("mp3", "audio/mpeg", b"\xff\xf3"),
        ("opus", "audio/opus", b"OggS"),
        ("aac", "audio/aac", b"\xff\xf1"),
        ("flac", "audio/flac", b"fLaC"),
        ("wav", "audio/wav", b"RIFF"),
    ],
)
def test_every_format_has_its_container_and_content_type(
    gateway: Gateway, name: str, content_type: str, magic: bytes
) -> None:
    answer = gateway.post({**BODY, "input": "x" * 200, "response_format": name})
    assert (answer.status, answer.headers["content-type"]) == (200, content_type)
    assert answer.body.startswith(magic)


def test_mp3_is_the_default_format(gateway: Gateway) -> None:
    answer = gateway.post({name: value for name, value in BODY.items() if name != "response_format"})
    assert answer.headers["content-type"] == "audio/mpeg"


def test_the_provider_is_called_with_its_own_names() -> None:
    gateway = Gateway(model(voices={"alloy": "en-us+f2"}))
    gateway.post({**BODY, "voice": {"id": "alloy"}, "speed": 2, "instructions": "Softly."})
    asked = gateway.provider.asked[0]
    assert (asked.model, asked.voice, asked.format, asked.speed) == ("up-talker", "en-us+f2", "pcm", 2.0)
    assert asked.instructions == "Softly."
    assert 10 < asked.deadline.remaining_s() < 28


def test_speed_is_made_by_us_where_the_provider_has_none() -> None:
    gateway = Gateway(model(capabilities=ALL_CAPABILITIES - {"speed"}))
    slow = gateway.post({**BODY, "input": "x" * 100, "speed": 0.5})
    assert gateway.provider.asked[0].speed == 1.0
    assert len(slow.body) == pytest.approx(2 * 100 * 480, rel=0.05)


def test_events_carry_the_whole_file_in_pieces(gateway: Gateway) -> None:
    answer = gateway.post({**BODY, "input": "x" * 50, "stream_format": "sse"})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    frames = answer.body.decode().split("\r\n\r\n")
    assert frames[-2:] == ["data: [DONE]", ""]
    events = [json.loads(frame.removeprefix("data: ")) for frame in frames[:-2]]
    audio = b"".join(base64.b64decode(e["audio"]) for e in events[:-1])
    assert {e["type"] for e in events[:-1]} == {"speech.audio.delta"}
    assert len(audio) == 50 * 480
    assert events[-1]["type"] == "speech.audio.done"
    assert set(events[-1]["usage"]) == {"input_tokens", "output_tokens", "total_tokens"}


def test_an_answer_too_big_for_lambda_is_a_redirect_to_the_bucket(gateway: Gateway) -> None:
    gateway.provider.speech = (AudioChunk(bytes(4_500_002), "pcm", 24_000),)
    answer = gateway.post(BODY)
    assert answer.status == 303
    assert answer.headers["location"] == "https://bucket.example.com/results/default/1"
    body, content_type, project = gateway.results.stored[0]
    assert (len(body), content_type, project) == (4_500_002, "audio/pcm", "default")


def test_4096_code_points_are_spoken_however_many_bytes_they_have() -> None:
    gateway = Gateway(model(speed_factor=100.0))
    gateway.provider.speech = (AudioChunk(b"\x01\x00" * 240, "pcm", 24_000),)
    assert gateway.post({**BODY, "input": "🎧" * 4096}).status == 200


BAD_BODIES = [
    ({"input": None}, "input"),
    ({"input": ""}, "input"),
    ({"input": " \n\t\u2003"}, "input"),
    ({"input": 5}, "input"),
    ({"input": ["a"]}, "input"),
    ({"input": "x" * 4097}, "input"),
    ({"input": "\ud800"}, "input"),
    ({"model": None}, "model"),
    ({"model": ""}, "model"),
    ({"model": {"id": "talker"}}, "model"),
    ({"voice": None}, "voice"),
    ({"voice": ""}, "voice"),
    ({"voice": 7}, "voice"),
    ({"voice": {"name": "alloy"}}, "voice"),
    ({"voice": {"id": "alloy", "more": 1}}, "voice"),
    ({"response_format": "ogg"}, "response_format"),
    ({"response_format": 1}, "response_format"),
    ({"speed": 0.24}, "speed"),
    ({"speed": 4.01}, "speed"),
    ({"speed": "1"}, "speed"),
    ({"speed": True}, "speed"),
    ({"speed": 10**400}, "speed"),
    ({"speed": float("nan")}, "speed"),
    ({"speed": float("inf")}, "speed"),
    ({"input": float("nan")}, "input"),
    ({"stream_format": "websocket"}, "stream_format"),
    ({"instructions": "x" * 4097}, "instructions"),
    ({"instructions": 3}, "instructions"),
    ({"pitch": 3}, "pitch"),
]


@pytest.mark.parametrize(("change", "param"), BAD_BODIES)
def test_an_invalid_field_is_a_400_that_names_it_and_no_provider_is_called(
    gateway: Gateway, change: dict[str, Any], param: str
) -> None:
    answer = gateway.post({**BODY, **change})
    assert answer.status == 400
    assert (answer.error["type"], answer.error["param"]) == ("invalid_request_error", param)
    assert param in answer.error["message"]
    assert gateway.provider.asked == []


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b'{"model": "talker", "input": "a", "input": "b", "voice": "alloy"}',
        b"[" * 100_000,
        b'{"speed": ' + b"9" * 10_000 + b"}",
    ],
)
def test_a_body_that_is_no_strict_json_object_is_a_400(gateway: Gateway, raw: bytes) -> None:
    answer = gateway.post(raw)
    assert answer.status == 400
    assert answer.error["type"] == "invalid_request_error"
    assert gateway.provider.asked == []


def test_another_content_type_is_a_415(gateway: Gateway) -> None:
    answer = gateway.post(BODY, headers={"Content-Type": "text/plain"})
    assert (answer.status, answer.error["code"]) == (415, "unsupported_content_type")


def test_a_made_up_name_of_a_model_is_quoted_only_so_far(gateway: Gateway) -> None:
    answer = gateway.post({**BODY, "model": "m" * 100_000})
    assert answer.status == 404
    assert len(answer.error["message"]) < 1_000


def test_an_unknown_model_is_a_404_that_names_those_that_speak() -> None:
    gateway = Gateway(model(), model("hearer", endpoints=frozenset({"transcriptions"})))
    for asked in ("nobody", "hearer"):
        answer = gateway.post({**BODY, "model": asked})
        assert (answer.status, answer.error["code"], answer.error["param"]) == (404, "model_not_found", "model")
        assert "talker" in answer.error["message"]


def test_an_option_that_the_model_lacks_is_refused_with_the_models_that_have_it() -> None:
    plain = model("plain", capabilities=frozenset({"speed"}))
    gateway = Gateway(plain, model("able"))
    answer = gateway.post({**BODY, "model": "plain", "instructions": "Sing."})
    assert (answer.status, answer.error["param"], answer.error["code"]) == (400, "instructions", "unsupported_value")
    assert "able" in answer.error["message"]
    assert gateway.provider.asked == []


def test_an_option_that_the_catalogue_lets_through_is_announced() -> None:
    gateway = Gateway(model(capabilities=frozenset({"speed"}), ignore=frozenset({"instructions"})))
    answer = gateway.post({**BODY, "instructions": "Sing."})
    assert answer.headers["x-audio-gateway-ignored"] == "instructions"
    assert gateway.provider.asked[0].instructions is None


def test_a_voice_of_the_table_is_understood_by_both_of_its_names() -> None:
    gateway = Gateway(model(voices={"alloy": "bob"}))
    for name in ("alloy", "bob"):
        gateway.post({**BODY, "voice": name})
        assert gateway.provider.asked[-1].voice == "bob"  # speech was asked for
    assert gateway.post({**BODY, "voice": "anna"}).error["param"] == "voice"


def test_an_unknown_voice_is_refused_unless_the_provider_knows_it() -> None:
    gateway = Gateway(model(voices={"alloy": "en-gb"}, provider=LISTING))
    refused = gateway.post({**BODY, "voice": "bob"})
    assert (refused.status, refused.error["param"]) == (400, "voice")
    assert "alloy" in refused.error["message"]
    assert gateway.post({**BODY, "voice": "en-us"}).status == 200


@pytest.mark.parametrize(
    ("failure", "status", "code", "headers"),
    [
        (
            ProviderRateLimited("slow", provider="f", retry_after_s=1.2),
            429,
            "rate_limit_exceeded",
            {"retry-after": "2"},
        ),
        (ProviderQuotaExhausted("empty", provider="f"), 503, "provider_quota_exhausted", {"x-should-retry": "false"}),
        (ProviderKeyRefused("key", provider="f"), 502, "provider_key_refused", {"x-should-retry": "false"}),
        (ProviderUnavailable("down", provider="f", retry_after_s=7), 503, "provider_unavailable", {"retry-after": "7"}),
        (ProviderTimedOut("late", provider="f"), 504, "provider_timeout", {"x-should-retry": "false"}),
        (ProviderBadAnswer("html", provider="f"), 502, "provider_bad_answer", {}),
        (ProviderRejected("no", provider="f", upstream_status=422, param="voice", code="x"), 422, "x", {}),
    ],
)
def test_a_providers_failure_keeps_its_meaning(
    gateway: Gateway, failure: Any, status: int, code: str, headers: dict[str, str]
) -> None:
    gateway.provider.fails = failure
    answer = gateway.post(BODY)
    assert (answer.status, answer.error["code"]) == (status, code)
    assert headers.items() <= answer.headers.items()


def test_an_unexpected_error_is_a_500_without_detail_and_is_logged_without_text(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.provider.fails = ValueError("the caller's secret words")  # type: ignore[assignment] # a bug in the gateway
    answer = gateway.post(BODY)
    assert (answer.status, answer.error["type"]) == (500, "server_error")
    assert "secret" not in answer.body.decode()
    assert answer.headers["x-request-id"] in answer.error["message"]
    logged = capsys.readouterr().out
    assert answer.headers["x-request-id"] in logged
    assert "secret" not in logged
    assert "Hello." not in logged


def test_an_error_in_the_settings_is_the_operators_and_only_logged(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.provider.fails = ConfigurationError("ssm:/x does not exist")  # on purpose
    answer = gateway.post(BODY)
    assert answer.status == 500
    assert answer.headers["x-should-retry"] == "false"
    assert "ssm" not in answer.body.decode()
    assert "ssm:/x does not exist" in capsys.readouterr().out


@pytest.mark.parametrize("data", [b"<!doctype html><html>busy</html>", b'{"error": 1}', b""])
def test_something_else_than_audio_with_status_200_is_the_providers_failure(gateway: Gateway, data: bytes) -> None:
    gateway.provider.speech = (AudioChunk(data, "mp3"),)
    answer = gateway.post({**BODY, "response_format": "mp3"})
    assert (answer.status, answer.error["code"]) == (502, "provider_bad_answer")


def test_a_fallback_speaks_when_the_first_model_fails_before_its_first_byte() -> None:
    broken = model("broken", fallbacks=("mute", "spare"), provider=model().provider)
    mute = model("mute", voices={"other": "x"}, own_voices_only=True)  # does not have the voice: left out
    gateway = Gateway(broken, mute, model("spare", upstream="up-spare"))
    real = gateway.provider.synthesize

    def synthesize(request: Any) -> Any:
        if request.model == "up-broken":
            raise ProviderUnavailable("down", provider="fake")
        return real(request)

    gateway.provider.synthesize = synthesize  # one model of the provider is down
    answer = gateway.post({**BODY, "model": "broken"})
    assert (answer.status, answer.headers["x-audio-gateway-model"]) == (200, "spare")


def test_when_all_fail_the_error_is_that_of_the_requested_model() -> None:
    gateway = Gateway(model("one", fallbacks=("two",)), model("two"))
    gateway.provider.fails = ProviderTimedOut("late", provider="fake")
    assert gateway.post({**BODY, "model": "one"}).status == 504
    assert len(gateway.provider.asked) == 2


@pytest.mark.slow
def test_work_past_the_deadline_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = Gateway(model(speed_factor=1e6))
    speak = gateway.provider.synthesize

    def slowly(request: SynthesisCall) -> Iterator[AudioChunk]:
        time.sleep(request.deadline.remaining_s() + 0.05)
        return speak(request)

    monkeypatch.setattr(gateway.provider, "synthesize", slowly)
    answer = gateway.send(json_event("/audio/speech", BODY), Context(remaining_ms=4_500))
    assert (answer.status, answer.error["code"]) == (504, "provider_timeout")


@pytest.mark.parametrize("authorizer", [{}, {"key_id": "k"}, {**API_CALLER, "kind": 3}])
def test_a_call_that_passed_no_authorizer_is_a_401(gateway: Gateway, authorizer: dict[str, Any]) -> None:
    answer = gateway.post(BODY, authorizer=authorizer)
    assert answer.status == 401
    assert "www-authenticate" not in answer.headers  # API Gateway renames it; its own 401 has one
    assert gateway.provider.asked == []


def test_an_admin_key_may_not_speak(gateway: Gateway) -> None:
    assert gateway.post(BODY, authorizer={**API_CALLER, "kind": "admin"}).status == 403


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
def test_a_wrong_method_is_a_405_that_names_the_right_one(gateway: Gateway, method: str) -> None:
    answer = gateway.send(event(method, "/audio/speech"))
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert answer.error["type"] == "invalid_request_error"


@pytest.mark.parametrize("path", ["/audio/speech/", "/audio/speeches", "/"])
def test_another_path_is_a_404_in_the_envelope(gateway: Gateway, path: str) -> None:
    answer = call(gateway.handlers["speech"], event("POST", path))
    assert (answer.status, answer.error["code"]) == (404, "unknown_url")


def test_the_request_id_is_the_one_of_api_gateway(gateway: Gateway) -> None:
    request = json_event("/audio/speech", BODY)
    request["requestContext"]["requestId"] = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    assert gateway.send(request).headers["x-request-id"] == "req_c6af9ac67b6111e69a4193e8deadbeef"


def test_one_log_line_and_one_metric_per_request_hold_no_text(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.post({**BODY, "input": "private words"})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    log = next(line for line in lines if line.get("message") == "request")
    metrics = next(line for line in lines if "_aws" in line)
    assert (log["endpoint"], log["model"], log["status"], log["characters"]) == ("speech", "talker", 200, 13)
    assert (metrics["endpoint"], metrics["Characters"]) == ("speech", [13.0])
    assert "private" not in json.dumps(lines)


def test_a_providers_failure_is_counted_by_its_model(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    gateway.provider.fails = ProviderUnavailable("down", provider="fake")
    gateway.post(BODY)
    gateway.post({**BODY, "model": "made-up"})
    log = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"message":"request"' in line]
    assert [line.get("model") for line in log] == ["talker", None]


@pytest.mark.parametrize(
    "text", ["\u200b", "\u200b \u200d\n", "\ufeff", "\u2060\u00ad", "\u0000\u001f", "\u202e\u2066", "\ufe0f"]
)
def test_an_input_of_invisible_characters_is_empty(gateway: Gateway, text: str) -> None:
    answer = gateway.post({**BODY, "input": text})
    assert (answer.status, answer.error["param"]) == (400, "input")
    assert "empty" in answer.error["message"]
    assert gateway.provider.asked == []


@pytest.mark.parametrize("text", ["\u200ba", "?", "\u0301", "👍\ufe0f", "한", "\ue000"])
def test_an_input_of_one_visible_character_is_spoken(gateway: Gateway, text: str) -> None:
    assert gateway.post({**BODY, "input": text}).status == 200
