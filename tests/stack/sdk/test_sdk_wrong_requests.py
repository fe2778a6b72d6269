"""Requests that no SDK sends: the right 4xx naming the field, and no provider is asked.

One of each kind, through the front door. All kinds are in tests/unit/api: test_wrong_speech_requests.py,
test_wrong_uploads.py, test_speech.py and test_transcriptions.py; bodies that are cut off on their way are in
tests/unit/local/test_cut_off_requests.py.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.upstream import FakeUpstream
from tests.sound import ENCODINGS, clip, encode, tone_wav, wav
from tests.stack.sdk.wire import FORM, Answer, Field, Wire, form

pytestmark = pytest.mark.stack

SPEECH: dict[str, Any] = {"model": "fake-tts", "voice": "alloy", "input": "Hello."}
MODEL = ("model", "fake-stt")
AUDIO = tone_wav(1.0)
FILE = ("file", ("speech.wav", AUDIO))
PATHS = ["/audio/transcriptions", "/audio/translations"]

WRONG_SPEECH: dict[str, tuple[dict[str, Any], int, str]] = {
    "an empty input": ({"input": ""}, 400, "input"),
    "1,000,001 characters": ({"input": "x" * 1_000_001}, 400, "input"),
    "a speed of text": ({"speed": "1.0"}, 400, "speed"),
    "an unknown format": ({"response_format": "ogg"}, 400, "response_format"),
    "an unknown field": ({"pitch": 1}, 400, "pitch"),
    "a voice that tts-1 does not have": ({"model": "tts-1", "voice": "ballad"}, 400, "voice"),
    "a model that does not exist": ({"model": "nobody"}, 404, "model"),
    "a model of another kind": ({"model": "fake-stt"}, 404, "model"),
}

WRONG_UPLOADS: dict[str, tuple[list[Field], int, str]] = {
    "no file": ([MODEL], 400, "file"),
    "no model": ([FILE], 400, "model"),
    "text in place of a file": ([MODEL, ("file", "a.wav")], 400, "file"),
    "two models": ([MODEL, MODEL, FILE], 400, "model"),
    "an empty file": ([MODEL, ("file", ("a.wav", b""))], 400, "file"),
    "a list of other files": ([MODEL, ("file", ("a.mp3", b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n"))], 400, "file"),
    "a header and nothing else": ([MODEL, ("file", ("a.wav", AUDIO[:36]))], 400, "file"),
    "a twentieth of a second": ([MODEL, ("file", ("a.wav", tone_wav(0.05)))], 400, "file"),
    "a wrong temperature": ([MODEL, FILE, ("temperature", "warm")], 400, "temperature"),
    "text that is not UTF-8": ([MODEL, FILE, ("prompt", b"\xff\xfe")], 400, "prompt"),
    "a format that the model lacks": ([MODEL, FILE, ("response_format", "diarized_json")], 400, "response_format"),
    "a model that does not exist": ([("model", "nobody"), FILE], 404, "model"),
    "a model of another kind": ([("model", "fake-tts"), FILE], 404, "model"),
}

NO_JSON: dict[str, tuple[bytes, str | None, int]] = {
    "half of an object": (b'{"model": "fake-tts", "input"', "application/json", 400),
    "a member that appears twice": (json.dumps(SPEECH)[:-1].encode() + b', "model": "x"}', "application/json", 400),
    "a hundred thousand lists": (b"[" * 100_000, "application/json", 400),
    "another type": (json.dumps(SPEECH).encode(), "text/plain", 415),
    "no type": (json.dumps(SPEECH).encode(), None, 415),
}

NO_FORM: dict[str, tuple[bytes, str | None, int]] = {
    "no form": (b"\0" * 1_000, FORM, 400),
    "half of a form": (form(MODEL, FILE)[:20_000], FORM, 400),
    "another boundary": (form(MODEL, FILE), "multipart/form-data; boundary=other", 400),
    "the file alone": (AUDIO, "audio/wav", 415),
}


@pytest.fixture(autouse=True)
def no_provider_is_asked(request: pytest.FixtureRequest, upstream: FakeUpstream) -> Iterator[None]:
    """But by those of these tests that are right."""
    yield
    if "taken" not in request.node.name:
        assert upstream.requests == []


def refused(answer: Answer, status: int, param: str | None = None) -> None:
    assert answer.status == status, answer.body
    assert answer.error["type"] == "invalid_request_error"
    assert param is None or answer.error["param"] == param


def test_a_wrong_field_of_speech_is_named(wired_wire: Wire) -> None:
    for fields, status, param in WRONG_SPEECH.values():
        refused(wired_wire.speech(**SPEECH | fields), status, param)


def test_a_wrong_field_of_an_upload_is_named(wired_wire: Wire) -> None:
    for fields, status, param in WRONG_UPLOADS.values():
        for path in PATHS:
            answer = wired_wire.transcription(*fields, path=path)
            refused(answer, status, param)
            assert b"passwd" not in answer.body


def test_a_body_that_is_no_json_object_and_one_that_is_no_form_are_refused(wired_wire: Wire) -> None:
    for body, content_type, status in NO_JSON.values():
        refused(wired_wire.speech_body(body, content_type), status)
    for body, content_type, status in NO_FORM.values():
        headers = {"content-type": content_type} if content_type else {}
        refused(wired_wire.call("POST", PATHS[0], body, headers), status)


def test_a_truncated_mp3_is_refused_with_what_is_missing(wired_wire: Wire) -> None:
    whole = encode(clip("austen-0880"), ENCODINGS["mp3 22.05 kHz"])
    answer = wired_wire.transcription(MODEL, ("file", ("a.mp3", whole[: len(whole) // 2])))
    refused(answer, 400, "file")
    assert "2.99 s" in answer.error["message"]


@pytest.mark.parametrize("megabytes", [5, 10.6])
def test_a_body_over_the_platform_s_limits_is_a_413(wired_wire: Wire, megabytes: float) -> None:
    answer = wired_wire.transcription(MODEL, ("file", ("a.wav", wav(bytes(int(megabytes * 1_000_000) // 2 * 2)))))
    refused(answer, 413)
    assert answer.error["message"]


def test_the_largest_body_that_the_platform_allows_is_taken(wired_wire: Wire) -> None:
    answer = wired_wire.transcription(MODEL, ("file", ("a.wav", wav(os.urandom(4_300_000), 48_000))))
    assert answer.status == 200, answer.body


def test_what_the_wrong_requests_start_from_is_right_and_is_taken(wired_wire: Wire, upstream: FakeUpstream) -> None:
    assert wired_wire.speech(**SPEECH).status == 200
    assert [wired_wire.transcription(MODEL, FILE, path=path).status for path in PATHS] == [200, 200]
    assert len(upstream.requests) == 3
