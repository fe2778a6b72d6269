"""What an upstream's refusals mean."""

from __future__ import annotations

import email.utils
import json

import pytest

from audio_gateway.errors import (
    ProviderBadAnswer,
    ProviderError,
    ProviderKeyRefused,
    ProviderQuotaExhausted,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimedOut,
    ProviderUnavailable,
)
from audio_gateway.providers.openai.errors import broken_stream, refusal, retry_after

KEY = "sk-operator-secret"


def body(**error: object) -> bytes:
    return json.dumps(
        {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": None, **error}}
    ).encode()


def meaning(status: int, data: bytes = b"", headers: dict[str, str] | None = None) -> ProviderError:
    return refusal("acme", status, headers or {}, data, KEY)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, ProviderBadAnswer), (302, ProviderBadAnswer), (307, ProviderBadAnswer), (204, ProviderBadAnswer),
        (400, ProviderRejected), (413, ProviderRejected), (415, ProviderRejected), (422, ProviderRejected),
        (401, ProviderKeyRefused), (403, ProviderKeyRefused),
        (404, ProviderKeyRefused), (405, ProviderKeyRefused),
        (402, ProviderQuotaExhausted),
        (408, ProviderTimedOut), (504, ProviderTimedOut),
        (409, ProviderUnavailable), (418, ProviderBadAnswer), (429, ProviderRateLimited),
        (500, ProviderUnavailable), (502, ProviderUnavailable), (503, ProviderUnavailable), (529, ProviderUnavailable),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "data", [b"", body(), b"<html>", b"[]", b'{"detail": [1]}', b'{"error": 3}', b"\xff", b"[" * 100_000]
)
def test_the_status_decides_whatever_the_body_is(status: int, error: type[ProviderError], data: bytes) -> None:
    assert type(meaning(status, data)) is error
    assert meaning(status, data).provider == "acme"


@pytest.mark.parametrize(
    "code",
    ["insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
     "project_spend_limit_exceeded", "organization_usage_limit_exceeded"],
)  # fmt: skip
def test_a_quota_that_is_used_up_is_no_rate_limit(code: str) -> None:
    assert isinstance(meaning(429, body(code=code)), ProviderQuotaExhausted)
    assert isinstance(meaning(429, body(type=code)), ProviderQuotaExhausted)


def test_an_unknown_model_is_the_operator_s_mistake_by_status_or_by_code() -> None:
    for error in (meaning(404), meaning(400, body(code="model_not_found")), meaning(403, body(code="model_not_found"))):
        assert isinstance(error, ProviderKeyRefused)
        assert error.code == "provider_model_not_found"


def test_a_rejection_passes_on_message_param_and_code() -> None:
    error = meaning(400, body(message="Too long.", param="input", code="string_too_long"))
    assert isinstance(error, ProviderRejected)
    assert (error.message, error.param, error.code, error.upstream_status) == (
        "Too long.",
        "input",
        "string_too_long",
        400,
    )


def test_a_rejection_without_a_message_has_one_of_ours() -> None:
    assert "acme" in meaning(413, b"<html>too large</html>").message


def test_the_operator_s_key_is_never_passed_on() -> None:
    said = body(message=f"Incorrect key {KEY}!", code="x")
    for status in (400, 401, 403, 404, 422, 429, 500):
        assert KEY not in str(meaning(status, said))
    assert "***" in meaning(400, said).message


def test_the_operator_s_key_is_taken_out_of_param_and_code_before_they_are_cut() -> None:
    key = "sk-" + "k" * 200
    error = refusal("acme", 400, {}, body(param=f"header {key}", code=f"bad_{key}"), key)
    assert (error.param, error.code) == ("header ***", "bad_***")


def test_param_and_code_are_only_so_long() -> None:
    error = meaning(400, body(param="p" * 1000, code="c" * 1000))
    assert len(error.param or "") == len(error.code or "") == 64


def test_a_message_is_only_so_long() -> None:
    assert len(meaning(400, body(message="x" * 10_000)).message) == 500


@pytest.mark.parametrize("wrong", [{"message": 3}, {"code": {"a": 1}}, {"param": ["input"]}, {"type": None}])
def test_fields_of_the_wrong_type_do_no_harm(wrong: dict[str, object]) -> None:
    assert isinstance(meaning(400, body(**wrong)), ProviderRejected)


def test_a_code_that_is_a_number_is_text_to_us() -> None:
    assert meaning(400, body(code=1234)).code == "1234"


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": email.utils.formatdate(NOW + 30, usegmt=True)}, 30.0),
        ({"retry-after": email.utils.formatdate(NOW - 30, usegmt=True)}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e300"}, 86_400.0),
        ({"retry-after": ""}, None),
        ({"retry-after-ms": "x", "retry-after": "2"}, 2.0),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_is_passed_on(status: int) -> None:
    assert meaning(status, body(), {"retry-after": "7"}).retry_after_s == 7.0


def test_an_error_in_the_middle_of_a_stream() -> None:
    assert isinstance(broken_stream("acme", '{"error": {"code": "insufficient_quota"}}'), ProviderQuotaExhausted)
    error = broken_stream("acme", f'{{"error": {{"message": "{KEY}"}}}}')
    assert isinstance(error, ProviderUnavailable)
    assert KEY not in error.message
