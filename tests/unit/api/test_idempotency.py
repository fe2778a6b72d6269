"""Idempotency-Key through the real handlers: one call of the provider, one payment, one answer."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import pytest

from audio_gateway.api.http.function_handler import BrokenResponse
from audio_gateway.api.speech import read_speech
from audio_gateway.deadline import Deadline
from audio_gateway.errors import MeteringUnavailable, ProviderUnavailable
from audio_gateway.fingerprint import fingerprint
from audio_gateway.idempotency.idempotency import CLAIM_MARGIN_S, ApiResponse, Idempotency, StoredAnswer, key_hash
from audio_gateway.providers.port import AudioChunk
from audio_gateway.response_stream import ClientDisconnected
from audio_gateway.spool import Spool
from tests.fakes.gateway import API_CALLER, Answer, Context, FakeStream, form_event, json_event
from tests.fakes.idempotency import FakeAnswers, FakeClaims, FakePayments
from tests.fakes.providers import model
from tests.sound import tone_wav
from tests.unit.api.harness import AudioHarness

KEY = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
SPEECH = {"model": "talker", "input": "Hello.", "voice": "alloy", "response_format": "wav"}
SOUND = tone_wav(1.0)
FORM = [("model", "talker"), ("language", "en"), ("file", ("a.wav", SOUND))]


class Gateway(AudioHarness):
    """All three endpoints over one provider, one billing and one set of claims."""

    def __init__(self) -> None:
        self.now_s = 1_795_255_200.0
        self.claims, self.answers, self.payments = FakeClaims(), FakeAnswers(), FakePayments()
        self.idempotency = Idempotency(self.claims, self.answers, self.payments, lambda: self.now_s)
        super().__init__(
            model(ignore=frozenset({"keywords"})),
            model("slow", capabilities=frozenset(), speed_factor=1000.0),
            idempotency=self.idempotency,
        )

    def speak(self, key: str | None = KEY, **changes: Any) -> Answer:
        return self.ask(json_event("/audio/speech", SPEECH | changes), key)

    def write(self, *parts: tuple[str, Any], key: str | None = KEY, endpoint: str = "transcriptions") -> Answer:
        return self.ask(form_event(f"/audio/{endpoint}", list(parts or FORM)), key)

    def ask(self, request: dict[str, Any], key: str | None = KEY) -> Answer:
        if key is not None:
            request["headers"]["Idempotency-Key"] = key
            request["multiValueHeaders"]["Idempotency-Key"] = [key]
        return self.send(request)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def headers_of(answer: Answer) -> dict[str, str]:
    """Without the headers that differ in each response."""
    of_one = {
        "x-request-id",
        "openai-processing-ms",
        "x-audio-gateway-replayed",
        "x-audio-gateway-cost-usd",
        "location",
    }
    return {name: value for name, value in answer.headers.items() if name not in of_one}


def is_replay(again: Answer, first: Answer) -> bool:
    assert (again.status, again.body, headers_of(again)) == (first.status, first.body, headers_of(first))
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert again.headers["x-audio-gateway-cost-usd"] == "0"
    assert "x-audio-gateway-replayed" not in first.headers
    return again.headers["x-audio-gateway-replayed"] == "true"


@pytest.mark.parametrize("changes", [{}, {"response_format": "mp3"}, {"stream_format": "sse"}, {"speed": 2}])
def test_speech_is_made_and_paid_once(gateway: Gateway, changes: dict[str, Any]) -> None:
    first, again, once_more = (gateway.speak(**changes) for _ in range(3))
    assert (first.status, gateway.calls, len(gateway.meter.settled), len(gateway.meter.admitted)) == (200, 1, 1, 1)
    assert is_replay(again, first)
    assert is_replay(once_more, first)


@pytest.mark.parametrize(
    "more",
    [(), (("response_format", "text"),), (("response_format", "srt"),), (("stream", "true"),), (("unknown", "x"),)],
)
@pytest.mark.parametrize("endpoint", ["transcriptions", "translations"])
def test_a_transcript_is_made_and_paid_once(gateway: Gateway, endpoint: str, more: tuple[tuple[str, str], ...]) -> None:
    first, again = (gateway.write(*FORM, *more, endpoint=endpoint) for _ in range(2))
    assert (first.status, gateway.calls, len(gateway.meter.settled)) == (200, 1, 1)
    assert is_replay(again, first)


def test_a_replay_that_is_too_large_for_lambda_has_a_new_link(gateway: Gateway) -> None:
    long = "a" * 2_000  # the fake speaks 10 ms a character
    gateway.provider.speech = tuple(gateway.provider.speech or ()) or None
    first, again = (gateway.speak(input=long * 2, response_format="wav", speed=0.25, model="slow") for _ in range(2))
    assert (first.status, gateway.calls) == (303, 1)
    assert is_replay(replace(again, body=first.body), first)
    assert first.headers["location"] != again.headers["location"] == again.json["location"]
    assert gateway.results.stored[0] == gateway.results.stored[1]


def test_the_same_request_may_be_written_in_another_way(gateway: Gateway) -> None:
    first = gateway.write()
    sent = form_event("/audio/transcriptions", FORM[::-1])
    old, new = b"------------------------gateway", b"another-boundary"
    sent["body"] = base64.b64encode(base64.b64decode(sent["body"]).replace(old, new)).decode()
    for headers in (sent["headers"], sent["multiValueHeaders"]):
        headers["Content-Type"] = json.loads(json.dumps(headers["Content-Type"]).replace(old.decode(), new.decode()))
    assert is_replay(gateway.ask(sent), first)


def test_another_request_under_the_key_is_refused(gateway: Gateway) -> None:
    gateway.speak()
    for other in (gateway.speak(input="Hello!"), gateway.write()):
        assert other.status == 422
        assert other.error["code"] == "idempotency_key_reused"
        assert "Idempotency-Key" in other.error["message"]
        assert "new key" in other.error["message"]
    assert gateway.calls == 1


def test_while_the_first_one_runs_the_next_must_wait(gateway: Gateway) -> None:
    key_sha256, asked = key_hash([KEY]), fingerprint("speech", *read_speech(SPEECH).content)
    assert key_sha256
    running = gateway.idempotency.begin(
        project_id="default",
        key_sha256=key_sha256,
        fingerprint=asked,
        request_id="req_of_another_function",
        deadline=Deadline.after(26.5),
    )
    gateway.now_s += 3
    with running:
        refused = gateway.speak()
    assert (refused.status, refused.error["type"]) == (409, "conflict_error")
    assert refused.error["code"] == "request_in_progress"
    assert refused.headers["retry-after"] == "3"
    assert "x-should-retry" not in refused.headers
    assert not gateway.meter.admitted
    assert gateway.speak().status == 200


@pytest.mark.parametrize("key", ["", "a b", "caf\u00e9", "x" * 256, "\u20ac"])
def test_an_odd_key_is_refused_before_anything_is_done(gateway: Gateway, key: str) -> None:
    for answer in (gateway.speak(key), gateway.write(key=key)):
        assert answer.status == 400
        assert answer.error["param"] == "Idempotency-Key"
        assert "Idempotency-Key" in answer.error["message"]
    assert not gateway.meter.admitted
    assert not gateway.claims.existing


def test_an_idempotency_key_is_shared_by_the_keys_of_a_project(gateway: Gateway) -> None:
    first = gateway.speak()
    colleague = json_event("/audio/speech", SPEECH, authorizer=API_CALLER | {"key_id": "key_2"})
    assert is_replay(gateway.ask(colleague), first)
    stranger = json_event("/audio/speech", SPEECH, authorizer=API_CALLER | {"project_id": "other"})
    assert "x-audio-gateway-replayed" not in gateway.ask(stranger).headers
    assert gateway.calls == 2


def test_errors_are_not_remembered(gateway: Gateway) -> None:
    gateway.provider.fails = ProviderUnavailable("down", provider="fake")
    assert [gateway.speak().status for _ in range(2)] == [503, 503]
    gateway.provider.fails = None
    assert gateway.speak().status == 200
    assert gateway.calls == 3
    assert [len(gateway.meter.settled), gateway.meter.open] == [1, []]


def test_a_request_that_is_wrong_claims_no_key(gateway: Gateway) -> None:
    assert gateway.speak(speed=9).status == 400
    assert gateway.speak(model="nobody").status == 404
    assert not gateway.claims.existing
    assert gateway.speak().status == 200


def test_a_key_that_cannot_be_claimed_reaches_no_provider(gateway: Gateway) -> None:
    gateway.claims.failing = {"acquire"}
    answer = gateway.speak()
    assert (answer.status, answer.error["code"], gateway.calls) == (503, "idempotency_unavailable", 0)
    assert gateway.speak(key=None).status == 200


def test_an_answer_that_cannot_be_stored_is_not_given_and_not_paid(gateway: Gateway) -> None:
    gateway.answers.failing = {"keep"}
    assert gateway.speak().status == 503
    assert [len(gateway.meter.settled), gateway.meter.open] == [0, []]
    gateway.answers.failing = set()
    assert gateway.speak().status == 200


def test_an_answer_is_stored_before_it_is_paid_and_its_key_done_after(gateway: Gateway) -> None:
    seen: list[tuple[int, bool]] = []
    settle = gateway.meter.settle

    def watched(hold: Any, work: Any, **options: Any) -> None:
        (claim,) = gateway.claims.existing.values()
        seen.append((len(gateway.answers.stored), claim.done))
        settle(hold, work, **options)

    gateway.meter.settle = watched  # type: ignore[assignment] # checks at the moment of payment
    gateway.speak()
    (claim,) = gateway.claims.existing.values()
    assert seen == [(1, False)]
    assert claim.done


def test_an_answer_that_is_settled_later_is_replayed_all_the_same(gateway: Gateway) -> None:
    gateway.meter.fails = MeteringUnavailable("down")
    first = gateway.speak()
    assert (first.status, len(gateway.pending_settlements.kept)) == (200, 1)
    assert is_replay(gateway.speak(), first)
    assert gateway.calls == 1


def test_without_the_header_nothing_is_claimed_or_stored(gateway: Gateway) -> None:
    gateway.claims.failing = {"acquire", "complete", "release"}
    gateway.answers.failing = {"keep", "find"}
    answers = [gateway.speak(key=None) for _ in range(2)] + [gateway.write(key=None)]
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert gateway.calls == 3


def test_nothing_stored_reveals_the_key(gateway: Gateway) -> None:
    gateway.speak()
    (name,) = gateway.claims.existing
    assert name == ("default", key_hash([KEY]))
    assert KEY not in repr(gateway.claims) + repr(gateway.answers)


# ------------------------------------------------------------ streams
def streamed(gateway: Gateway, response: FakeStream, **changes: Any) -> None:
    request = json_event("/audio/speech", SPEECH | {"response_format": "pcm"} | changes)
    request["headers"]["Idempotency-Key"] = KEY
    request["multiValueHeaders"]["Idempotency-Key"] = [KEY]
    with suppress(ClientDisconnected):
        cast("Any", gateway.handlers["speech"]).stream(request, Context(900_000), response)


def test_a_stream_runs_on_without_its_caller_and_the_next_request_gets_all_of_it(gateway: Gateway) -> None:
    gateway.provider.speech = tuple(AudioChunk(bytes([number]) * 48_000, "pcm", 24_000) for number in range(1, 5))
    left, again = FakeStream(disconnect_after=48_000), FakeStream()
    streamed(gateway, left)
    assert not left.ended
    streamed(gateway, again)
    assert again.answer.body == b"".join(chunk.data for chunk in gateway.provider.speech)
    assert again.answer.headers["x-audio-gateway-replayed"] == "true"
    assert (gateway.calls, len(gateway.meter.settled), gateway.meter.open) == (1, 1, [])


def test_a_large_stream_is_replayed_from_a_file(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    with Spool() as spool:
        for _ in spool.copying(bytes([number]) * 1_000_000 for number in range(12)):
            pass
        answer = ApiResponse({"content-type": "audio/pcm"}, spool)
        monkeypatch.setattr(gateway.answers, "find", lambda _claim: StoredAnswer(answer, cast("Any", None)))
        streamed(gateway, FakeStream())
        (name, claim), *_ = gateway.claims.existing.items()
        gateway.claims.existing[name] = replace(claim, done=True)
        response = FakeStream()
        streamed(gateway, response)
    assert response.answer.headers["content-length"] == "12000000"
    assert (len(response.answer.body), len(response.pieces) > 1) == (12_000_000, True)


def test_a_stream_that_cannot_be_stored_is_free_although_it_was_sent(gateway: Gateway) -> None:
    gateway.answers.failing.add("keep")
    response = FakeStream()
    with suppress(BrokenResponse):
        streamed(gateway, response)
    assert response.answer.body
    assert not response.ended
    assert (gateway.meter.settled, len(gateway.meter.failed), gateway.meter.open) == ([], 1, [])
    gateway.answers.failing.clear()
    streamed(gateway, FakeStream())
    assert (gateway.calls, len(gateway.meter.settled)) == (2, 1)


def test_a_key_is_locked_as_long_as_its_request_may_run(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    until: list[int] = []
    acquire = gateway.claims.acquire

    def noted(claim: Any, **options: Any) -> Any:
        until.append(claim.locked_until_s - int(gateway.now_s))
        return acquire(claim, **options)

    monkeypatch.setattr(gateway.claims, "acquire", noted)
    gateway.speak()
    streamed(gateway, FakeStream())
    whole, stream_s = until
    assert 20 < whole - CLAIM_MARGIN_S <= 29
    assert 800 < stream_s - CLAIM_MARGIN_S <= 900
