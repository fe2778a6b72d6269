"""A part of long work goes to no fallback that does not take so much at once."""

from __future__ import annotations

import pytest

from audio_gateway.catalog.models import Model
from audio_gateway.errors import ProviderUnavailable
from tests.fakes.providers import model
from tests.unit.use_cases.jobs.job_harness import Workshop


def first(**fields: object) -> Model:
    return model("first", fallbacks=("small", "large"), chunk_seconds=4.0, formats=("pcm",), **fields)


def asked_for_a_part(shop: Workshop, job_of: str) -> list[str]:
    """The models that were asked for the first part of a job whose own model fails."""
    job = shop.speak(model_id="first") if job_of == "speech" else shop.listen("first")
    shop.prepare(job)
    down = ProviderUnavailable("down", provider="fake")
    shop.provider.fails = lambda _number: down if shop.provider.asked[-1].model == "up-first" else None
    shop.chunk(job, 0)
    return [request.model for request in shop.provider.asked]


@pytest.mark.parametrize(("limit", "asked"), [(10, "up-large"), (1000, "up-small")])
def test_text_of_more_characters_than_a_fallback_takes_goes_to_the_next(limit: int, asked: str) -> None:
    small = model("small", max_characters=limit, formats=("pcm",))
    shop = Workshop(first(max_characters=20), small, model("large", formats=("pcm",)))
    assert asked_for_a_part(shop, "speech") == ["up-first", asked]


@pytest.mark.parametrize(
    ("limits", "asked"),
    [
        ({"max_bytes": 1_000}, "up-large"),
        ({"max_bytes": 1_000_000}, "up-small"),
        ({"max_seconds": 1.0}, "up-large"),
        ({"max_seconds": 60.0}, "up-small"),
    ],
)
def test_audio_longer_or_larger_than_a_fallback_takes_goes_to_the_next(limits: dict[str, object], asked: str) -> None:
    shop = Workshop(first(), model("small", **limits), model("large"))
    assert asked_for_a_part(shop, "transcriptions") == ["up-first", asked]
