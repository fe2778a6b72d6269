"""Fallbacks: which providers are called after a failure, which are not, and what is logged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audio_gateway.catalog.models import Model, Price, Provider
from audio_gateway.errors import (
    ProviderBadAnswer,
    ProviderError,
    ProviderKeyUnreadable,
    ProviderRejected,
    ProviderTimedOut,
    ProviderUnavailable,
)
from tests.fakes.gateway import Answer
from tests.fakes.providers import PROVIDER, FakeAdapter, model
from tests.sound import tone_wav
from tests.unit.api.harness import Gateway

SECRET = "what the provider said, sk-secret"
AUDIO = tone_wav(2.0)


class Three:
    """`talker` with its fallbacks `second` and `third`, each at its own provider."""

    def __init__(self, **fields: dict[str, object]) -> None:
        names = ("talker", "second", "third")
        self.providers = {name: FakeAdapter() for name in names}
        self.unreadable: set[str] = set()
        self.gateway = Gateway(*(self._model(name, fields.get(name, {})) for name in names), providers=self._provider)

    def _model(self, name: str, fields: dict[str, object]) -> Model:
        fallbacks = ("second", "third") if name == "talker" else ()
        provider = Provider(f"at-{name}", PROVIDER.adapter, PROVIDER.base_url, None, 60)
        price = Price(1_000_000, 1_000_000)
        return model(name, **({"provider": provider, "fallbacks": fallbacks, "price": price} | fields))

    def _provider(self, provider: Provider) -> FakeAdapter:
        name = provider.id.removeprefix("at-")
        if name in self.unreadable:
            reason = f"The secret env:{name.upper()}_KEY is not set"
            raise ProviderKeyUnreadable("Its key cannot be read.", provider=provider.id, reason=reason)
        return self.providers[name]

    def fail(self, name: str, error: type[ProviderError] = ProviderUnavailable, **more: Any) -> None:
        self.providers[name].fails = error(SECRET, provider=f"at-{name}", **more)

    @property
    def asked(self) -> list[str]:
        return [name for name, provider in self.providers.items() if provider.asked]


def line_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The line of the last request."""
    out = capsys.readouterr().out
    assert "sk-secret" not in out
    lines = [json.loads(line) for line in out.splitlines()]
    return next(line for line in reversed(lines) if line.get("message") == "request")


def served(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.headers.get("x-audio-gateway-model")


# ------------------------------------------------------------------------------------------------ what is told


def test_a_provider_that_failed_before_a_fallback_is_in_the_line_of_the_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    three = Three()
    three.fail("talker")
    three.fail("second", ProviderBadAnswer)
    assert served(three.gateway.speak()) == (200, "third")
    line = line_of(capsys)
    assert (line["requested_model"], line["model"]) == ("talker", "third")
    assert line["failed"] == [
        {"model": "talker", "provider": "at-talker", "error": "ProviderUnavailable"},
        {"model": "second", "provider": "at-second", "error": "ProviderBadAnswer"},
    ]


def test_so_it_is_where_all_fail_and_of_transcriptions(capsys: pytest.CaptureFixture[str]) -> None:
    three = Three()
    for name in ("talker", "second", "third"):
        three.fail(name)
    assert three.gateway.write(AUDIO).status == 503
    line = line_of(capsys)
    assert [failure["model"] for failure in line["failed"]] == ["talker", "second", "third"]
    assert (line["error"], line["model"], "requested_model" in line) == ("ProviderUnavailable", "talker", False)


def test_a_failure_in_the_middle_is_logged_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    three = Three()

    def breaks_off(request: Any) -> Any:
        yield from FakeAdapter().synthesize(request)
        raise ProviderUnavailable(SECRET, provider="at-talker")

    monkeypatch.setattr(three.providers["talker"], "synthesize", breaks_off)
    assert three.gateway.speak(input="a" * 100).status == 503
    assert line_of(capsys)["failed"] == [{"model": "talker", "provider": "at-talker", "error": "ProviderUnavailable"}]


def test_without_failures_nothing_is_logged_about_them(capsys: pytest.CaptureFixture[str]) -> None:
    Three().gateway.speak()
    line = line_of(capsys)
    assert "failed" not in line
    assert "requested_model" not in line


# ------------------------------------------------------------------------------------------------ who is asked


@pytest.mark.parametrize("endpoint", ["speech", "transcriptions"])
def test_a_provider_whose_key_cannot_be_read_is_passed_over(endpoint: str, capsys: pytest.CaptureFixture[str]) -> None:
    three = Three()
    three.unreadable.add("talker")
    answer = three.gateway.speak() if endpoint == "speech" else three.gateway.write(AUDIO)
    assert served(answer) == (200, "second")
    line = line_of(capsys)
    reason = "The secret env:TALKER_KEY is not set"
    failure = {"model": "talker", "provider": "at-talker", "error": "ProviderKeyUnreadable", "reason": reason}
    assert line["failed"] == [failure]


def test_where_no_key_can_be_read_the_caller_hears_no_secret_and_pays_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    three = Three()
    three.unreadable |= {"talker", "second", "third"}
    answer = three.gateway.speak()
    assert (answer.status, answer.error["code"]) == (502, "provider_key_unreadable")
    assert answer.headers["x-should-retry"] == "false"
    assert "TALKER_KEY" not in answer.body.decode()
    assert (three.gateway.meter.settled, three.gateway.meter.failed, three.gateway.meter.open) == ([], [], [])
    out = capsys.readouterr().out
    assert "env:TALKER_KEY" in out
    assert "Traceback" not in out
    assert '"stack"' not in out


def test_input_that_a_provider_rejects_is_sent_to_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    three = Three()
    three.fail("talker", ProviderRejected, upstream_status=400)
    assert three.gateway.speak().status == 400
    assert three.asked == ["talker"]
    assert "failed" not in line_of(capsys)


def test_a_fallback_that_rejects_ends_it() -> None:
    three = Three()
    three.fail("talker")
    three.fail("second", ProviderRejected, upstream_status=422)
    assert three.gateway.speak().status == 422
    assert three.asked == ["talker", "second"]


def test_a_fallback_that_runs_out_of_time_is_a_time_out_without_a_retry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The SDKs repeat a 503 immediately: the work that took all the time would be done, and perhaps paid, again."""
    three = Three()
    three.fail("talker")

    def late(_request: Any) -> Any:
        monkeypatch.setattr("audio_gateway.deadline.Deadline.passed", property(lambda _self: True))
        raise ProviderTimedOut(SECRET, provider="at-second")

    monkeypatch.setattr(three.providers["second"], "synthesize", late)
    answer = three.gateway.speak()
    assert (answer.status, answer.headers["x-should-retry"], three.asked) == (504, "false", ["talker"])


def test_a_fallback_that_is_late_by_its_own_clock_alone_leaves_time_for_the_next() -> None:
    three = Three()
    three.fail("talker")
    three.fail("second", ProviderTimedOut)
    assert served(three.gateway.speak()) == (200, "third")


# ------------------------------------------------------------------------------------------------ limits of models


def test_text_above_the_model_s_own_limit_is_spoken_in_parts() -> None:
    three = Three(talker={"max_characters": 7})
    assert served(three.gateway.speak()) == (200, "talker")  # 8 characters
    assert len(three.providers["talker"].asked) == 2


def test_text_above_a_fallback_s_limit_is_spoken_in_parts_by_it() -> None:
    three = Three(second={"max_characters": 7})
    three.fail("talker")
    assert served(three.gateway.speak()) == (200, "second")
    assert [len(provider.asked) for provider in three.providers.values()] == [1, 2, 0]


def test_audio_above_the_model_s_own_limit_becomes_a_job_and_a_fallback_s_leaves_it_out() -> None:
    three = Three(talker={"max_seconds": 1.9})
    assert three.gateway.write(AUDIO).status == 303
    assert three.asked == []
    three = Three(second={"max_seconds": 1.9})
    three.fail("talker")
    assert served(three.gateway.write(AUDIO)) == (200, "third")
    assert three.asked == ["talker", "third"]


def test_a_fallback_that_takes_fewer_bytes_is_left_out() -> None:
    three = Three(second={"max_bytes": len(AUDIO) - 1}, third={"max_bytes": len(AUDIO)})
    three.fail("talker")
    assert served(three.gateway.write(AUDIO)) == (200, "third")
    assert three.asked == ["talker", "third"]
