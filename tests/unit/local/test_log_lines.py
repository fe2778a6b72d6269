"""The format of log lines in the console of `make run`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audio_gateway.telemetry import RequestLog, log_unexpected, report
from local.console import PrefixedLines
from local.log_lines import readable
from tests.unit.api import conftest as _logs_to_the_output_of_the_moment

__all__ = ["_logs_to_the_output_of_the_moment"]

REQUEST = {
    "level": "INFO",
    "location": "report:112",
    "message": "request",
    "timestamp": "2026-11-30 19:05:13,214+0000",
    "service": "audio-gateway",
    "request_id": "req_1",
    "endpoint": "speech",
    "method": "POST",
    "route": "/v1/audio/speech",
    "status": 200,
    "elapsed_ms": 91.37,
    "key_id": "key_1",
    "project_id": "default",
}


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        (
            {"model": "espeak-ng", "characters": 34, "price_microusd": 0},
            "POST /v1/audio/speech 200 91 ms espeak-ng 34 chars $0 req_1",
        ),
        (
            {"model": "whisper-1", "audio_ms": 61_040, "price_microusd": 6_104, "replayed": True},
            "POST /v1/audio/speech 200 91 ms whisper-1 61.0 s $0.006104 replayed req_1",
        ),
        (
            {"status": 400, "error": "InvalidRequest", "code": "invalid_value", "param": "voice"},
            "POST /v1/audio/speech 400 91 ms InvalidRequest invalid_value param=voice req_1",
        ),
        (
            {"status": 500, "error": "ConfigurationError", "reason": "The secret env:ACME_KEY is not set"},
            'POST /v1/audio/speech 500 91 ms ConfigurationError reason="The secret env:ACME_KEY is not set" req_1',
        ),
        (
            {"model": "b", "failed": [{"model": "a", "provider": "p", "error": "ProviderKeyRefused"}]},
            "POST /v1/audio/speech 200 91 ms b (after a: ProviderKeyRefused) req_1",
        ),
        (
            {
                "status": 502,
                "model": "a",
                "failed": [
                    {"model": "a", "provider": "p", "error": "ProviderKeyUnreadable", "reason": "KEY is not set"}
                ],
                "error": "ProviderKeyUnreadable",
            },
            'POST /v1/audio/speech 502 91 ms a ProviderKeyUnreadable reason="KEY is not set" req_1',
        ),
        (
            {"model": "b", "failed": [{"model": "a", "error": "ProviderKeyUnreadable", "reason": "KEY is not set"}]},
            'POST /v1/audio/speech 200 91 ms b (after a: ProviderKeyUnreadable) reason="KEY is not set" req_1',
        ),
        ({"ignored": ["prompt", "language"]}, "POST /v1/audio/speech 200 91 ms ignored=prompt,language req_1"),
    ],
)
def test_a_request_is_one_line_for_people(more: dict[str, Any], shown: str) -> None:
    assert readable(json.dumps(REQUEST | more), "SpeechFunction | ") == shown


def test_other_lines_name_their_function_and_keep_their_stack() -> None:
    line = {
        "level": "ERROR",
        "message": "unexpected error",
        "location": "x:1",
        "request_id": "req_1",
        "error": "KeyError",
    }
    text = json.dumps(line | {"stack": '  File "a.py", line 1, in b\n    c()\n'})
    assert readable(text, "Speech | ").splitlines() == [
        "Speech | ERROR unexpected error request_id=req_1 error=KeyError",
        'Speech |   File "a.py", line 1, in b',
        "Speech |     c()",
    ]


@pytest.mark.parametrize("text", ["plain", "{not json}", "[1]", '{"no": "message"}', ""])
def test_lines_that_are_not_json_are_unchanged(text: str) -> None:
    assert readable(text, "Work | ") == f"Work | {text}"


def test_a_wrong_key_prints_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    lines = PrefixedLines("AuthorizerFunction")
    advice = b"LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code.\r"
    traceback = b"\rTraceback (most recent call last):\r\xc2\xa0\xc2\xa0File\n"
    lines.feed(advice + b"[ERROR] Unauthorized: Unauthorized" + traceback)
    lines.feed(b"[ERROR] Unauthorized: Unauthorized" + traceback)
    lines.feed(b"[ERROR] KeyError: 'x'\rTraceback (most recent call last):\r  File\n")
    assert capfd.readouterr().out.splitlines() == [
        "AuthorizerFunction | [ERROR] KeyError: 'x'",
        "AuthorizerFunction | Traceback (most recent call last):",
        "AuthorizerFunction |   File",
    ]


def test_the_fields_match_those_that_the_functions_log(capfd: pytest.CaptureFixture[str]) -> None:
    report(RequestLog("req_1", "speech", "POST", "/v1/audio/speech", model="m"), status=200, elapsed_ms=3.0)
    log_unexpected(KeyError(), "req_1")
    printed = capfd.readouterr().out.encode()
    PrefixedLines("SpeechFunction").feed(printed)
    shown = capfd.readouterr().out.splitlines()
    assert shown == [
        "POST /v1/audio/speech 200 3 ms m req_1",
        "SpeechFunction | ERROR unexpected error request_id=req_1 error=KeyError",
    ]
