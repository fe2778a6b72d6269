"""Speech requests that no SDK sends, beyond those of test_speech.py: each names its field, and no provider is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.api.test_speech import BODY, Gateway

ASTRAL = "\N{GRINNING FACE}"


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def changed(**fields: Any) -> bytes:
    return json.dumps({**BODY, **fields}).encode()


def without(name: str) -> bytes:
    return json.dumps({k: v for k, v in BODY.items() if k != name}).encode()


def raw(text: str) -> bytes:
    """The right body with more members, written by hand."""
    return (json.dumps(BODY)[:-1] + ", " + text + "}").encode("utf-8", "surrogatepass")


NAMED: dict[str, tuple[bytes, str]] = {
    "no model": (without("model"), "model"),
    "no voice": (without("voice"), "voice"),
    "no input": (without("input"), "input"),
    "model number": (changed(model=1), "model"),
    "model list": (changed(model=["talker"]), "model"),
    "input too long in astral characters": (changed(input=ASTRAL * 4097), "input"),
    "input much too long": (changed(input="word " * 200_000), "input"),
    "voice empty object": (changed(voice={}), "voice"),
    "voice object with a number": (changed(voice={"id": 1}), "voice"),
    "voice list": (changed(voice=["alloy"]), "voice"),
    "voice lone surrogate": (changed(voice="\udfff"), "voice"),
    "speed zero": (changed(speed=0), "speed"),
    "speed negative": (changed(speed=-1), "speed"),
    "speed list": (changed(speed=[1]), "speed"),
    "format upper case": (changed(response_format="MP3"), "response_format"),
    "format empty": (changed(response_format=""), "response_format"),
    "stream format bool": (changed(stream_format=True), "stream_format"),
    "instructions lone surrogate": (changed(instructions="\ud800"), "instructions"),
    "unknown field of a prototype": (changed(__proto__={}), "__proto__"),
    "stream as in transcriptions": (changed(stream=True), "stream"),
    "duplicate model": (raw('"model": "talker"'), "model"),
    "duplicate of the same value": (raw('"voice": "alloy"'), "voice"),
}

MALFORMED: dict[str, bytes] = {
    "blank": b"  \n",
    "trailing comma": b'{"model": "talker",}',
    "single quotes": b"{'model': 'talker'}",
    "two objects": json.dumps(BODY).encode() * 2,
    "number": b"1",
    "raw control character": raw('"instructions": "a\nb"'),
    "not UTF-8 in a string": raw('"instructions": "x"').replace(b"x", b"\xff\xfe"),
    "UTF-8 of a surrogate": raw('"instructions": "\ud800"'),
    "UTF-16": json.dumps(BODY).encode("utf-16"),
    "deep object": b'{"a":' * 100_000,
    "random bytes": bytes(range(256)) * 8,
    "gzip": b"\x1f\x8b\x08\x00" + bytes(64),
    "html": b"<html><body>hi</body></html>",
    "form": b"model=talker&voice=alloy&input=Hello.",
}


@pytest.mark.parametrize(("body", "param"), NAMED.values(), ids=NAMED)
def test_a_wrong_field_is_named(gateway: Gateway, body: bytes, param: str) -> None:
    answer = gateway.post(body)
    assert (answer.status, answer.error["type"], answer.error["param"]) == (400, "invalid_request_error", param)
    assert param in answer.error["message"]
    assert len(answer.error["message"]) < 2_000, "a message does not repeat a megabyte of input"
    assert gateway.provider.asked == []


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_body_that_is_no_json_object_is_a_400(gateway: Gateway, body: bytes) -> None:
    answer = gateway.post(body)
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")
    assert len(answer.error["message"]) < 2_000
    assert gateway.provider.asked == []


def test_the_limit_of_4096_characters_is_in_the_message(gateway: Gateway) -> None:
    message = gateway.post({**BODY, "input": "x" * 4097}).error["message"]
    assert "4096" in message
    assert "4097" in message


@pytest.mark.parametrize(
    "content_type",
    [None, "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp"],
)
def test_another_content_type_is_a_415(gateway: Gateway, content_type: str | None) -> None:
    answer = gateway.post(BODY, headers={"Content-Type": content_type} if content_type else {})
    assert answer.status == 415
    assert "application/json" in answer.error["message"]
    assert gateway.provider.asked == []


@pytest.mark.parametrize("model", ["talker\0", " "])
def test_a_model_whose_name_only_looks_right_is_a_404(gateway: Gateway, model: str) -> None:
    answer = gateway.post({**BODY, "model": model})
    assert (answer.status, answer.error["param"], answer.error["code"]) == (404, "model", "model_not_found")
    assert "talker" in answer.error["message"], "it names those that exist"
