"""The catalogue in the repository works as it is, and so do its examples."""

from __future__ import annotations

import re
from pathlib import Path

from audio_gateway.catalog.load import load_catalog

SHIPPED = Path(__file__).parents[3] / "layers" / "shared" / "catalog.toml"


def uncommented(text: str) -> str:
    return "\n".join(re.sub(r"^#(?=\S)", "", line) for line in text.splitlines())


def test_the_shipped_models_are_embedded_and_free() -> None:
    models = load_catalog(SHIPPED).models
    assert list(models) == ["espeak-ng", "moonshine-tiny", "whisper-base"]
    assert {m.provider.adapter for m in models.values()} == {"embedded"}
    assert models["espeak-ng"].price.microusd_per_million_characters == 0
    assert models["moonshine-tiny"].price.microusd_per_minute == 0
    assert models["moonshine-tiny"].endpoints == {"transcriptions"}
    assert models["whisper-base"].endpoints == {"transcriptions", "translations"}


def test_every_example_in_it_can_be_uncommented(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text(uncommented(SHIPPED.read_text()))
    models = load_catalog(path).models
    assert {"gpt-4o-mini-tts", "tts-1", "whisper-1", "gpt-4o-transcribe", "acme-transcribe"} <= set(models)
