"""The log line of a request: enough to answer "why was I refused", and nothing that a caller wrote."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audio_gateway.api.http.unknown_fields import MAX_ANNOUNCED
from audio_gateway.errors import ConfigurationError, ProviderRejected
from audio_gateway.loggable_names import KNOWN, is_known
from audio_gateway.metering.limits import _READERS
from audio_gateway.use_cases.options import NEEDS
from tests.unit.api.test_speech import BODY
from tests.unit.api.test_speech import Gateway as SpeechGateway
from tests.unit.api.test_transcriptions import FILE, MODEL, Gateway

PACKAGE = Path(__file__).parents[3] / "layers" / "shared" / "audio_gateway"

Line = Callable[[], dict[str, Any]]


@pytest.fixture
def line(capsys: pytest.CaptureFixture[str]) -> Line:
    def look() -> dict[str, Any]:
        out = capsys.readouterr().out
        assert "CANARY" not in out
        (found,) = [json.loads(each) for each in out.splitlines() if '"message":"request"' in each]
        return dict(found)

    return look


def test_the_log_of_a_refusal_names_field_and_route_and_no_value(line: Line) -> None:
    SpeechGateway().post({**BODY, "speed": 9, "input": "CANARY"})
    found = line()
    assert (found["status"], found["error"], found["param"]) == (400, "InvalidRequest", "speed")
    assert found["route"] == "/v1/audio/speech"
    SpeechGateway().post({**BODY, "response_format": "CANARY"})
    found = line()
    assert (found["code"], found["param"]) == ("invalid_value", "response_format")


@pytest.mark.parametrize(
    "body",
    [
        {**BODY, "CANARY": 1},
        b'{"CANARY": 1, "CANARY": 2}',
        {**BODY, "model": "CANARY"},
    ],
)
def test_the_names_of_unknown_fields_are_not_logged(line: Line, body: Any) -> None:
    SpeechGateway().post(body)
    assert line()["status"] in {400, 404}


def test_the_param_of_a_providers_error_is_not_logged(line: Line) -> None:
    gateway = SpeechGateway()
    gateway.provider.fails = ProviderRejected(
        "x", provider="fake", upstream_status=400, param="CANARY", code="CANARY X"
    )
    gateway.post(BODY)
    found = line()
    assert found["error"] == "ProviderRejected"
    assert not {"code", "param"} & set(found)


def test_the_operator_reads_what_is_wrong_with_the_configuration(line: Line) -> None:
    gateway = SpeechGateway()
    gateway.provider.fails = ConfigurationError("The secret env:ACME_KEY is not set")
    answer = gateway.post(BODY)
    assert b"ACME" not in answer.body
    assert line()["reason"] == "The secret env:ACME_KEY is not set"


def test_unknown_fields_are_announced_up_to_ten_and_counted_in_the_log(line: Line) -> None:
    unknown = [(f"CANARY{number}\r\nx: y{'z' * 3_000}", "1") for number in range(150)]
    answer = Gateway().post(MODEL, FILE, *[(name.replace("\r\n", "%0D%0A"), value) for name, value in unknown])
    assert answer.status == 200
    names = answer.headers["x-audio-gateway-ignored"].split(", ")
    assert len(names) == MAX_ANNOUNCED
    assert len(answer.headers["x-audio-gateway-ignored"]) < 600
    found = line()
    assert found["unknown_fields"] == 150
    assert "ignored" not in found


def test_options_that_a_model_ignores_are_logged_by_name(line: Line) -> None:
    from tests.fakes.providers import model

    answer = Gateway(model(capabilities=frozenset(), ignore=frozenset({"temperature"}))).post(
        MODEL, FILE, ("temperature", "0.5"), ("CANARY", "1")
    )
    assert answer.headers["x-audio-gateway-ignored"] == "CANARY, temperature"
    found = line()
    assert (found["ignored"], found["unknown_fields"]) == (["temperature"], 1)


def test_every_name_that_our_errors_give_may_be_logged() -> None:
    said = {f"limits.{name}" for name in _READERS} | set(NEEDS)
    for file in PACKAGE.rglob("*.py"):
        text = file.read_text("utf-8")
        if "cli" in file.parts or "param=" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            for keyword in node.keywords if isinstance(node, ast.Call) else ():
                value = keyword.value
                if keyword.arg == "param" and isinstance(value, ast.Constant) and isinstance(value.value, str):
                    said.add(value.value)
    assert {name for name in said if not is_known(name)} == set()
    assert all(name == name.strip() for name in KNOWN)
