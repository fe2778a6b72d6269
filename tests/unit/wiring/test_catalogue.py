"""The catalogue of a function: read once, without the models whose engines the stack lacks, which are logged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audio_gateway.catalog.source import CatalogSource
from audio_gateway.errors import ConfigurationError
from audio_gateway.wiring.catalogue import catalog_on_aws
from audio_gateway.wiring.settings import CatalogSettings

PRICE = 'price = { usd_per_million_characters = "0" }'
CATALOGUE = f"""
[providers.embedded]
adapter = "embedded"
[[models]]
id = "hibari"
aliases = ["tts-1"]
fallbacks = ["espeak-ng"]
provider = "embedded"
endpoints = ["speech"]
{PRICE}
[[models]]
id = "espeak-ng"
provider = "embedded"
endpoints = ["speech"]
{PRICE}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "models.toml"
    file.write_text(CATALOGUE)
    return file


def test_a_catalogue_is_read_once_in_the_life_of_a_process(path: Path) -> None:
    first = catalog_on_aws(CatalogSource(str(path)))
    path.unlink()
    assert catalog_on_aws(CatalogSource(str(path))) is first


def test_a_missing_engine_is_logged_once_with_its_model_and_the_reason(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = CatalogSource(str(path), frozenset({"espeak-ng"}))
    for _ in range(2):
        assert list(catalog_on_aws(source).models) == ["espeak-ng"]
    (line,) = (json.loads(each) for each in capsys.readouterr().out.splitlines())
    assert (line["level"], line["model"]) == ("WARNING", "hibari")
    assert line["reason"] == "The engine 'hibari' is not installed in this stack. espeak-ng serves tts-1 instead."


@pytest.mark.parametrize(
    ("value", "engines"),
    [(None, None), ("", frozenset()), ("  ", frozenset()), (" hibari  espeak-ng ", frozenset({"hibari", "espeak-ng"}))],
)
def test_engines_are_names_between_spaces_and_all_without_the_variable(
    value: str | None, engines: frozenset[str] | None
) -> None:
    env = {"AUDIO_GATEWAY_ALLOWED_ORIGINS": "*", "AUDIO_GATEWAY_CATALOG": "/opt/catalog.toml"}
    env |= {} if value is None else {"AUDIO_GATEWAY_ENGINES": value}
    assert CatalogSettings.from_env(env).catalog == CatalogSource("/opt/catalog.toml", engines)


def test_a_stack_that_lacks_the_engines_of_all_models_says_so_and_what_to_do(path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        catalog_on_aws(CatalogSource(str(path), frozenset()))
    assert caught.value.message.startswith(f"{path}: no model is left")
    assert "hibari, espeak-ng" in caught.value.message
    assert "install them, or add a model of another provider" in caught.value.message
