"""All mistakes of a catalogue in one message, each with a suggestion."""

from __future__ import annotations

from typing import Any

import pytest

from audio_gateway.catalog.load import build_catalog
from audio_gateway.errors import ConfigurationError

PROVIDERS = {
    "openai": {"adapter": "openai", "base_url": "https://api.openai.com/v1", "api_key": "ssm:/audio-gateway/openai"},
    "embedded": {"adapter": "embedded"},
}
SPEECH = {"id": "say", "provider": "openai", "endpoints": ["speech"], "price": {"usd_per_million_characters": "0"}}


def problems(*models: dict[str, Any], **tables: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        build_catalog({"providers": PROVIDERS, "models": list(models), **tables}, "catalog.toml")
    return list(caught.value.problems)


def without(*names: str, **fields: Any) -> dict[str, Any]:
    return {name: value for name, value in (SPEECH | fields).items() if name not in names}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (  # a field of its own, its provider and the unit of its price
            SPEECH | {"voice": "x", "provider": "nope", "price": {"usd_per_minute": "1"}},
            ["voice: is not a known field", "provider: 'nope' is not in [providers]"],
        ),
        (
            SPEECH | {"voice": "x", "price": {"usd_per_minute": "1"}},
            ["voice: is not a known field", "price.usd_per_million_characters: is missing",
             "price.usd_per_minute: is the wrong unit"],
        ),
        (
            SPEECH | {"max_characters": 0, "fallbacks": ["nobody", "say"], "chunk_seconds": 10.0, "max_seconds": 5.0},
            ["max_characters: 0 should be greater than 0", "chunk_seconds: is 10, more than max_seconds, 5",
             "fallbacks[0]: 'nobody' is not a model", "fallbacks[1]: 'say' is the model itself"],
        ),
        (without("price", fallbacks=["nobody"]), ["price: is missing", "fallbacks[0]: 'nobody' is not a model"]),
        (without("endpoints", provider="nope"), ["endpoints: is missing", "provider: 'nope' is not in [providers]"]),
        (without("endpoints"), ["endpoints: is missing"]),
        (without("id", provider="nope"), ["id: is missing", "provider: 'nope' is not in [providers]"]),
        (without("provider", cache={"seconds": 0, "price_percent": "1"}),
         ["cache.seconds: 0 should be greater than 0", "provider: is missing"]),
    ],
)  # fmt: skip
def test_a_model_with_a_mistake_of_its_own_is_checked_against_the_others_too(
    model: dict[str, Any], expected: list[str]
) -> None:
    found = problems(model)
    assert len(found) == len(expected)
    assert all(any(wanted in problem for problem in found) for wanted in expected)


@pytest.mark.parametrize(
    ("model", "question"),
    [
        (SPEECH | {"fallback": ["say"]}, "did you mean 'fallbacks'?"),
        (SPEECH | {"price": {"usd_per_million_character": "1"}}, "did you mean 'usd_per_million_characters'?"),
        (SPEECH | {"endpoints": ["speach"]}, "did you mean 'speech'?"),
        (SPEECH | {"capabilities": ["word"]}, "did you mean 'words'?"),
        (SPEECH | {"provider": "opnai"}, "did you mean 'openai'?"),
        (SPEECH | {"fallbacks": ["says"]}, "did you mean 'say'?"),
    ],
)
def test_a_name_that_is_nearly_right_is_asked_for(model: dict[str, Any], question: str) -> None:
    assert any(problem.endswith(question) for problem in problems(model))


def test_so_is_a_table_and_a_name_like_none_is_not() -> None:
    assert problems(SPEECH, model=[])[0].endswith("did you mean 'models'?")
    assert not any("did you mean" in problem for problem in problems(SPEECH | {"zzz": 1}))


@pytest.mark.parametrize("reference", ["secret:audio/keys#openai", "secret:keys#a.b-c"])
def test_a_key_may_be_one_field_of_a_secret(reference: str) -> None:
    providers = PROVIDERS | {"openai": PROVIDERS["openai"] | {"api_key": reference}}
    found = build_catalog({"providers": providers, "models": [SPEECH]}, "catalog.toml")
    assert found.models["say"].provider.api_key == reference


@pytest.mark.parametrize("reference", ["secret:#key", "secret:name#", "ssm:/a#b", "env:A#b", "secret:name#two words"])
def test_a_key_of_a_secret_is_written_one_way(reference: str) -> None:
    providers = PROVIDERS | {"openai": PROVIDERS["openai"] | {"api_key": reference}}
    with pytest.raises(ConfigurationError, match="must refer to the key"):
        build_catalog({"providers": providers, "models": [SPEECH]}, "catalog.toml")
