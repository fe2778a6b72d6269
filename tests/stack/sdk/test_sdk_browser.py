"""A page of another origin calls the running stack: through its front door, its functions and its bucket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes.page import Page, over_http
from tests.infrastructure.test_front_door import OPEN, ROUTES

pytestmark = pytest.mark.stack

ORIGIN = "https://app.example.com"
METHODS = ("GET", "POST", "DELETE")


@pytest.fixture
def page() -> Page:
    return Page(ORIGIN, over_http)


@pytest.fixture
def headers(stack: dict[str, Any]) -> dict[str, str]:
    return {
        "authorization": f"Bearer {stack['api_key']}",
        "content-type": "application/json",
        "x-stainless-lang": "js",
        "x-stainless-retry-count": "0",
    }


def test_every_route_answers_a_preflight_without_a_key(stack: dict[str, Any]) -> None:
    asking = {"origin": ORIGIN, "access-control-request-headers": "authorization,x-stainless-lang"}
    for path in (*ROUTES, *OPEN, "/chat/completions"):
        for method in METHODS:
            url = stack["base_url"] + path.replace("+", "").replace("{", "").replace("}", "")
            answer = over_http("OPTIONS", url, {**asking, "access-control-request-method": method}, b"")
            assert (answer.status, answer.headers.get("access-control-allow-origin")) == (204, "*"), (method, path)
            assert answer.headers["access-control-allow-methods"], path


def test_a_page_speaks_and_reads_the_headers(stack: dict[str, Any], page: Page, headers: dict[str, str]) -> None:
    body = json.dumps({"model": "tts-1", "voice": "alloy", "input": "Hi."}).encode()
    for model in ("espeak-ng", "no-such-model"):
        answer = page.fetch(
            "POST", f"{stack['base_url']}/audio/speech", headers, body.replace(b"tts-1", model.encode())
        )
        assert answer.status == (200 if model == "espeak-ng" else 404)
        assert answer.headers["x-request-id"].startswith("req_")


def test_a_page_can_read_what_the_front_door_refuses(stack: dict[str, Any], page: Page) -> None:
    wrong = page.fetch("GET", f"{stack['base_url']}/models", {"authorization": "Bearer sk-wrong"})
    assert (wrong.status, json.loads(wrong.body)["error"]["code"]) == (401, "invalid_api_key")
    assert wrong.headers["x-request-id"]
    assert page.fetch("GET", f"{stack['base_url']}/models").status == 401
    large = page.fetch("POST", f"{stack['base_url']}/audio/speech", {"authorization": "Bearer k"}, b"x" * 11_000_000)
    assert (large.status, json.loads(large.body)["error"]["type"]) == (413, "invalid_request_error")


def test_a_page_gets_speech_of_more_than_lambda_s_buffered_size(
    stack: dict[str, Any], page: Page, headers: dict[str, str]
) -> None:
    body = {"model": "espeak-ng", "voice": "alloy", "input": "A long sentence. " * 200, "response_format": "wav"}
    answer = page.fetch("POST", f"{stack['base_url']}/audio/speech", headers, json.dumps(body).encode())
    assert (answer.status, answer.body[:4]) == (200, b"RIFF")
    assert len(answer.body) > 4_500_000
    assert [method for method, _, _ in page.sent] == ["OPTIONS", "POST"]


def test_a_page_sends_a_form_to_the_bucket_and_waits_for_a_job(
    stack: dict[str, Any], page: Page, headers: dict[str, str]
) -> None:
    base = stack["base_url"]
    sound = page.fetch(
        "POST",
        f"{base}/audio/speech",
        headers,
        json.dumps({"model": "espeak-ng", "voice": "ash", "input": "Good morning.", "response_format": "wav"}).encode(),
    ).body
    made = page.fetch(
        "POST", f"{base}/audio/uploads", headers, json.dumps({"filename": "a.wav", "bytes": len(sound)}).encode()
    )
    upload = json.loads(made.body)
    parts = [f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in upload["fields"].items()]
    form = "".join(parts).encode() + b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    sent = page.fetch(
        "POST", upload["url"], {"content-type": "multipart/form-data; boundary=b"}, form + sound + b"\r\n--b--\r\n"
    )
    assert sent.status == 204
    order = {"model": "moonshine-tiny", "upload_id": upload["id"], "background": True}
    job = page.fetch("POST", f"{base}/audio/transcriptions", headers, json.dumps(order).encode())
    assert job.status == 202
    assert job.headers["location"]
    answer = page.fetch("GET", f"{base}/audio/jobs/{json.loads(job.body)['id']}/content?wait=25&hop=1", headers)
    assert json.loads(answer.body)["text"]
