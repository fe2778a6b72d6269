"""Jobs under fire on the real local stack, through the official SDK: what the caller has in the end, and what it costs.

Nothing here depends on how long something takes: a provider holds a call until it is let go, a function is stopped.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openai import APIStatusError

from audio_gateway.identity.directory import Directory
from audio_gateway.jobs.job import Job
from audio_gateway.metering.account import Payer
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.jobs.start import JobService, JobStarting
from audio_gateway.use_cases.speech import SpeechRequest
from tests import tones
from tests.fakes.jobs import start_now
from tests.sound import wav
from tests.stack.jobs.conftest import JobHarness, Running

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

WORDS = tones.talk(200, gaps_ms=tones.natural_gaps())
END_MS = WORDS[-1].end_ms + 100
AUDIO = wav(b"".join(tones.sound(WORDS, end_ms=END_MS)), tones.RATE, 1)
SAID = [word.text for word in WORDS]


@pytest.fixture
def warm(harness: JobHarness) -> JobHarness:
    """A harness whose functions have all been called: each has a process to stop or to kill."""
    steps = ("JobPrepareFunction", "JobTranscriptionChunkFunction", "JobMergeFunction")
    if not all(map(harness.processes, steps)):
        somebody_else = harness.client.with_options(api_key=harness.info["api_key"])
        job = dataclasses.replace(harness, client=somebody_else).begin(AUDIO, model="tones")  # in four lanes
        assert harness.end(job).status == "succeeded"
        harness.upstream.reset()
    return harness


def assert_succeeded_and_paid_once(harness: JobHarness, job: Job) -> None:
    """Every word once and on time, paid once, nothing left."""
    ended = harness.end(job)
    assert (ended.status, ended.error) == ("succeeded", None)
    words = harness.content(job)["words"]
    assert [word["word"] for word in words] == SAID
    assert max(abs(word["start"] * 1000 - said.start_ms) for word, said in zip(words, WORDS, strict=True)) <= 50
    (row,) = harness.rows(job)
    assert (row.amount, row.price_microusd, row.outcome) == (END_MS, END_MS, "answered")
    assert harness.spent() == END_MS
    assert_nothing_is_left(harness, job)


def assert_cost_nothing(harness: JobHarness, job: Job) -> None:
    assert harness.rows(job) == []
    assert harness.spent() == 0
    assert_nothing_is_left(harness, job)


def assert_nothing_is_left(harness: JobHarness, *jobs: Job) -> None:
    """Of the customer and these jobs. Those of an earlier test may still be on their way out."""
    assert harness.nothing_is_held()
    assert harness.pending_settlements() == []
    assert not {job.id for job in jobs} & {each.id for each in harness.job_service.store.open_jobs()}


# ---------------------------------------------------------------- the provider


def test_a_chunk_that_fails_permanently_is_reported_with_its_place_and_the_rest_is_kept(harness: JobHarness) -> None:
    harness.upstream.script("", "status=400!message=This part is refused.")
    job = harness.begin(AUDIO)
    ended = harness.end(job)
    shape = harness.as_caller_sees(job)
    assert (shape["status"], shape["progress"]["completed"]) == ("failed", shape["progress"]["total"] - 1)
    with pytest.raises(APIStatusError) as caught:
        harness.content(job)
    assert caught.value.status_code == 400
    assert caught.value.body == shape["error"] | {"message": caught.value.body["message"]}  # type: ignore[index]
    assert shape["error"]["message"].startswith("The audio from 0:00:1")
    assert "This part is refused." in shape["error"]["message"]
    assert f"/v1/audio/jobs/{job.id}/content?partial=true" in str(caught.value)
    heard = [(word["word"], word["start"]) for word in harness.content(job, partial="true")["words"]]
    said = [(word.text, word.start_ms / 1000) for word in WORDS]
    lost = len(said) - len(heard)
    begin = next(index for index, (word, _) in enumerate(heard) if word != said[index][0])
    assert lost > 10
    assert [word for word, _ in heard] == [word for word, _ in said[:begin] + said[begin + lost :]]
    assert max(abs(at - true) for (_, at), (_, true) in zip(heard[begin:], said[begin + lost :], strict=True)) <= 0.05
    (row,) = harness.rows(job)
    assert 0 < row.amount == ended.amount == harness.spent() < END_MS
    assert shape["usage"] == {"type": "duration", "seconds": -(-row.amount // 1000)}
    assert_nothing_is_left(harness, job)


def test_a_chunk_on_which_the_provider_hangs_is_tried_again(harness: JobHarness) -> None:
    harness.upstream.script("", "held")
    job = harness.begin(AUDIO, model="impatient")
    assert_succeeded_and_paid_once(harness, job)
    assert len(harness.upstream.calls) == harness.now(job).total + 1


def test_a_storm_of_refusals_for_too_much_passes(warm: JobHarness) -> None:
    warm.upstream.script(*["status=429!retry-after=1"] * 4)  # one for each lane
    job = warm.begin(AUDIO, model="tones")
    assert_succeeded_and_paid_once(warm, job)
    assert len(warm.upstream.calls) == warm.now(job).total + 4


# ---------------------------------------------------------------- processes


def kill(processes: list[int]) -> None:
    for process in processes:
        os.kill(process, signal.SIGKILL)


def test_a_process_that_is_killed_while_it_reads_the_input_is_replaced(harness: JobHarness, running: Running) -> None:
    url, path = running.web.url("/killed.wav"), "/killed.wav"
    running.web.files[path] = AUDIO
    running.web.drip.add(path)
    job = harness.begin(file_url=url)
    harness.wait(lambda: any(heard == path for heard, _ in running.web.heard))
    running.web.drip.clear()
    kill(harness.processes("JobPrepareFunction"))
    assert_succeeded_and_paid_once(harness, job)


def test_a_process_that_is_killed_while_the_provider_works_is_replaced(harness: JobHarness) -> None:
    harness.upstream.script("", "held")
    job = harness.begin(AUDIO)
    harness.wait(lambda: len(harness.upstream.calls) == 2)
    kill(harness.processes("JobTranscriptionChunkFunction"))
    assert_succeeded_and_paid_once(harness, job)
    assert len(harness.upstream.calls) == harness.now(job).total + 1


def test_a_process_that_is_killed_while_it_makes_the_result_is_replaced(warm: JobHarness) -> None:
    with warm.frozen("JobMergeFunction") as processes:
        job = warm.begin(AUDIO)
        warm.wait_for_step(job, "Merge")
        kill(processes)
    assert_succeeded_and_paid_once(warm, job)


# ---------------------------------------------------------------- the source


def delete_uploads(harness: JobHarness) -> None:
    bucket = harness.info["bucket"]
    uploads = harness.s3.list_objects_v2(Bucket=bucket, Prefix="uploads/")["Contents"]
    for each in uploads:
        harness.s3.delete_object(Bucket=bucket, Key=each["Key"])


def test_a_source_that_is_deleted_before_it_is_read_fails_the_job_and_costs_nothing(warm: JobHarness) -> None:
    with warm.frozen("JobPrepareFunction"):
        job = warm.begin(AUDIO)
        delete_uploads(warm)
    ended = warm.end(job)
    assert ended.status == "failed"
    assert ended.error is not None
    assert (ended.error.status, ended.error.code, ended.error.param) == (400, "file_not_found", "file")
    assert warm.upstream.calls == []
    assert_cost_nothing(warm, job)


def test_a_source_that_is_deleted_after_it_was_read_is_not_missed(harness: JobHarness) -> None:
    harness.upstream.script("held")
    job = harness.begin(AUDIO)
    harness.wait(lambda: harness.upstream.calls)
    delete_uploads(harness)
    harness.upstream.let_go()
    assert_succeeded_and_paid_once(harness, job)


# ---------------------------------------------------------------- cancelling

State = Callable[[JobHarness, Running], contextlib.AbstractContextManager[Job]]


@contextlib.contextmanager
def queued(harness: JobHarness, _running: Running) -> Iterator[Job]:
    with harness.frozen("JobPrepareFunction"):
        yield harness.begin(AUDIO)


@contextlib.contextmanager
def reading(harness: JobHarness, running: Running) -> Iterator[Job]:
    running.web.files["/cancelled.wav"] = AUDIO
    running.web.drip.add("/cancelled.wav")
    job = harness.begin(file_url=running.web.url("/cancelled.wav"))
    harness.wait(lambda: any(path == "/cancelled.wav" for path, _ in running.web.heard))
    yield job
    running.web.drip.clear()
    kill(harness.processes("JobPrepareFunction"))  # which would go on reading, a byte at a time


@contextlib.contextmanager
def half_done(harness: JobHarness, _running: Running) -> Iterator[Job]:
    harness.upstream.script("", "held")
    job = harness.begin(AUDIO)
    harness.until(job, lambda now: now.completed == 1 and len(harness.upstream.calls) == 2)
    yield job
    harness.upstream.let_go()


@contextlib.contextmanager
def merging(harness: JobHarness, _running: Running) -> Iterator[Job]:
    with harness.frozen("JobMergeFunction"):
        job = harness.begin(AUDIO)
        harness.wait_for_step(job, "Merge")
        yield job


@pytest.mark.parametrize("state", [queued, reading])
def test_a_job_that_is_cancelled_before_anything_was_done_stops_and_costs_nothing(
    warm: JobHarness, running: Running, state: State
) -> None:
    with state(warm, running) as job:
        shape = warm.cancel(job)
        asked = len(warm.upstream.calls)
        assert (shape["status"], shape["usage"]) == ("cancelled", None)
        assert_cost_nothing(warm, job)
    # What was being done at that moment ends by itself, and what came of it is removed.
    assert warm.end(job).status == "cancelled"
    warm.wait(lambda: warm.files(job) == [])
    assert len(warm.upstream.calls) == asked
    assert_cost_nothing(warm, job)
    with pytest.raises(APIStatusError) as caught:
        warm.content(job)
    assert (caught.value.status_code, caught.value.code) == (409, "job_cancelled")


@pytest.mark.parametrize(("state", "done"), [(half_done, 1), (merging, None)])
def test_a_cancelled_job_costs_what_was_done_and_keeps_it(
    warm: JobHarness, running: Running, state: State, done: int | None
) -> None:
    with state(warm, running) as job:
        shape = warm.cancel(job)
        charged = warm.spent()
        asked = len(warm.upstream.calls)
        assert (shape["status"], shape["usage"]) == ("cancelled", {"type": "duration", "seconds": -(-charged // 1000)})
        assert warm.nothing_is_held()
        warm.wait(lambda: sorted(warm.files(job)) == ["order.json", "partial"])
    assert warm.end(job).status == "cancelled"
    # What was being done at that moment ends by itself. What came of it is removed, and its cost written down.
    warm.wait(lambda: len(warm.costs(job)) == (0 if done is None else 1))
    warm.wait(lambda: sorted(warm.files(job)) == ["order.json", "partial"])
    assert len(warm.upstream.calls) == asked
    heard = [word["word"] for word in warm.content(job, partial="true")["words"]]
    assert heard == (SAID if done is None else SAID[: len(heard)])
    (row,) = warm.rows(job)
    assert 0 < row.amount == row.price_microusd == charged == warm.spent() <= END_MS
    assert (charged == END_MS) == (done is None)
    warm.wait(lambda: not {job.id} & {each.id for each in warm.job_service.store.open_jobs()})
    assert_nothing_is_left(warm, job)
    with pytest.raises(APIStatusError) as caught:
        warm.content(job)
    assert (caught.value.status_code, caught.value.code) == (409, "job_cancelled")


def test_a_job_that_is_over_is_not_cancelled_and_stays_paid(harness: JobHarness) -> None:
    job = harness.begin(AUDIO)
    harness.end(job)
    with pytest.raises(APIStatusError) as caught:
        harness.cancel(job)
    assert (caught.value.status_code, caught.value.code) == (409, "job_not_cancellable")
    assert_succeeded_and_paid_once(harness, job)


# ---------------------------------------------------------------- executions that end from outside


class NoExecutions:
    """In place of those of a process that dies before it begins the work."""

    def start(self, _job: Job) -> None:
        return


def test_jobs_that_lose_their_execution_fail_with_what_was_done_and_are_reported_once(
    harness: JobHarness, running: Running
) -> None:
    hook = harness.client.post(
        "/webhook_endpoints",
        cast_to=dict[str, Any],
        body={"url": running.receiver.url("/lost"), "name": "of a test", "event_types": ["audio.job.failed"]},
    )

    def published() -> list[str]:
        received = running.receiver.at("/lost")
        secret = hook["signing_secret"]
        events = (harness.client.webhooks.unwrap(each.body, each.headers, secret=secret) for each in received)
        return [event.data.id for event in events]

    harness.upstream.script("", "held")
    stopped = harness.begin(AUDIO)
    harness.until(stopped, lambda now: now.completed == 1 and len(harness.upstream.calls) == 2)
    job_service = harness.job_service
    broken = JobService(job_service.store, job_service.files, NoExecutions(), job_service.billing, job_service.now_ms)  # type: ignore[arg-type]
    order = JobRequest(SpeechRequest("tts", "It is held at once.", "alloy", "mp3"))
    deps = JobStarting(broken, harness.catalog, lambda _each: None)
    never = start_now(order, harness.caller, deps)
    harness.machines.stop_execution(executionArn=harness.execution(stopped), cause="An operator's.")

    for job in (stopped, never):
        harness.make_an_hour_older(job)
    for job in (stopped, never):
        harness.until(job, lambda now: now.is_final)
    harness.wait(lambda: {stopped.id, never.id} <= set(published()))
    harness.wait(lambda: list(job_service.store.open_jobs()) == [])
    # What was being done when it was stopped ends by itself, and changes nothing any more.
    harness.upstream.let_go()
    harness.wait(lambda: len(harness.costs(stopped)) == 1)

    shapes = [harness.as_caller_sees(job) for job in (stopped, never)]
    assert [(shape["status"], shape["error"]["code"]) for shape in shapes] == [("failed", "job_interrupted")] * 2
    assert "stopped" in shapes[0]["error"]["message"]
    heard = [word["word"] for word in harness.content(stopped, partial="true")["words"]]
    assert heard == SAID[: len(heard)]
    (row,) = harness.rows(stopped)
    assert 0 < row.amount == harness.spent() < END_MS
    assert harness.rows(never) == []
    assert_nothing_is_left(harness, stopped, never)
    assert [published().count(job.id) for job in (stopped, never)] == [1, 1]


def test_an_archived_project_leaves_nothing_running(harness: JobHarness, running: Running) -> None:
    directory = Directory(harness.dynamodb, harness.info["table"])
    project = directory.projects.create("tenant").id
    key = directory.api_keys.create(name="of a tenant", project_id=project)
    client = harness.client.with_options(api_key=key.value)
    tenant = dataclasses.replace(harness, client=client, caller=Payer(key.record.id, project))
    hook = {"url": running.receiver.url("/archived"), "name": "of a test", "event_types": ["audio.job.cancelled"]}
    client.post("/webhook_endpoints", cast_to=dict[str, Any], body=hook)
    upload = f"uploads/{project}/upload_1"
    harness.s3.put_object(Bucket=harness.info["bucket"], Key=upload, Body=b"a file")

    harness.upstream.script("", "held")
    job = tenant.begin(AUDIO)
    tenant.until(job, lambda now: now.completed == 1 and len(harness.upstream.calls) == 2)
    directory.archive_project(project)
    with pytest.raises(APIStatusError) as caught:  # by the authorizer or the function
        tenant.cancel(job)
    assert caught.value.status_code in {401, 403}
    tenant.make_an_hour_older(job)
    tenant.wait(lambda: tenant.now(job).is_final and harness.job_service.store.open_job(job.id) is None)
    harness.upstream.let_go()
    harness.wait(lambda: len(tenant.costs(job)) == 1)

    ended = tenant.end(job)
    (row,) = tenant.rows(job)
    assert (ended.status, ended.partial) == ("cancelled", True)
    assert 0 < row.amount == tenant.spent() < END_MS
    assert_nothing_is_left(tenant, job)
    left = harness.s3.list_objects_v2(Bucket=harness.info["bucket"], Prefix=f"uploads/{project}/")
    assert left["KeyCount"] == 0
    assert running.receiver.at("/archived") == []
