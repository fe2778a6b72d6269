"""Pages in browsers call the API, as the Fetch standard requires. Pages of other origins read nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from audio_gateway.api.http.app import create_app, lambda_handler
from audio_gateway.api.http.cors import EXPOSED
from audio_gateway.api.models import models_app
from tests.fakes.gateway import call, event
from tests.fakes.page import NetworkError, Page, Raw
from tests.fakes.providers import catalog, model

API = "https://api.example.com/v1"
APP = "https://app.example.com"
PACKAGE = Path(__file__).parents[3] / "layers" / "shared" / "audio_gateway"

# What the official JavaScript client sends from a browser, besides what the caller adds.
OF_THE_SDK = {
    "authorization": "Bearer sk-1",
    "content-type": "application/json",
    "idempotency-key": "k",
    "openai-organization": "org-1",
    "openai-project": "proj_1",
    "x-client-request-id": "mine",
    "x-stainless-arch": "unknown",
    "x-stainless-helper-method": "stream",
    "x-stainless-lang": "js",
    "x-stainless-os": "Unknown",
    "x-stainless-package-version": "7.59.0",
    "x-stainless-retry-count": "0",
    "x-stainless-runtime": "browser:chrome",
    "x-stainless-runtime-version": "140.0.0",
    "x-stainless-timeout": "600",
}


def page(origin: str = APP, *, allowed: str = "*", app: Any = None, authorizer: Any = None) -> Page:
    """A page that calls the models function, which pages of `allowed` may call."""
    app = app or models_app(catalog=catalog(model("talker")))
    handler = lambda_handler(app, "models", allowed)

    def wire(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Raw:
        parts = urlsplit(url)
        nobody: Any = {} if method == "OPTIONS" else authorizer
        path = parts.path.removeprefix("/v1")
        request = event(method, path, body, headers=dict(headers), query=parse_qs(parts.query), authorizer=nobody)
        if path.startswith("/nowhere"):
            request["resource"] = "/{proxy+}"
        answer = call(handler, request)
        return Raw(answer.status, answer.headers, answer.body)

    return Page(origin, wire)


def preflight(of: Page, path: str, **asking: str) -> Raw:
    headers = {name.replace("_", "-"): value for name, value in asking.items()}
    return of.wire("OPTIONS", API + path, {"origin": of.origin, **headers}, b"")


def test_a_page_reads_the_response() -> None:
    answer = page().fetch("GET", f"{API}/models", OF_THE_SDK)
    assert answer.status == 200
    assert b"talker" in answer.body
    assert re.fullmatch(r"req_[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.headers["openai-processing-ms"]


def test_a_page_reads_errors() -> None:
    unknown = page().fetch("GET", f"{API}/models/nothing", OF_THE_SDK)
    assert (unknown.status, b"model_not_found" in unknown.body) == (404, True)
    nobody = page(authorizer={}).fetch("GET", f"{API}/models", OF_THE_SDK)
    assert (nobody.status, b"invalid_api_key" in nobody.body) == (401, True)
    nowhere = page().fetch("PATCH", f"{API}/nowhere/at/all", OF_THE_SDK)
    assert (nowhere.status, b"unknown_url" in nowhere.body) == (404, True)


def test_a_page_reads_that_the_gateway_is_at_fault() -> None:
    app = create_app("models", caller="none")

    @app.get("/models")
    async def broken() -> None:
        raise RuntimeError

    assert page(app=app).fetch("GET", f"{API}/models", OF_THE_SDK).status == 500


@pytest.mark.parametrize("origin", [APP, "null", "http://localhost:3000", "chrome-extension://abc"])
def test_pages_of_every_origin_may_call_unless_the_operator_restricts_them(origin: str) -> None:
    assert page(origin).fetch("GET", f"{API}/models", OF_THE_SDK).status == 200


def test_a_preflight_needs_no_key_and_names_the_methods_of_the_route() -> None:
    answer = preflight(page(), "/models", access_control_request_method="GET")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-methods"] == "GET"
    assert answer.headers["allow"] == "GET, OPTIONS"
    assert int(answer.headers["access-control-max-age"]) >= 600
    assert "access-control-allow-credentials" not in answer.headers


def test_every_header_may_be_sent_and_authorization_is_named() -> None:
    usual = preflight(page(), "/models", access_control_request_method="GET")
    assert "authorization" in usual.headers["access-control-allow-headers"].split(", ")
    asked = "authorization,x-stainless-of-next-year"
    answer = preflight(page(), "/models", access_control_request_method="GET", access_control_request_headers=asked)
    assert answer.headers["access-control-allow-headers"] == asked


@pytest.mark.parametrize("asked", ["a b", "a,,b", "a\r\nset-cookie: b", "<script>", "ä", ","])
def test_invalid_header_names_are_not_echoed(asked: str) -> None:
    answer = preflight(page(), "/models", access_control_request_method="GET", access_control_request_headers=asked)
    assert answer.headers["access-control-allow-headers"] != asked


@pytest.mark.parametrize("allowed", [APP, f"https://other.example,{APP}", f" {APP.upper()} , https://b.example:8443"])
def test_only_pages_of_the_operators_origins_may_call(allowed: str) -> None:
    found = page(allowed=allowed).fetch("GET", f"{API}/models", OF_THE_SDK)
    assert (found.status, "x-request-id" in found.headers) == (200, True)
    for origin in ("https://evil.example", f"{APP}.evil.example", "null", "http://app.example.com"):
        foreign = page(origin, allowed=allowed)
        with pytest.raises(NetworkError):
            foreign.fetch("GET", f"{API}/models", OF_THE_SDK)
        assert [method for method, _, _ in foreign.sent] == ["OPTIONS"]  # the request itself was never sent


def test_a_request_that_needs_no_preflight_is_not_readable_by_others_either() -> None:
    with pytest.raises(NetworkError):
        page("https://evil.example", allowed=APP).fetch("GET", f"{API}/models")


@pytest.mark.parametrize("origin", [APP, "https://evil.example", None])
def test_answers_that_depend_on_the_origin_say_so(origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin}
    handler = lambda_handler(models_app(catalog=catalog(model("talker"))), "models", f"{APP},https://b.example")
    answer = call(handler, event("GET", "/models", headers=headers))
    assert answer.headers["vary"] == "origin"
    assert answer.headers.get("access-control-allow-origin") == (APP if origin == APP else None)


def test_a_program_without_an_origin_is_answered_as_ever() -> None:
    handler = lambda_handler(models_app(catalog=catalog(model("talker"))), "models", APP)
    assert call(handler, event("GET", "/models")).status == 200


def test_pages_may_read_all_of_the_gateways_headers() -> None:
    """Every header that a response can have is exposed."""
    written: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        if "cli" not in file.parts:
            written |= set(
                re.findall(r"x-audio-gateway-[a-z-]+[a-z]|x-should-retry|retry-after|x-request-id", file.read_text())
            )
    windows = {
        f"x-ratelimit-{what}-{of}"
        for what in ("limit", "remaining", "reset")
        for of in ("requests", "characters", "audio-seconds")
    }
    assert written | windows <= set(EXPOSED)


def test_preflights_are_logged_and_not_counted(capsys: pytest.CaptureFixture[str]) -> None:
    preflight(page(), "/models", access_control_request_method="GET")
    out = capsys.readouterr().out
    assert '"method":"OPTIONS"' in out
    assert "_aws" not in out
