"""Input with more parts than an execution has room for."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderRejected, WorkTooLong
from audio_gateway.use_cases.jobs.kinds.registry import kind_of
from audio_gateway.use_cases.jobs.kinds.transcription import cut_rule
from audio_gateway.use_cases.jobs.prepare import prepare_job
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.speech import SpeechRequest
from audio_gateway.use_cases.transcription_request import TranscriptionRequest
from tests.fakes.providers import model
from tests.unit.use_cases.jobs.job_harness import AUDIO, SAID, TEXT, JobHarness

REFUSED = ProviderRejected("It is refused.", provider="fake", upstream_status=400)
HEAR = TranscriptionRequest("listener", b"")
SAY = SpeechRequest("speaker", "x", "alloy", "pcm")


@pytest.mark.parametrize(
    ("wanted", "limits", "most"),
    [
        (SAY, {"max_characters": 100}, 750_000),
        (SAY, {"max_characters": None}, 30_720_000),
        (HEAR, {"chunk_seconds": 10.0}, 75_000_000),
        (HEAR, {"chunk_seconds": 300.0, "max_seconds": None}, 2_250_000_000),
    ],
)
def test_the_limit_is_exact(wanted: SpeechRequest | TranscriptionRequest, limits: dict[str, Any], most: int) -> None:
    asked = model(**limits)
    kind = kind_of(wanted.endpoint)
    kind.check_amount(wanted, asked, most)
    with pytest.raises(WorkTooLong) as caught:
        kind.check_amount(wanted, asked, most + 1)
    assert caught.value.param == ("input" if wanted is SAY else "file")
    assert "'talker'" in caught.value.message


def test_the_message_says_how_much_can_be_sent() -> None:
    assert "at most 2250000 characters" in kind_of("speech").too_many_parts(SAY, model(max_characters=300)).message
    assert "at most 20 h 50 min" in kind_of("transcriptions").too_many_parts(HEAR, model(chunk_seconds=10.0)).message
    named = dataclasses.replace(HEAR, upload_id="upload_1")
    short = kind_of("transcriptions").too_many_parts(named, model(chunk_seconds=2.0))
    assert "at most 4 h 10 min" in short.message
    assert short.param == "upload_id"


def test_a_provider_s_limit_shortens_the_parts() -> None:
    assert cut_rule(HEAR, model(max_seconds=30.0, chunk_seconds=30.0)).usual_seconds < 25


def test_a_known_excess_is_refused_before_anything_is_held_or_stored() -> None:
    harness = JobHarness(model("listener", chunk_seconds=1.0), model("speaker", max_characters=2, formats=("pcm",)))
    with pytest.raises(WorkTooLong):
        harness.speak("word " * 4000)
    with pytest.raises(WorkTooLong):
        harness.start(JobRequest(HEAR), AUDIO, duration_ms=7_500_001)
    assert (harness.store.kept, harness.files.kept, harness.accounts.holds, harness.executions.started) == (
        {},
        {},
        {},
        [],
    )


def test_an_excess_found_while_splitting_is_the_job_s_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_gateway.use_cases.jobs.prepare.MOST_PIECES", 3)
    harness = JobHarness()
    for job in (harness.listen(), harness.speak()):
        with pytest.raises(WorkTooLong, match="too long for one job"):
            harness.prepare(job)
        assert harness.files.get_json(job.ref, "plan.json") is None
    assert harness.provider.asked == []


def test_a_job_has_no_more_lanes_than_the_account_has_environments_for() -> None:
    harness = JobHarness()
    job = harness.listen()
    lanes = prepare_job(job.ref, Deadline.after(60), deps=harness.preparation).lanes
    assert len(lanes) == 2
    harness.preparation = dataclasses.replace(harness.preparation, most_lanes=1)
    few = prepare_job(job.ref, Deadline.after(60), deps=harness.preparation).lanes
    assert len(few) == 1
    assert sorted(n for lane in few for n in lane) == sorted(n for lane in lanes for n in lane)


def test_very_many_chunks_are_grouped_into_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_gateway.jobs.plan.MOST_TASKS", 2)
    harness = JobHarness()
    job = harness.listen()
    assert harness.prepare(job) == [0, 1]
    ended = harness.run(job)
    assert (ended.status, ended.completed, ended.total) == ("succeeded", 2, 2)
    assert len(harness.provider.asked) > 4
    assert harness.heard(job) == SAID


def test_the_failed_chunk_of_a_task_is_named_and_its_done_chunks_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("audio_gateway.jobs.plan.MOST_TASKS", 2)
    harness = JobHarness()
    harness.provider.fails = lambda number: REFUSED if number == 1 else None
    job = harness.run(harness.speak())
    assert (job.status, job.partial) == ("failed", True)
    assert job.error is not None
    first, second = (len(request.text) for request in harness.provider.asked[:2])
    assert job.error.message.startswith(f"The text from character {first} to {first + second} ")
    assert job.amount == len(TEXT) * 4 // 6  # the third of the task was not tried
    asked = len(harness.provider.asked)
    harness.store.kept[job.id] = dataclasses.replace(job, status="running")
    harness.provider.fails = lambda _number: None
    harness.chunk(job, 0)
    assert [request.request_id for request in harness.provider.asked[asked:]] == [f"{job.id}_1", f"{job.id}_2"]
