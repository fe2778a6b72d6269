"""A job that was asked for by an alias belongs to the model, also if the name is another model's before it is done."""

from __future__ import annotations

from dataclasses import replace

from tests.fakes.providers import catalog, model
from tests.unit.use_cases.jobs.job_harness import SPEAKER, TEXT, JobHarness


def test_a_job_stays_with_the_model_whose_price_is_held() -> None:
    harness = JobHarness(replace(SPEAKER, aliases=("tts-1",)))
    job = harness.speak(model_id="tts-1")
    assert (job.model, harness.accounts.holds[job.id].work.model) == ("speaker", "speaker")
    later = catalog(SPEAKER, model("tts-1", formats=("pcm",)))  # the operator adds the real one
    harness.preparation = replace(harness.preparation, catalog=later)
    harness.chunk_work = replace(harness.chunk_work, catalog=later)
    harness.ending = replace(harness.ending, catalog=later)
    job = harness.run(job)
    assert (job.status, job.model) == ("succeeded", "speaker")
    assert {asked.model for asked in harness.provider.asked} == {"up-speaker"}
    (row,) = harness.accounts.rows.values()
    assert (row.model, row.amount) == ("speaker", len(TEXT))
