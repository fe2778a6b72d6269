"""docs/configuration.md describes the catalogue that the code reads."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from audio_gateway.catalog import defaults
from audio_gateway.catalog.adapters import ADAPTERS, spec_of
from audio_gateway.catalog.load import build_catalog
from audio_gateway.catalog.models import CAPABILITIES, ENDPOINTS
from audio_gateway.catalog.schema import CacheEntry, IgnorableOption, ModelEntry, PriceEntry, ProviderEntry
from audio_gateway.use_cases.options import NEEDS

PAGE = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()


def section(title: str) -> str:
    return re.split(r"\n#+ ", PAGE.split(f" {title}\n", 1)[1], maxsplit=1)[0]


def rows(title: str) -> dict[str, str]:
    return dict(re.findall(r"^\| `([^|]+?)` \| (.*) \|$", section(title), flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("title", "schema"),
    [
        ("Providers", ProviderEntry),
        ("Models", ModelEntry),
        ("Prices", PriceEntry),
        ("Cached speech", CacheEntry),
    ],
)
def test_each_field_has_its_row_and_no_row_is_left_over(title: str, schema: type[BaseModel]) -> None:
    assert list(rows(title)) == list(schema.model_fields)


def test_every_option_that_a_model_may_lack_can_be_ignored() -> None:
    assert set(NEEDS) <= set(get_args(IgnorableOption))


def test_every_allowed_word_is_on_the_page() -> None:
    for word in (*ADAPTERS, *ENDPOINTS, *CAPABILITIES, *get_args(IgnorableOption)):
        assert f"`{word}`" in PAGE


def test_the_tables_of_models_are_the_defaults() -> None:
    listed = {name: row for names, row in rows("OpenAI's own models").items() for name in names.split("`, `")}
    models = spec_of("openai").models
    assert set(listed) == set(models)
    for name, row in listed.items():
        capabilities, ignored, limits = row.split("|")
        known = models[name]
        assert set(re.findall("`([a-z_]+)`", capabilities)) - {"languages"} == known.capabilities
        assert set(re.findall("`([a-z_]+)`", ignored)) == known.ignore
        assert ("1,400 s" in limits) == (known.max_seconds == 1400)
        assert ("25 MiB" in limits) == (known.max_bytes == 26_214_400)
        assert ("4,096 characters" in limits) == (known.max_characters == 4096)


def test_the_tables_of_engines_are_the_defaults() -> None:
    listed = rows("The embedded engines")
    models = spec_of("embedded").models
    assert set(listed) == set(models)
    for name, row in listed.items():
        known = models[name]
        endpoints, capabilities, ignored, also = (cell.strip() for cell in row.split("|"))
        assert set(re.findall("`([a-z_]+)`", endpoints)) == set(known.endpoints or ())
        assert set(re.findall("`([a-z_]+)`", capabilities)) == known.capabilities
        assert set(re.findall("`([a-z_]+)`", ignored)) == known.ignore
        assert f"`speed_factor` {known.speed_factor:g}" in also


def test_documented_defaults_are_the_real_ones() -> None:
    assert rows("Providers")["timeout_seconds"].startswith(f"{defaults.TIMEOUT_SECONDS:g} |")
    assert rows("Models")["chunk_seconds"].startswith(f"{defaults.CHUNK_SECONDS:g},")
    assert rows("Models")["chunk_concurrency"].startswith(f"{defaults.CHUNK_CONCURRENCY} |")


def test_the_examples_are_valid_catalogues() -> None:
    examples = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert examples
    for example in examples:
        assert build_catalog(tomllib.loads(example), "the example").models
