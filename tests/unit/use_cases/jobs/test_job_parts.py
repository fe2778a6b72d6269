"""Input that would be more parts than an execution has room for."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderRejected, WorkTooLong
from audio_gateway.use_cases.jobs.parts import check_amount, cut_rule, too_many_parts
from audio_gateway.use_cases.jobs.prepare import prepare_job
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.speech import SpeechRequest
from audio_gateway.use_cases.transcription_request import TranscriptionRequest
from tests.fakes.providers import model
from tests.unit.use_cases.jobs.job_harness import AUDIO, SAID, TEXT, Workshop

REFUSED = ProviderRejected("It is refused.", provider="fake", upstream_status=400)
HEAR = TranscriptionRequest("listener", b"")
SAY = SpeechRequest("speaker", "x", "alloy", "pcm")


@pytest.mark.parametrize(
    ("order", "limits", "most"),
    [
        (SAY, {"max_characters": 100}, 750_000),
        (SAY, {"max_characters": None}, 30_720_000),
        (HEAR, {"chunk_seconds": 10.0}, 75_000_000),
        (HEAR, {"chunk_seconds": 300.0, "max_seconds": None}, 2_250_000_000),
    ],
)
def test_so_much_fits_and_no_more(
    order: SpeechRequest | TranscriptionRequest, limits: dict[str, Any], most: int
) -> None:
    asked = model(**limits)
    check_amount(order, asked, most)
    with pytest.raises(WorkTooLong) as caught:
        check_amount(order, asked, most + 1)
    assert caught.value.param == ("input" if order is SAY else "file")
    assert "'talker'" in caught.value.message


def test_the_message_says_how_much_can_be_sent() -> None:
    assert "at most 2250000 characters" in too_many_parts(SAY, model(max_characters=300)).message
    assert "at most 20 h 50 min" in too_many_parts(HEAR, model(chunk_seconds=10.0)).message
    named = dataclasses.replace(HEAR, upload_id="upload_1")
    short = too_many_parts(named, model(chunk_seconds=2.0))
    assert "at most 4 h 10 min" in short.message
    assert short.param == "upload_id"


def test_a_provider_s_limit_shortens_the_parts_and_so_what_a_job_takes() -> None:
    assert cut_rule(HEAR, model(max_seconds=30.0, chunk_seconds=30.0)).usual_seconds < 25


def test_what_is_known_to_be_too_much_is_refused_before_anything_is_held_or_kept() -> None:
    shop = Workshop(model("listener", chunk_seconds=1.0), model("speaker", max_characters=2, formats=("pcm",)))
    with pytest.raises(WorkTooLong):
        shop.speak("word " * 4000)
    with pytest.raises(WorkTooLong):
        shop.start(JobRequest(HEAR), AUDIO, duration_ms=7_500_001)
    assert (shop.store.kept, shop.files.kept, shop.bank.holds, shop.executions.started) == ({}, {}, {}, [])


def test_what_turns_out_to_be_too_much_when_it_is_cut_is_the_job_s_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_gateway.use_cases.jobs.prepare.MOST_PIECES", 3)
    shop = Workshop()
    for job in (shop.listen(), shop.speak()):
        with pytest.raises(WorkTooLong, match="too long for one job"):
            shop.prepare(job)
        assert shop.files.get_json(job, "plan.json") is None
    assert shop.provider.asked == []


def test_a_job_has_no_more_lanes_than_the_account_has_environments_for() -> None:
    shop = Workshop()
    job = shop.listen()
    lanes = prepare_job("default", job.id, Deadline.after(60), deps=shop.preparation)
    assert len(lanes) == 2
    shop.preparation = dataclasses.replace(shop.preparation, most_lanes=1)
    few = prepare_job("default", job.id, Deadline.after(60), deps=shop.preparation)
    assert len(few) == 1
    assert sorted(n for lane in few for n in lane) == sorted(n for lane in lanes for n in lane)


def test_very_many_chunks_are_worked_through_several_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_gateway.jobs.plan.MOST_TASKS", 2)
    shop = Workshop()
    job = shop.listen()
    assert shop.prepare(job) == [0, 1]
    ended = shop.run(job)
    assert (ended.status, ended.completed, ended.total) == ("succeeded", 2, 2)
    assert len(shop.provider.asked) > 4
    assert shop.heard(job) == SAID


def test_of_a_task_of_several_chunks_the_one_that_fails_is_named_and_what_was_done_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("audio_gateway.jobs.plan.MOST_TASKS", 2)
    shop = Workshop()
    shop.provider.fails = lambda number: REFUSED if number == 1 else None
    job = shop.run(shop.speak())
    assert (job.status, job.partial) == ("failed", True)
    assert job.error is not None
    first, second = (len(request.text) for request in shop.provider.asked[:2])
    assert job.error.message.startswith(f"The text from character {first} to {first + second} ")
    assert job.amount == len(TEXT) * 4 // 6  # the third of the task was not tried
    asked = len(shop.provider.asked)
    shop.store.kept[job.id] = dataclasses.replace(job, status="running")
    shop.provider.fails = lambda _number: None
    shop.chunk(job, 0)
    assert [request.request_id for request in shop.provider.asked[asked:]] == [f"{job.id}_1", f"{job.id}_2"]
