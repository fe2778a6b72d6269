"""Which class serves a provider of the catalogue."""

from __future__ import annotations

import subprocess
import sys

import pytest

from audio_gateway.catalog.models import Provider
from audio_gateway.errors import ConfigurationError, ProviderKeyUnreadable
from audio_gateway.providers.embedded import engines
from audio_gateway.providers.embedded.engines import EmbeddedEngines
from audio_gateway.providers.embedded.espeak import speech
from audio_gateway.providers.openai import OpenAIAdapter
from audio_gateway.providers.port import SpeechAdapter, TranscriptionAdapter, VoiceLister
from audio_gateway.providers.registry import adapter_of, build_provider, start_engines
from tests.fakes.providers import catalog, model

EMBEDDED = Provider("embedded", "embedded", None, None, 120)


def no_secret(reference: str) -> str:
    raise AssertionError(reference)


def remote(
    provider_id: str = "acme", api_key: str | None = "env:ACME", base_url: str | None = "http://127.0.0.1:1/v1"
) -> Provider:
    return Provider(provider_id, "openai", base_url, api_key, 5)


def test_the_embedded_engines_are_one_provider() -> None:
    provider = build_provider(EMBEDDED, no_secret)
    assert isinstance(provider, SpeechAdapter)
    assert isinstance(provider, TranscriptionAdapter)
    assert isinstance(provider, VoiceLister)


def test_the_engine_that_speaks_starts_where_the_catalogue_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(EmbeddedEngines, "start", lambda _engines, models: started.append(list(models)))
    start_engines(catalog(model("remote"), model("ears", provider=EMBEDDED, endpoints=frozenset({"transcriptions"}))))
    assert not started
    start_engines(catalog(model("mouth", provider=EMBEDDED), model("another", provider=EMBEDDED)))
    assert started == [["up-mouth", "up-another"]]


def test_an_engine_that_cannot_start_fails_the_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ConfigurationError("no layer")

    monkeypatch.setattr(speech, "espeak_process", missing)
    start_engines(catalog(model("mouth", provider=EMBEDDED, upstream="espeak-ng")))
    with pytest.raises(ConfigurationError):
        EmbeddedEngines().find_voice("espeak-ng", "en")


def test_a_provider_that_cannot_be_built_fails_the_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_provider: Provider, _api_key: str | None) -> EmbeddedEngines:
        raise ConfigurationError("no layer")

    monkeypatch.setattr(engines, "make_adapter", missing)
    broken = Provider("broken", "embedded", None, None, 120)
    start_engines(catalog(model("mouth", provider=broken)))
    with pytest.raises(ProviderKeyUnreadable):
        adapter_of(broken)


def test_an_openai_server_is_served_by_its_adapter() -> None:
    provider = build_provider(remote(), lambda reference: f"sk-{reference}")
    assert isinstance(provider, OpenAIAdapter)
    assert not isinstance(provider, VoiceLister)


def test_an_openai_server_may_need_no_key() -> None:
    assert isinstance(build_provider(remote("open", None), no_secret), OpenAIAdapter)


def test_a_provider_is_built_once() -> None:
    assert build_provider(EMBEDDED, no_secret) is build_provider(
        Provider("embedded", "embedded", None, None, 120), no_secret
    )
    first = build_provider(remote("once"), lambda _: "sk-1")
    assert build_provider(remote("once"), lambda _: "sk-1") is first


def test_a_new_key_is_a_new_connection() -> None:
    first = build_provider(remote("rotated"), lambda _: "sk-1")
    assert build_provider(remote("rotated"), lambda _: "sk-2") is not first


def test_the_key_comes_from_where_the_catalogue_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_FOR_REGISTRY", "sk-env")
    assert isinstance(adapter_of(remote("env", "env:ACME_FOR_REGISTRY")), OpenAIAdapter)
    with pytest.raises(ProviderKeyUnreadable) as caught:
        adapter_of(remote("env", "env:NOBODY"))
    assert "env:NOBODY" in caught.value.reason
    assert "NOBODY" not in caught.value.message  # which the caller reads
    assert not caught.value.worked


def test_an_impossible_key_is_a_configuration_error_and_is_not_shown() -> None:
    with pytest.raises(ProviderKeyUnreadable) as caught:
        build_provider(remote("odd"), lambda _: "two\nlines")
    assert "lines" not in caught.value.message + caught.value.reason


def test_an_openai_server_needs_an_address() -> None:
    with pytest.raises(ProviderKeyUnreadable) as caught:
        build_provider(remote(base_url=None), lambda _: "sk-1")
    assert "providers.acme.base_url" in caught.value.reason


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    engines = ["pocketsphinx", "onnxruntime", "numpy", "ctranslate2", "espeakng_loader"]
    heavy = [*engines, "boto3", "botocore", "av", "urllib3", "ssl", "http.client"]
    code = f"import sys, audio_gateway.providers.registry; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert done.stdout.strip() == "[]"
