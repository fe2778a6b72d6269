"""Cached speech: the same bytes, a share of the price, and no call to the provider."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from audio_gateway.api.http.function_handler import BrokenResponse
from audio_gateway.audio.encode import with_true_sizes
from audio_gateway.audio.formats import SPEECH_FORMATS, SpeechFormat
from audio_gateway.catalog.models import CacheTerms, Price
from audio_gateway.errors import BudgetReached, MeteringUnavailable, ProviderUnavailable
from audio_gateway.providers.port import AudioChunk
from tests.fakes.gateway import API_CALLER, Answer, json_event, stream
from tests.fakes.providers import FakeAdapter, model
from tests.unit.api.harness import AudioHarness

BODY = {"model": "talker", "input": "Hello.", "voice": "alloy", "response_format": "wav"}
CACHED = {"price": Price(1_000_000, 0), "cache": CacheTerms(3600, "25")}


class Gateway(AudioHarness):
    """The speech function over one provider, one billing and one cache."""

    def __init__(self, **fields: Any) -> None:
        fields = {**CACHED, **fields}
        super().__init__(model(**fields), model("backed", **fields, fallbacks=("plain",)), model("plain"), results=None)

    def say(self, authorizer: dict[str, Any] | None = None, **changes: Any) -> Answer:
        return self.send(json_event("/audio/speech", BODY | changes, authorizer=authorizer))


def sound_of(events: bytes) -> bytes:
    """The file in a stream of events."""
    *deltas, _done, end, _ = events.split(b"\r\n\r\n")
    assert end == b"data: [DONE]"
    return b"".join(base64.b64decode(json.loads(delta.removeprefix(b"data: "))["audio"]) for delta in deltas)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.mark.parametrize("response_format", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_a_hit_is_the_miss_byte_for_byte(gateway: Gateway, response_format: str) -> None:
    miss, hit = (gateway.say(response_format=response_format) for _ in range(2))
    assert (miss.status, hit.status, gateway.calls) == (200, 200, 1)
    assert miss.body == hit.body
    assert miss.headers["content-type"] == hit.headers["content-type"]
    assert "x-audio-gateway-cached" not in miss.headers
    assert hit.headers["x-audio-gateway-cached"] == "true"
    assert hit.headers["x-audio-gateway-model"] == "talker"


@pytest.mark.parametrize("response_format", SPEECH_FORMATS)
def test_a_streamed_miss_is_cached_with_its_length_and_a_hit_declares_it(
    gateway: Gateway, response_format: SpeechFormat
) -> None:
    request = json_event("/audio/speech", BODY | {"response_format": response_format})
    miss, hit = (stream(gateway.handlers["speech"], request) for _ in range(2))
    assert (miss.status, hit.status, gateway.calls) == (200, 200, 1)
    assert "content-length" not in miss.headers
    assert hit.headers["content-length"] == str(len(hit.body))
    assert hit.body == gateway.say(response_format=response_format).body == with_true_sizes(response_format, miss.body)


def test_a_hit_as_events_has_the_same_sound(gateway: Gateway) -> None:
    file = gateway.say()
    hit = stream(gateway.handlers["speech"], json_event("/audio/speech", BODY | {"stream_format": "sse"}))
    assert (hit.headers["x-audio-gateway-cached"], gateway.calls) == ("true", 1)
    assert "content-length" not in hit.headers
    assert sound_of(hit.body) == file.body


def test_a_stream_that_breaks_is_not_cached(gateway: Gateway) -> None:
    def cut(_: object) -> Any:
        yield AudioChunk(b"\x01\x00" * 24_000, "pcm", 24_000)
        raise ProviderUnavailable("cut", provider="fake")

    gateway.provider.synthesize = cut  # type: ignore[assignment] # fails midway
    with pytest.raises(BrokenResponse):
        stream(gateway.handlers["speech"], json_event("/audio/speech", BODY))
    assert gateway.cache.kept == {}


def test_a_hit_is_held_and_paid_at_its_share_and_costs_no_provider(gateway: Gateway) -> None:
    miss, hit = gateway.say(), gateway.say()
    assert [(work.price_microusd, work.cost_microusd, work.amount) for work in gateway.meter.settled] == [
        (6, 6, 6),
        (2, 0, 6),  # a quarter of 6, rounded up
    ]
    assert [work.price_microusd for work in gateway.meter.admitted] == [6, 2]
    assert [each.headers["x-audio-gateway-cost-usd"] for each in (miss, hit)] == ["0.000006", "0.000002"]


def test_events_and_plain_audio_share_the_sound(gateway: Gateway) -> None:
    gateway.say()
    events = gateway.say(stream_format="sse")
    assert (events.status, events.headers["x-audio-gateway-cached"], gateway.calls) == (200, "true", 1)


@pytest.mark.parametrize(
    "change",
    [{"input": "Hello. "}, {"voice": "echo"}, {"speed": 1.5}, {"instructions": "Slowly."}, {"response_format": "flac"}],
)
def test_every_change_of_the_sound_is_a_miss(gateway: Gateway, change: dict[str, Any]) -> None:
    gateway.say()
    other = gateway.say(**change)
    assert (other.status, gateway.calls) == (200, 2)
    assert "x-audio-gateway-cached" not in other.headers


def test_a_change_of_the_catalogue_is_a_miss(gateway: Gateway) -> None:
    changed = Gateway(voices={"alloy": "another"}, upstream="another")
    changed.cache = gateway.cache
    gateway.say()
    changed.say()
    assert (gateway.calls, changed.calls) == (1, 1)


def test_another_organisation_has_a_cache_of_its_own() -> None:
    gateway = Gateway(cache=CacheTerms(3600, "25", shared=True))
    gateway.say()
    gateway.say(API_CALLER | {"organization_id": "org-other"})
    assert gateway.calls == 2


def test_a_project_cannot_detect_what_another_one_had_spoken(gateway: Gateway) -> None:
    gateway.say()
    other = gateway.say(API_CALLER | {"project_id": "other"})
    assert "x-audio-gateway-cached" not in other.headers
    assert other.headers["x-audio-gateway-cost-usd"] == "0.000006"
    assert gateway.calls == 2
    again = gateway.say(API_CALLER | {"project_id": "other", "key_id": "key_2"})
    assert again.headers["x-audio-gateway-cached"] == "true"


def test_projects_share_speech_if_the_operator_allows_it() -> None:
    gateway = Gateway(cache=CacheTerms(3600, "25", shared=True))
    gateway.say()
    shared = gateway.say(API_CALLER | {"project_id": "other"})
    assert (shared.headers["x-audio-gateway-cached"], gateway.calls) == ("true", 1)


def test_shared_and_unshared_speech_are_cached_separately(gateway: Gateway) -> None:
    sharing = Gateway(cache=CacheTerms(3600, "25", shared=True))
    sharing.cache = gateway.cache
    gateway.say()
    sharing.say()
    assert (gateway.calls, sharing.calls) == (1, 1)


def test_speech_is_cached_for_the_time_in_the_catalogue(gateway: Gateway) -> None:
    gateway.say()
    gateway.cache.age_s = 3600
    assert gateway.say().headers["x-audio-gateway-cached"] == "true"
    gateway.cache.age_s = 3601
    assert "x-audio-gateway-cached" not in gateway.say().headers
    assert gateway.calls == 2


def test_without_the_field_in_the_catalogue_nothing_is_kept() -> None:
    gateway = Gateway(cache=None)
    gateway.say()
    gateway.say()
    assert (gateway.calls, gateway.cache.kept) == (2, {})


def test_speech_that_was_not_paid_or_is_incomplete_is_not_cached(gateway: Gateway) -> None:
    gateway.meter.refuses = BudgetReached("spent", limit="monthly_budget_usd")
    assert gateway.say().status == 429
    gateway.meter.refuses = None
    gateway.provider.fails = ProviderUnavailable("down", provider="fake")
    assert gateway.say().status == 503
    gateway.provider.fails = None

    def cut(_: object) -> Any:
        yield AudioChunk(b"\x01\x00" * 240, "pcm", 24_000)
        raise ProviderUnavailable("cut", provider="fake")

    gateway.provider.synthesize = cut  # type: ignore[assignment] # fails midway
    assert gateway.say().status == 503
    assert gateway.cache.kept == {}


def test_a_hit_must_be_admitted(gateway: Gateway) -> None:
    gateway.say()
    gateway.meter.refuses = BudgetReached("spent", limit="monthly_budget_usd")
    assert gateway.say().status == 429


def test_a_fallbacks_speech_is_never_taken_for_the_models_own(gateway: Gateway) -> None:
    fails = iter([True, False])

    def first_fails(request: Any) -> Any:
        if next(fails, False):
            raise ProviderUnavailable("down", provider="fake")
        return FakeAdapter.synthesize(FakeAdapter(), request)

    gateway.provider.synthesize = first_fails  # the model fails once
    served = [gateway.say(model="backed").headers["x-audio-gateway-model"] for _ in range(2)]
    assert served == ["plain", "backed"]
    assert len(gateway.cache.kept) == 1


def test_a_hit_that_cannot_be_settled_now_goes_out_and_leaves_a_pending_settlement(gateway: Gateway) -> None:
    gateway.say()
    gateway.meter.fails = MeteringUnavailable("down")
    assert gateway.say().status == 200
    assert [work.price_microusd for work in gateway.pending_settlements.kept.values()] == [2]
