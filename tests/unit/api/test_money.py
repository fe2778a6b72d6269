"""The price of a request, when it is charged, and what the caller reads about it."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from audio_gateway.api.delivery import AnswerStream, Sale, delivered
from audio_gateway.api.http.streamed import Head, Sending
from audio_gateway.catalog.models import Model, Price
from audio_gateway.deadline import Deadline
from audio_gateway.errors import (
    BudgetReached,
    KeyNotUsable,
    MeteringUnavailable,
    PermissionDenied,
    ProviderBadAnswer,
    ProviderRejected,
    ProviderTimedOut,
    ProviderUnavailable,
    RateLimitReached,
)
from audio_gateway.idempotency.idempotency import Run
from audio_gateway.metering.account import Payer, Window
from audio_gateway.providers.port import AudioChunk, TranscriptDone
from audio_gateway.telemetry import RequestLog
from audio_gateway.transcripts.transcript import Transcript
from audio_gateway.use_cases.reservation import Billing, RequestContext
from tests.fakes.meter import FakeMeter, FakePendingSettlements
from tests.fakes.providers import model
from tests.sound import clip, tone_wav, wav
from tests.unit.api.harness import BODY, Gateway

DOWN = MeteringUnavailable("down")


def priced(microusd: int = 1_000_000, **fields: Any) -> Model:
    return model(price=Price(microusd, microusd), **fields)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway(priced())


def test_speech_is_charged_by_code_points_and_a_header_has_the_price(gateway: Gateway) -> None:
    answer = gateway.speak()
    assert (answer.status, answer.headers["x-audio-gateway-cost-usd"]) == (200, "0.000008")
    (work,) = gateway.meter.settled
    assert (work.unit, work.amount, work.price_microusd, work.model) == ("characters", 8, 8, "talker")
    assert work.request_id == answer.headers["x-request-id"]
    assert gateway.meter.open == []


def test_audio_is_charged_by_its_measured_milliseconds(gateway: Gateway) -> None:
    answer = gateway.write(tone_wav(1.234))
    (work,) = gateway.meter.settled
    assert (work.unit, work.amount) == ("audio_ms", 1234)
    assert work.price_microusd == 20_567  # 1.234 s at a dollar a minute: 20,566.67, rounded up
    assert answer.headers["x-audio-gateway-cost-usd"] == "0.020567"


@pytest.mark.parametrize("fields", [[], [("response_format", "text")], [("stream", "true")], [("prompt", "Ann")]])
def test_the_price_does_not_depend_on_the_form_of_the_response(gateway: Gateway, fields: list[tuple[str, str]]) -> None:
    gateway.write(tone_wav(2.0), *fields)
    assert [work.price_microusd for work in gateway.meter.settled] == [33_334]


def test_a_free_response_has_a_cost_of_zero() -> None:
    assert Gateway(priced(0)).speak().headers["x-audio-gateway-cost-usd"] == "0"


def test_nothing_reaches_a_provider_before_the_hold(gateway: Gateway) -> None:
    gateway.meter.refuses = DOWN
    answer = gateway.speak()
    assert (answer.status, answer.error["code"]) == (503, "metering_unavailable")
    assert gateway.provider.asked == []
    assert "x-audio-gateway-cost-usd" not in answer.headers


def test_bad_input_is_refused_without_a_hold(gateway: Gateway) -> None:
    assert gateway.speak(voice="").status == 400
    assert gateway.write(b"no audio").status == 400
    assert gateway.meter.admitted == []


REFUSALS = [
    (RateLimitReached("r", limit="requests_per_minute", retry_after_s=7), 429, "rate_limit_exceeded", "7", None),
    (BudgetReached("b", limit="monthly_budget_usd"), 429, "insufficient_quota", None, "false"),
    (PermissionDenied("d"), 403, None, None, None),
    (KeyNotUsable("It expired on 2026-11-30 at 08:00 UTC."), 401, "invalid_api_key", None, None),
]


@pytest.mark.parametrize(("error", "status", "code", "retry_after", "should_retry"), REFUSALS)
def test_a_refusal_has_the_header_that_says_whether_to_retry(
    gateway: Gateway, error: Any, status: int, code: str | None, retry_after: str | None, should_retry: str | None
) -> None:
    error.windows = {"requests": Window(5, 0, 7)}
    gateway.meter.refuses = error
    answer = gateway.speak()
    assert (answer.status, answer.error["code"]) == (status, code)
    assert answer.headers.get("retry-after") == retry_after
    assert answer.headers.get("x-should-retry") == should_retry
    if status == 429:
        assert answer.headers["x-ratelimit-remaining-requests"] == "0"


def test_the_windows_of_the_key_are_in_the_headers(gateway: Gateway) -> None:
    gateway.meter.windows = {"requests": Window(60, 59, 12), "audio-seconds": Window(600, 480, 12)}
    headers = gateway.speak().headers
    found = {name: value for name, value in headers.items() if name.startswith("x-ratelimit-")}
    assert found == {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "12s",
        "x-ratelimit-limit-audio-seconds": "600",
        "x-ratelimit-remaining-audio-seconds": "480",
        "x-ratelimit-reset-audio-seconds": "12s",
    }


@pytest.mark.parametrize(
    "error",
    [
        ProviderUnavailable("down", provider="fake"),
        ProviderRejected("no", provider="fake", upstream_status=400),
        RuntimeError("a bug"),
    ],
)
def test_a_failed_request_is_free_and_holds_nothing(gateway: Gateway, error: Any) -> None:
    gateway.provider.fails = error
    for answer in (gateway.speak(), gateway.write(tone_wav(1.0))):
        assert answer.status >= 400
        assert "x-audio-gateway-cost-usd" not in answer.headers
    assert (len(gateway.meter.released), gateway.meter.settled, gateway.meter.open) == (2, [], [])
    assert gateway.meter.failed == []  # no provider has done anything


@pytest.mark.parametrize(
    "error",
    [
        ProviderTimedOut("late", provider="fake"),
        ProviderBadAnswer("nothing", provider="fake"),
        ProviderUnavailable("cut off", provider="fake", worked=True),
    ],
)
def test_the_cost_of_a_failed_request_is_recorded(gateway: Gateway, error: Any) -> None:
    gateway.provider.fails = error
    gateway.speak()
    gateway.write(tone_wav(1.5))
    assert (len(gateway.meter.released), gateway.meter.settled, gateway.meter.open) == (2, [], [])
    assert gateway.meter.failed == [("talker", 8), ("talker", 25_000)]


def test_a_provider_that_breaks_off_in_the_middle_is_free(gateway: Gateway) -> None:
    def synthesize(_request: object) -> Any:
        yield AudioChunk(bytes(4800), "pcm", 24_000)
        raise ProviderUnavailable("cut", provider="fake")

    gateway.provider.synthesize = synthesize  # type: ignore[assignment] # the provider fails midway
    assert gateway.speak().status == 503
    assert (len(gateway.meter.released), gateway.meter.settled, gateway.meter.failed) == (1, [], [("talker", 8)])


def test_an_empty_transcript_of_speech_is_the_providers_failure_and_of_silence_an_answer(gateway: Gateway) -> None:
    gateway.provider.text = ""
    answer = gateway.write(clip("austen-0880"))
    assert (answer.status, answer.error["code"]) == (502, "provider_bad_answer")
    assert (len(gateway.meter.released), gateway.meter.settled, len(gateway.meter.failed)) == (1, [], 1)
    answer = gateway.write(wav(bytes(32_000)))
    assert (answer.status, answer.json["text"]) == (200, "")
    assert len(gateway.meter.settled) == 1


@pytest.mark.parametrize("endpoint", ["speech", "transcriptions"])
def test_an_answer_that_cannot_be_delivered_is_free(gateway: Gateway, endpoint: str) -> None:
    gateway.results.broken = True
    gateway.provider.speech = (AudioChunk(bytes(6_000_000), "pcm", 24_000),)
    gateway.provider.text = ("work" * 25_000 + " ") * 72
    answer = gateway.speak() if endpoint == "speech" else gateway.write(wav(bytes(32_000)))
    assert (answer.status, answer.error["code"]) == (503, "storage_unavailable")
    assert (len(gateway.meter.released), gateway.meter.settled, len(gateway.meter.failed)) == (1, [], 1)


def test_the_highest_price_is_held_and_the_price_of_the_model_that_served_is_charged() -> None:
    gateway = Gateway(
        priced(2_000_000, model_id="talker", fallbacks=("dear", "cheap")),
        priced(9_000_000, model_id="dear"),
        priced(1_000_000, model_id="cheap"),
    )
    real = gateway.provider.synthesize

    def synthesize(request: Any) -> Any:
        if request.model != "up-cheap":
            raise ProviderUnavailable("down", provider="fake")
        return real(request)

    gateway.provider.synthesize = synthesize  # only one of them works
    assert gateway.speak().headers["x-audio-gateway-cost-usd"] == "0.000008"
    assert [(work.model, work.price_microusd) for work in gateway.meter.admitted] == [("talker", 72)]
    assert [(work.model, work.price_microusd) for work in gateway.meter.settled] == [("cheap", 8)]


def test_the_cost_includes_failed_attempts_of_other_providers() -> None:
    gateway = Gateway(
        priced(2_000_000, model_id="talker", fallbacks=("refuses", "cheap")),
        priced(9_000_000, model_id="refuses"),
        priced(1_000_000, model_id="cheap"),
    )
    real = gateway.provider.synthesize

    def synthesize(request: Any) -> Any:
        if request.model == "up-talker":
            raise ProviderBadAnswer("nothing", provider="fake")
        if request.model == "up-refuses":
            raise ProviderUnavailable("down", provider="fake")
        return real(request)

    gateway.provider.synthesize = synthesize  # only one of them works
    assert gateway.speak().headers["x-audio-gateway-cost-usd"] == "0.000008"
    assert [(work.model, work.price_microusd, work.cost_microusd) for work in gateway.meter.settled] == [
        ("cheap", 8, 24)
    ]
    assert [work.unbilled_cost_microusd for work in gateway.meter.settled] == [16]
    assert gateway.meter.failed == []


class Clock:
    """A clock for deadlines, which stops until it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._now_s = 1000.0
        monkeypatch.setattr("audio_gateway.deadline.time", self)

    def monotonic(self) -> float:
        return self._now_s

    def passes(self, seconds: float) -> None:
        self._now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_no_other_provider_is_called_after_the_deadline(clock: Clock) -> None:
    gateway = Gateway(priced(model_id="talker", fallbacks=("spare",)), priced(model_id="spare"))

    def synthesize(request: Any) -> Any:
        gateway.provider.asked.append(request)
        clock.passes(27)
        raise ProviderTimedOut("late", provider="fake")

    gateway.provider.synthesize = synthesize  # it takes all of the time
    assert gateway.speak().status == 504
    assert [request.model for request in gateway.provider.asked] == ["up-talker"]
    assert gateway.meter.failed == [("talker", 8)]


@pytest.mark.parametrize("where", ["the last piece", "the end", "the bucket", "the replay"])
def test_an_answer_that_is_ready_too_late_is_not_charged(
    gateway: Gateway, clock: Clock, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform may have ended the request before its response is sent."""

    def synthesize(_request: object) -> Any:
        yield AudioChunk(bytes(4800), "pcm", 24_000)
        if where == "the last piece":
            clock.passes(27)
            yield AudioChunk(bytes(4800), "pcm", 24_000)
        if where == "the end":
            clock.passes(27)
        if where == "the bucket":
            yield AudioChunk(bytes(6_000_000), "pcm", 24_000)

    gateway.provider.synthesize = synthesize  # type: ignore[assignment] # as slow as it is told to be
    put = gateway.results.put

    def slow_put(*args: Any, **options: Any) -> Any:
        kept = put(*args, **options)
        clock.passes(27)
        return kept

    monkeypatch.setattr(gateway.results, "put", slow_put)
    if where == "the replay":
        monkeypatch.setattr(Run, "keep", lambda *_: clock.passes(27))
    answer = gateway.speak()
    assert (answer.status, answer.headers["x-should-retry"]) == (504, "false")
    assert (gateway.meter.settled, gateway.meter.failed, gateway.pending_settlements.kept) == ([], [("talker", 8)], {})


@pytest.mark.parametrize(("seconds", "status"), [(26.4, 200), (26.6, 504)])
def test_a_transcript_that_comes_too_late_is_not_charged(
    gateway: Gateway, clock: Clock, seconds: float, status: int
) -> None:
    def transcribe(request: Any) -> Any:
        clock.passes(seconds)
        yield TranscriptDone(Transcript("late", request.audio.duration_ms))

    gateway.provider.transcribe = transcribe  # nothing can interrupt it
    assert gateway.write(tone_wav(0.3)).status == status
    assert (len(gateway.meter.settled), len(gateway.meter.failed)) == ((1, 0) if status == 200 else (0, 1))


@pytest.mark.parametrize(("seconds", "released"), [(27.0, True), (28.0, False)])
def test_a_failed_request_is_released_while_the_function_has_time_for_it(
    gateway: Gateway, clock: Clock, seconds: float, released: bool
) -> None:
    def synthesize(_request: object) -> Any:
        clock.passes(seconds)
        raise ProviderTimedOut("late", provider="fake")

    gateway.provider.synthesize = synthesize  # type: ignore[assignment] # it takes all of the time
    assert gateway.speak().status == 504
    assert (len(gateway.meter.failed), bool(gateway.meter.released)) == (1, released)


def test_no_job_is_started_that_the_caller_would_not_hear_of() -> None:
    gateway = Gateway(priced(speed_factor=0.001))
    assert gateway.speak(seconds=-1).status == 504
    assert gateway.speak().status == 303


def test_an_answer_that_cannot_be_settled_goes_out_and_leaves_a_pending_settlement(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.meter.fails = DOWN
    answer = gateway.speak()
    assert (answer.status, answer.headers["x-audio-gateway-cost-usd"]) == (200, "0.000008")
    assert [work.price_microusd for work in gateway.pending_settlements.kept.values()] == [8]
    line = next(json.loads(line) for line in capsys.readouterr().out.splitlines() if "not settled" in line)
    assert (line["level"], line["state"], line["price_microusd"]) == ("ERROR", "kept", 8)
    assert BODY["input"] not in str(line)


def test_an_answer_goes_out_even_if_no_pending_settlement_can_be_written(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.meter.fails = gateway.pending_settlements.fails = DOWN
    assert gateway.speak().status == 200
    assert '"state":"lost"' in capsys.readouterr().out


def test_a_failure_whose_release_fails_keeps_its_own_error(gateway: Gateway) -> None:
    gateway.provider.fails = ProviderUnavailable("down", provider="fake")
    gateway.meter.fails = DOWN
    assert gateway.speak().error["code"] == "provider_unavailable"
    assert gateway.pending_settlements.kept == {}


@pytest.mark.parametrize("keeps", [False, True])
def test_a_caller_who_reads_too_slowly_until_the_deadline_pays(keeps: bool) -> None:
    meter, talker = FakeMeter(), priced()
    deadline, over = Deadline.after(3600), Deadline.after(0)
    stream: Any = object()
    sending = Sending(stream, deadline, deadline, RequestLog("req_1", "speech", "POST"))
    context = RequestContext("req_1", Payer("key_1", "default"), over, cancellation=sending.cancellation)
    reservation = Billing(meter, FakePendingSettlements()).reserve(context, "speech", talker, (talker,), 8)
    run = Run()
    run.keeps = keeps  # as with an Idempotency-Key
    sale = Sale(run, reservation, talker, cast("Any", None), "default")
    items = delivered(lambda: AnswerStream({}, iter((b"1", b"2"))), sale, sending)
    assert [type(next(items)), next(items)] == [Head, b"1"]
    sending.cancellation.cancel(by_client=True)  # as `StreamedResponse` does when the time is over
    items.close()
    assert (len(meter.settled), meter.failed, meter.open) == (1, [], [])
