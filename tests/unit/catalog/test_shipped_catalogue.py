"""The catalogue in the repository works as it is, and so do its examples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from audio_gateway.catalog.adapters import spec_of
from audio_gateway.catalog.load import load_catalog
from audio_gateway.catalog.models import Catalog, Endpoint
from audio_gateway.catalog.source import CatalogSource
from scripts.engine_layers import models_with, read_layers

SHIPPED = Path(__file__).parents[3] / "layers" / "shared" / "catalog.toml"
OPENAIS_NAMES = {
    "tts-1": "hibari",
    "tts-1-hd": "hibari",
    "gpt-4o-mini-tts": "hibari",
    "gpt-4o-transcribe": "moonshine-tiny",
    "gpt-4o-mini-transcribe": "moonshine-tiny",
    "gpt-4o-transcribe-diarize": "moonshine-tiny",
    "whisper-1": "whisper-base",
}


def uncommented(text: str) -> str:
    return "\n".join(re.sub(r"^#(?=\S)", "", line) for line in text.splitlines())


def with_example(tmp_path: Path, model_id: str) -> Catalog:
    """The shipped catalogue with the provider `openai`, and with one of its models if the catalogue has it."""
    text = SHIPPED.read_text()
    (provider,) = re.findall(r"^#\[providers\.openai\]\n(?:#\S.*\n)+", text, flags=re.MULTILINE)
    (model,) = re.findall(rf'^#\[\[models\]\]\n#id = "{re.escape(model_id)}"\n(?:#\S.*\n)+', text, flags=re.MULTILINE)
    path = tmp_path / "catalog.toml"
    path.write_text(text.replace(provider, uncommented(provider) + "\n").replace(model, uncommented(model) + "\n"))
    return load_catalog(path)


def test_the_shipped_models_are_all_embedded_ones_and_free() -> None:
    models = load_catalog(SHIPPED).models
    assert list(models) == ["hibari", "espeak-ng", "moonshine-tiny", "whisper-base"]
    assert set(models) == set(spec_of("embedded").models) == set(models_with(read_layers(SHIPPED.parents[2])))
    assert {m.provider.adapter for m in models.values()} == {"embedded"}
    prices = [(m.price.microusd_per_million_characters, m.price.microusd_per_minute) for m in models.values()]
    assert prices == [(0, None), (0, None), (None, 0), (None, 0)]
    assert models["whisper-base"].endpoints == {"transcriptions", "translations"}


def test_openais_names_are_aliases_of_them() -> None:
    catalog = load_catalog(SHIPPED)
    assert {alias: m.id for m in catalog.models.values() for alias in m.aliases} == OPENAIS_NAMES


@pytest.mark.parametrize("missing", ["hibari", "espeak-ng", "moonshine-tiny", "whisper-base"])
def test_openais_names_are_served_whichever_engine_is_missing(missing: str) -> None:
    source = CatalogSource(str(SHIPPED), frozenset(spec_of("embedded").models) - {missing})
    catalog = load_catalog(source.path, source.engines)
    for name in OPENAIS_NAMES:
        endpoint: Endpoint = "speech" if "tts" in name else "transcriptions"
        assert endpoint in catalog.model_for(name, endpoint).endpoints


@pytest.mark.parametrize("name", OPENAIS_NAMES)
def test_an_example_takes_its_name_away_from_the_embedded_model(tmp_path: Path, name: str) -> None:
    catalog = with_example(tmp_path, name)
    model = catalog.find(name)
    assert model is not None
    assert (model.id, model.provider.id) == (name, "openai")
    assert name not in catalog.models[OPENAIS_NAMES[name]].aliases
    others = {other: catalog.find(other) for other in OPENAIS_NAMES if other != name}
    assert {other: found.id for other, found in others.items() if found} == {
        other: of for other, of in OPENAIS_NAMES.items() if other != name
    }


def test_every_example_in_it_can_be_uncommented(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text(uncommented(SHIPPED.read_text()))
    models = load_catalog(path).models
    assert {*OPENAIS_NAMES, "gpt-4o-transcribe-diarize", "acme-transcribe"} <= set(models)
    assert all(not m.aliases for m in models.values())
