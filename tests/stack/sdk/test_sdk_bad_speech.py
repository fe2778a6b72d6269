"""Speech requests that are wrong: each answers the right 4xx naming the field, and no provider hears of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.stack.sdk.wire import Wire

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("never_reaches_a_provider")]

GOOD = {"model": "fake-tts", "voice": "alloy", "input": "Hello."}


def without(name: str) -> bytes:
    return json.dumps({k: v for k, v in GOOD.items() if k != name}).encode()


def changed(**fields: Any) -> bytes:
    return json.dumps({**GOOD, **fields}).encode()


def raw(text: str) -> bytes:
    """The good body with more members, written by hand."""
    return (json.dumps(GOOD)[:-1] + ", " + text + "}").encode("utf-8", "surrogatepass")


NAMED: list[tuple[str, bytes, str]] = [
    ("no model", without("model"), "model"),
    ("no voice", without("voice"), "voice"),
    ("no input", without("input"), "input"),
    ("model null", changed(model=None), "model"),
    ("model number", changed(model=1), "model"),
    ("model list", changed(model=["fake-tts"]), "model"),
    ("model empty", changed(model=""), "model"),
    ("input number", changed(input=1), "input"),
    ("input null", changed(input=None), "input"),
    ("input list", changed(input=["Hello."]), "input"),
    ("input empty", changed(input=""), "input"),
    ("input blank", changed(input=" \t\r\n\N{NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}"), "input"),
    ("input too long", changed(input="x" * 4097), "input"),
    ("input too long in astral characters", changed(input="\N{GRINNING FACE}" * 4097), "input"),
    ("input much too long", changed(input="word " * 200_000), "input"),
    ("input lone surrogate", changed(input="a\ud800b"), "input"),
    ("voice number", changed(voice=7), "voice"),
    ("voice null", changed(voice=None), "voice"),
    ("voice empty", changed(voice=""), "voice"),
    ("voice empty object", changed(voice={}), "voice"),
    ("voice object without id", changed(voice={"name": "alloy"}), "voice"),
    ("voice object with more", changed(voice={"id": "alloy", "pitch": 1}), "voice"),
    ("voice object with number", changed(voice={"id": 1}), "voice"),
    ("voice list", changed(voice=["alloy"]), "voice"),
    ("voice lone surrogate", changed(voice="\udfff"), "voice"),
    ("speed text", changed(speed="1.0"), "speed"),
    ("speed true", changed(speed=True), "speed"),
    ("speed low", changed(speed=0.2499), "speed"),
    ("speed high", changed(speed=4.0001), "speed"),
    ("speed zero", changed(speed=0), "speed"),
    ("speed negative", changed(speed=-1), "speed"),
    ("speed huge", raw('"speed": 1e999'), "speed"),
    ("speed huge integer", raw(f'"speed": {"9" * 400}'), "speed"),
    ("speed NaN", raw('"speed": NaN'), "speed"),
    ("speed Infinity", raw('"speed": Infinity'), "speed"),
    ("speed minus Infinity", raw('"speed": -Infinity'), "speed"),
    ("speed list", changed(speed=[1]), "speed"),
    ("format unknown", changed(response_format="ogg"), "response_format"),
    ("format upper case", changed(response_format="MP3"), "response_format"),
    ("format number", changed(response_format=3), "response_format"),
    ("format empty", changed(response_format=""), "response_format"),
    ("stream format unknown", changed(stream_format="chunked"), "stream_format"),
    ("stream format bool", changed(stream_format=True), "stream_format"),
    ("instructions number", changed(instructions=1), "instructions"),
    ("instructions too long", changed(instructions="x" * 4097), "instructions"),
    ("instructions lone surrogate", changed(instructions="\ud800"), "instructions"),
    ("unknown field", changed(pitch=1), "pitch"),
    ("unknown field of a prototype", changed(__proto__={}), "__proto__"),
    ("stream as in transcriptions", changed(stream=True), "stream"),
    ("duplicate input", raw('"input": "Bye."'), "input"),
    ("duplicate model", raw('"model": "fake-tts"'), "model"),
    ("duplicate of the same value", raw('"voice": "alloy"'), "voice"),
]

MALFORMED: list[tuple[str, bytes]] = [
    ("empty", b""),
    ("blank", b"  \n"),
    ("half", b'{"model": "fake-tts", "input"'),
    ("trailing comma", b'{"model": "fake-tts",}'),
    ("single quotes", b"{'model': 'fake-tts'}"),
    ("two objects", json.dumps(GOOD).encode() * 2),
    ("list", b"[]"),
    ("string", b'"hello"'),
    ("number", b"1"),
    ("null", b"null"),
    ("raw control character", raw('"instructions": "a\nb"')),
    ("not UTF-8", raw('"instructions": "x"').replace(b"x", b"\xff\xfe")),
    ("UTF-8 of a surrogate", raw('"instructions": "\ud800"')),
    ("UTF-16", json.dumps(GOOD).encode("utf-16")),
    ("deep list", b"[" * 100_000),
    ("deep object", b'{"a":' * 100_000),
    ("random bytes", bytes(range(256)) * 8),
    ("gzip", b"\x1f\x8b\x08\x00" + bytes(64)),
    ("html", b"<html><body>hi</body></html>"),
    ("form", b"model=fake-tts&voice=alloy&input=Hello."),
]


@pytest.mark.parametrize(("body", "param"), [case[1:] for case in NAMED], ids=[case[0] for case in NAMED])
def test_a_wrong_field_is_named(wired_wire: Wire, body: bytes, param: str) -> None:
    answer = wired_wire.speech_body(body)
    assert answer.status == 400, answer.body
    assert answer.error["param"] == param
    assert answer.error["type"] == "invalid_request_error"
    assert param in answer.error["message"]
    assert len(answer.error["message"]) < 2_000, "a message does not repeat a megabyte of input"


@pytest.mark.parametrize("body", [case[1] for case in MALFORMED], ids=[case[0] for case in MALFORMED])
def test_a_body_that_is_no_json_object_is_a_400(wired_wire: Wire, body: bytes) -> None:
    answer = wired_wire.speech_body(body)
    assert answer.status == 400, answer.body
    assert answer.error["type"] == "invalid_request_error"
    assert len(answer.error["message"]) < 2_000


def test_the_limit_of_4096_characters_is_told(wired_wire: Wire) -> None:
    error = wired_wire.speech(**{**GOOD, "input": "x" * 4097}).error
    assert "4096" in error["message"]
    assert "4097" in error["message"]


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp"],
)
def test_another_content_type_is_a_415(wired_wire: Wire, content_type: str | None) -> None:
    answer = wired_wire.speech_body(json.dumps(GOOD).encode(), content_type)
    assert answer.status == 415
    assert "application/json" in answer.error["message"]


@pytest.mark.parametrize(
    ("model", "named"), [("nobody", "nobody"), ("fake-stt", "transcriptions"), ("fake-tts\0", "model"), (" ", "model")]
)
def test_an_unknown_model_or_one_of_another_kind_is_a_404(wired_wire: Wire, model: str, named: str) -> None:
    answer = wired_wire.speech(**{**GOOD, "model": model})
    assert answer.status == 404
    assert (answer.error["param"], answer.error["code"]) == ("model", "model_not_found")
    assert named in answer.error["message"]
    assert "fake-tts" in answer.error["message"], "it names those that exist"


def test_a_voice_that_the_model_does_not_have_is_a_400(wired_wire: Wire) -> None:
    answer = wired_wire.speech(**{**GOOD, "model": "tts-1", "voice": "ballad"})
    assert answer.status == 400
    assert answer.error["param"] == "voice"
    assert "shimmer" in answer.error["message"]


@pytest.mark.parametrize("megabytes", [7, 11])
def test_a_body_over_the_platform_s_limit_is_a_413(wired_wire: Wire, megabytes: int) -> None:
    answer = wired_wire.speech_body(changed(input="x" * megabytes * 1_000_000))
    assert answer.status == 413
    assert answer.error["type"]


def test_a_length_that_is_too_long_and_then_silence_ends(wired_wire: Wire) -> None:
    body = json.dumps(GOOD).encode()
    head = wired_wire.head("POST", "/audio/speech", Content_Type="application/json", Content_Length=str(len(body) + 9))
    answer = wired_wire.exchange(head + body, hang_up=True)
    assert b"200" not in answer.split(b"\r\n")[0]


def test_a_length_that_is_too_short_cuts_the_body(wired_wire: Wire) -> None:
    body = json.dumps(GOOD).encode()
    head = wired_wire.head("POST", "/audio/speech", Content_Type="application/json", Content_Length=str(len(body) - 5))
    answer = wired_wire.exchange(head + body, hang_up=True)
    assert answer.split(b"\r\n")[0].split()[1] == b"400"


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "9" * 30, "5, 6"])
def test_a_length_that_is_no_length_is_refused(wired_wire: Wire, length: str) -> None:
    head = wired_wire.head("POST", "/audio/speech", Content_Type="application/json", Content_Length=length)
    answer = wired_wire.exchange(head + json.dumps(GOOD).encode(), hang_up=True)
    assert answer.split(b"\r\n")[0].split()[1:2] in ([b"400"], [b"413"])


@pytest.mark.parametrize(
    "chunks", [b"zz\r\n{}\r\n0\r\n\r\n", b"5\r\n{", b"-5\r\n{}\r\n0\r\n\r\n"], ids=["no number", "cut off", "negative"]
)
def test_chunks_that_are_none_are_refused(wired_wire: Wire, chunks: bytes) -> None:
    head = wired_wire.head("POST", "/audio/speech", Content_Type="application/json", Transfer_Encoding="chunked")
    answer = wired_wire.exchange(head + chunks, hang_up=True)
    assert answer == b"" or answer.split(b"\r\n")[0].split()[1] == b"400"


def test_the_table_of_wrong_bodies_starts_from_a_right_one(
    wired_wire: Wire, upstream: Any, allow_calls: Callable[[], None]
) -> None:
    allow_calls()
    assert wired_wire.speech(**GOOD).status == 200
    assert len(upstream.requests) == 1
