"""A chunk never goes to a fallback with a limit below its size."""

from __future__ import annotations

import pytest

from audio_gateway.catalog.models import Model
from audio_gateway.errors import ProviderUnavailable
from tests.fakes.providers import model
from tests.unit.use_cases.jobs.job_harness import JobHarness


def first(**fields: object) -> Model:
    return model("first", fallbacks=("small", "large"), chunk_seconds=4.0, formats=("pcm",), **fields)


def asked_for_a_part(harness: JobHarness, job_of: str) -> list[str]:
    """The models that were called for the first chunk of a job whose own model fails."""
    job = harness.speak(model_id="first") if job_of == "speech" else harness.listen("first")
    harness.prepare(job)
    down = ProviderUnavailable("down", provider="fake")
    harness.provider.fails = lambda _number: down if harness.provider.asked[-1].model == "up-first" else None
    harness.chunk(job, 0)
    return [request.model for request in harness.provider.asked]


@pytest.mark.parametrize(("limit", "asked"), [(10, "up-large"), (1000, "up-small")])
def test_text_of_more_characters_than_a_fallback_takes_goes_to_the_next(limit: int, asked: str) -> None:
    small = model("small", max_characters=limit, formats=("pcm",))
    harness = JobHarness(first(max_characters=20), small, model("large", formats=("pcm",)))
    assert asked_for_a_part(harness, "speech") == ["up-first", asked]


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
    harness = JobHarness(first(), model("small", **limits), model("large"))
    assert asked_for_a_part(harness, "transcriptions") == ["up-first", asked]
