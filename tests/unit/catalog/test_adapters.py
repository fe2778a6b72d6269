"""An adapter is one file and one name in a list: everything else is read from its spec."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.voices import voices_app
from audio_gateway.catalog import adapters, schema
from audio_gateway.catalog.adapters import ADAPTERS, spec_of
from audio_gateway.catalog.load import build_catalog
from audio_gateway.catalog.models import Catalog, Provider
from audio_gateway.catalog.schema import ProviderEntry
from audio_gateway.errors import ConfigurationError
from audio_gateway.providers.embedded.engines import ENGINES
from audio_gateway.providers.port import Starting, VoiceLister
from audio_gateway.providers.registry import adapter_of, build_provider
from tests.fakes.gateway import call, event
from tests.unit.api.harness import Gateway

MODULE = "audio_gateway.catalog.adapters.parrot"
POLLY = {"adapter": "parrot", "api_key": "env:KEY_OF_POLLY"}


@pytest.fixture
def parrot(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One more file in the folder of adapters, and one more name in their list."""
    monkeypatch.setattr(adapters, "__path__", [*adapters.__path__, str(Path(__file__).parent / "made_up")])
    listed = (*ADAPTERS, "parrot")
    monkeypatch.setattr(adapters, "ADAPTERS", listed)
    monkeypatch.setattr(schema, "ADAPTERS", listed)
    monkeypatch.setenv("KEY_OF_POLLY", "sk-polly")
    yield
    spec_of.cache_clear()
    sys.modules.pop(MODULE, None)


def document(provider: dict[str, Any] = POLLY, **fields: Any) -> dict[str, Any]:
    model = {"id": "pet", "upstream": "grey", "provider": "zoo", "endpoints": ["speech"]} | fields
    return {"providers": {"zoo": provider}, "models": [model | {"price": {"usd_per_million_characters": "0"}}]}


def loaded(**fields: Any) -> Catalog:
    return build_catalog(document(**fields), "test")


def problem(source: dict[str, Any]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        build_catalog(source, "test")
    return caught.value.message


@pytest.mark.usefixtures("parrot")
def test_a_made_up_adapter_is_loaded_built_and_asked() -> None:
    catalog = loaded()
    gateway = Gateway(catalog=catalog, providers=adapter_of)
    answer = gateway.speak(model="pet", input="Who is pretty?")
    assert (answer.status, answer.body) == (200, "Who is pretty?".encode("utf-16-le"))
    engine: Any = adapter_of(catalog.models["pet"].provider)
    assert (engine.provider.id, engine.api_key) == ("zoo", "sk-polly")
    assert (engine.asked[-1].model, engine.asked[-1].voice) == ("grey", "polly")


@pytest.mark.usefixtures("parrot")
def test_the_voices_of_a_made_up_adapter_are_listed_and_taken() -> None:
    catalog = loaded()
    handler = lambda_handler(voices_app(catalog=catalog, providers=adapter_of), "voices")
    found = call(handler, event("GET", "/audio/voices", query={"model": ["pet"]})).json["data"]
    assert [(voice["id"], voice["language"]) for voice in found] == [("alloy", "en-GB"), ("polly", "en-GB")]
    assert Gateway(catalog=catalog, providers=adapter_of).speak(model="pet", voice="polly").status == 200


@pytest.mark.usefixtures("parrot")
def test_the_mistakes_of_a_made_up_adapter_are_named_with_their_remedy() -> None:
    assert "zoo: api_key: is missing; the zoo gives you one" in problem(document({"adapter": "parrot"}))
    refused = problem(document(POLLY | {"timeout_seconds": 120.0}))
    assert "timeout_seconds: does not apply to the adapter 'parrot', which is never late; leave it out" in refused
    unknown = problem(document(upstream="gray"))
    assert "upstream: 'gray' is not a model of the adapter 'parrot'; its models are grey (set upstream)" in unknown
    assert "'grey' cannot serve 'transcriptions', only speech" in problem(document(endpoints=["transcriptions"]))
    assert "use 'openai' or 'embedded' or 'parrot'; did you mean 'parrot'?" in problem(document({"adapter": "parot"}))


def test_an_unknown_adapter_is_an_error_and_not_openais() -> None:
    provider = Provider("zoo", "raven", "http://127.0.0.1:1", None, 5)
    with pytest.raises(ConfigurationError, match="no adapter 'raven'; the adapters are openai, embedded"):
        build_provider(provider, str)


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_spec_says_what_its_code_is(name: str) -> None:
    spec = spec_of(name)
    assert spec.name == name
    assert set(spec.needs) | set(spec.refuses) <= set(ProviderEntry.model_fields) - {"adapter"}
    assert set(spec.needs).isdisjoint(spec.refuses)
    module, _, factory = spec.factory.partition(":")
    provider = Provider("it", name, "http://127.0.0.1:1/v1", None, 5)
    adapter = getattr(import_module(module), factory)(provider, None)
    assert isinstance(adapter, VoiceLister) == spec.lists_voices
    assert isinstance(adapter, Starting) == spec.starts_slowly


def test_every_embedded_model_has_an_engine() -> None:
    assert set(ENGINES) == set(spec_of("embedded").models)


def test_a_catalogue_imports_no_code_of_adapters() -> None:
    code = (
        "import sys; from audio_gateway.catalog import load\n"
        "from audio_gateway.catalog.adapters import ADAPTERS, spec_of\n"
        "for name in ADAPTERS: spec_of(name)\n"
        "print([name for name in sys.modules if name.startswith('audio_gateway.providers')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert done.stdout.strip() == "[]"
