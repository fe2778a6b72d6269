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
from audio_gateway.use_cases.jobs.start import JobService, start_job
from audio_gateway.use_cases.speech import SpeechRequest
from tests import tones
from tests.sound import wav
from tests.stack.jobs.conftest import Running, Workshop

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

WORDS = tones.talk(200, gaps_ms=tones.natural_gaps())
END_MS = WORDS[-1].end_ms + 100
AUDIO = wav(b"".join(tones.sound(WORDS, end_ms=END_MS)), tones.RATE, 1)
SAID = [word.text for word in WORDS]


@pytest.fixture
def warm(workshop: Workshop) -> Workshop:
    """A workshop whose functions all have been called, so that there is something to stop or to kill."""
    steps = ("JobPrepareFunction", "JobChunkFunction", "JobMergeFunction")
    if not all(map(workshop.processes, steps)):
        somebody_else = workshop.client.with_options(api_key=workshop.info["api_key"])
        job = dataclasses.replace(workshop, client=somebody_else).begin(AUDIO, model="tones")  # in four lanes
        assert workshop.end(job).status == "succeeded"
        workshop.upstream.reset()
    return workshop


def has_done_it_right(workshop: Workshop, job: Job) -> None:
    """Every word once and on time, paid once, nothing left."""
    ended = workshop.end(job)
    assert (ended.status, ended.error) == ("succeeded", None)
    words = workshop.content(job)["words"]
    assert [word["word"] for word in words] == SAID
    assert max(abs(word["start"] * 1000 - said.start_ms) for word, said in zip(words, WORDS, strict=True)) <= 50
    (row,) = workshop.rows(job)
    assert (row.amount, row.price_microusd, row.outcome) == (END_MS, END_MS, "answered")
    assert workshop.spent() == END_MS
    nothing_is_left(workshop, job)


def cost_nothing(workshop: Workshop, job: Job) -> None:
    assert workshop.rows(job) == []
    assert workshop.spent() == 0
    nothing_is_left(workshop, job)


def nothing_is_left(workshop: Workshop, *jobs: Job) -> None:
    """Of the customer and these jobs. Those of an earlier test may still be on their way out."""
    assert workshop.nothing_is_held()
    assert workshop.evidence() == []
    assert not {job.id for job in jobs} & {each.id for each in workshop.job_service.store.open_jobs()}


# ---------------------------------------------------------------- the provider


def test_a_chunk_that_fails_for_good_is_told_with_its_place_and_the_rest_is_there(workshop: Workshop) -> None:
    workshop.upstream.script("", "status=400!message=This part is refused.")
    job = workshop.begin(AUDIO)
    ended = workshop.end(job)
    shape = workshop.shape(job)
    assert (shape["status"], shape["progress"]["completed"]) == ("failed", shape["progress"]["total"] - 1)
    with pytest.raises(APIStatusError) as caught:
        workshop.content(job)
    assert caught.value.status_code == 400
    assert caught.value.body == shape["error"] | {"message": caught.value.body["message"]}  # type: ignore[index]
    assert shape["error"]["message"].startswith("The audio from 0:00:1")
    assert "This part is refused." in shape["error"]["message"]
    assert f"/v1/audio/jobs/{job.id}/content?partial=true" in str(caught.value)
    heard = [(word["word"], word["start"]) for word in workshop.content(job, partial="true")["words"]]
    said = [(word.text, word.start_ms / 1000) for word in WORDS]
    lost = len(said) - len(heard)
    begin = next(index for index, (word, _) in enumerate(heard) if word != said[index][0])
    assert lost > 10
    assert [word for word, _ in heard] == [word for word, _ in said[:begin] + said[begin + lost :]]
    assert max(abs(at - true) for (_, at), (_, true) in zip(heard[begin:], said[begin + lost :], strict=True)) <= 0.05
    (row,) = workshop.rows(job)
    assert 0 < row.amount == ended.amount == workshop.spent() < END_MS
    assert shape["usage"] == {"type": "duration", "seconds": -(-row.amount // 1000)}
    nothing_is_left(workshop, job)


def test_a_chunk_on_which_the_provider_hangs_is_tried_again(workshop: Workshop) -> None:
    workshop.upstream.script("", "held")
    job = workshop.begin(AUDIO, model="impatient")
    has_done_it_right(workshop, job)
    assert len(workshop.upstream.calls) == workshop.now(job).total + 1


def test_a_storm_of_refusals_for_too_much_passes(warm: Workshop) -> None:
    warm.upstream.script(*["status=429!retry-after=1"] * 8)
    job = warm.begin(AUDIO, model="tones")
    has_done_it_right(warm, job)
    assert len(warm.upstream.calls) == warm.now(job).total + 8


# ---------------------------------------------------------------- processes


def kill(processes: list[int]) -> None:
    for process in processes:
        os.kill(process, signal.SIGKILL)


def test_a_process_that_is_killed_while_it_reads_the_input_is_replaced(workshop: Workshop, running: Running) -> None:
    url, path = running.web.url("/killed.wav"), "/killed.wav"
    running.web.files[path] = AUDIO
    running.web.drip.add(path)
    job = workshop.begin(file_url=url)
    workshop.wait(lambda: any(heard == path for heard, _ in running.web.heard))
    running.web.drip.clear()
    kill(workshop.processes("JobPrepareFunction"))
    has_done_it_right(workshop, job)


def test_a_process_that_is_killed_while_the_provider_works_is_replaced(workshop: Workshop) -> None:
    workshop.upstream.script("", "held")
    job = workshop.begin(AUDIO)
    workshop.wait(lambda: len(workshop.upstream.calls) == 2)
    kill(workshop.processes("JobChunkFunction"))
    has_done_it_right(workshop, job)
    assert len(workshop.upstream.calls) == workshop.now(job).total + 1


def test_a_process_that_is_killed_while_it_makes_the_result_is_replaced(warm: Workshop) -> None:
    with warm.frozen("JobMergeFunction") as processes:
        job = warm.begin(AUDIO)
        warm.wait_for_step(job, "Merge")
        kill(processes)
    has_done_it_right(warm, job)


# ---------------------------------------------------------------- the source


def delete_uploads(workshop: Workshop) -> None:
    bucket = workshop.info["bucket"]
    uploads = workshop.s3.list_objects_v2(Bucket=bucket, Prefix="uploads/")["Contents"]
    for each in uploads:
        workshop.s3.delete_object(Bucket=bucket, Key=each["Key"])


def test_a_source_that_is_deleted_before_it_is_read_fails_the_job_and_costs_nothing(warm: Workshop) -> None:
    with warm.frozen("JobPrepareFunction"):
        job = warm.begin(AUDIO)
        delete_uploads(warm)
    ended = warm.end(job)
    assert ended.status == "failed"
    assert ended.error is not None
    assert (ended.error.status, ended.error.code, ended.error.param) == (400, "file_not_found", "file")
    assert warm.upstream.calls == []
    cost_nothing(warm, job)


def test_a_source_that_is_deleted_after_it_was_read_is_not_missed(workshop: Workshop) -> None:
    workshop.upstream.script("held")
    job = workshop.begin(AUDIO)
    workshop.wait(lambda: workshop.upstream.calls)
    delete_uploads(workshop)
    workshop.upstream.let_go()
    has_done_it_right(workshop, job)


# ---------------------------------------------------------------- cancelling

State = Callable[[Workshop, Running], contextlib.AbstractContextManager[Job]]


@contextlib.contextmanager
def queued(workshop: Workshop, _running: Running) -> Iterator[Job]:
    with workshop.frozen("JobPrepareFunction"):
        yield workshop.begin(AUDIO)


@contextlib.contextmanager
def reading(workshop: Workshop, running: Running) -> Iterator[Job]:
    running.web.files["/cancelled.wav"] = AUDIO
    running.web.drip.add("/cancelled.wav")
    job = workshop.begin(file_url=running.web.url("/cancelled.wav"))
    workshop.wait(lambda: any(path == "/cancelled.wav" for path, _ in running.web.heard))
    yield job
    running.web.drip.clear()
    kill(workshop.processes("JobPrepareFunction"))  # which would go on reading, a byte at a time


@contextlib.contextmanager
def half_done(workshop: Workshop, _running: Running) -> Iterator[Job]:
    workshop.upstream.script("", "held")
    job = workshop.begin(AUDIO)
    workshop.until(job, lambda now: now.completed == 1 and len(workshop.upstream.calls) == 2)
    yield job
    workshop.upstream.let_go()


@contextlib.contextmanager
def merging(workshop: Workshop, _running: Running) -> Iterator[Job]:
    with workshop.frozen("JobMergeFunction"):
        job = workshop.begin(AUDIO)
        workshop.wait_for_step(job, "Merge")
        yield job


@pytest.mark.parametrize("state", [queued, reading])
def test_a_job_that_is_cancelled_before_anything_was_done_stops_and_costs_nothing(
    warm: Workshop, running: Running, state: State
) -> None:
    with state(warm, running) as job:
        shape = warm.cancel(job)
        asked = len(warm.upstream.calls)
        assert (shape["status"], shape["usage"]) == ("cancelled", None)
        cost_nothing(warm, job)
    # What was being done at that moment ends by itself, and what came of it is removed.
    assert warm.end(job).status == "cancelled"
    warm.wait(lambda: warm.files(job) == [])
    assert len(warm.upstream.calls) == asked
    cost_nothing(warm, job)
    with pytest.raises(APIStatusError) as caught:
        warm.content(job)
    assert (caught.value.status_code, caught.value.code) == (409, "job_cancelled")


@pytest.mark.parametrize(("state", "done"), [(half_done, 1), (merging, None)])
def test_a_cancelled_job_costs_what_was_done_and_keeps_it(
    warm: Workshop, running: Running, state: State, done: int | None
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
    nothing_is_left(warm, job)
    with pytest.raises(APIStatusError) as caught:
        warm.content(job)
    assert (caught.value.status_code, caught.value.code) == (409, "job_cancelled")


def test_a_job_that_is_over_is_not_cancelled_and_stays_paid(workshop: Workshop) -> None:
    job = workshop.begin(AUDIO)
    workshop.end(job)
    with pytest.raises(APIStatusError) as caught:
        workshop.cancel(job)
    assert (caught.value.status_code, caught.value.code) == (409, "job_not_cancellable")
    has_done_it_right(workshop, job)


# ---------------------------------------------------------------- executions that end from outside


class NoExecutions:
    """In place of those of a process that dies before it begins the work."""

    def start(self, _job: Job) -> None:
        return


def test_jobs_that_lose_their_execution_fail_with_what_was_done_and_are_told_once(
    workshop: Workshop, running: Running
) -> None:
    hook = workshop.client.post(
        "/webhook_endpoints",
        cast_to=dict[str, Any],
        body={"url": running.receiver.url("/lost"), "name": "of a test", "event_types": ["audio.job.failed"]},
    )

    def told() -> list[str]:
        received = running.receiver.at("/lost")
        secret = hook["signing_secret"]
        events = (workshop.client.webhooks.unwrap(each.body, each.headers, secret=secret) for each in received)
        return [event.data.id for event in events]

    workshop.upstream.script("", "held")
    stopped = workshop.begin(AUDIO)
    workshop.until(stopped, lambda now: now.completed == 1 and len(workshop.upstream.calls) == 2)
    job_service = workshop.job_service
    broken = JobService(job_service.store, job_service.files, NoExecutions(), job_service.billing, job_service.now_ms)  # type: ignore[arg-type]
    order = JobRequest(SpeechRequest("tts", "It is held at once.", "alloy", "mp3"))
    never = start_job(
        order, workshop.caller, job_service=broken, catalog=workshop.catalog, providers=lambda _each: None
    )
    workshop.machines.stop_execution(executionArn=workshop.execution(stopped), cause="An operator's.")

    for job in (stopped, never):
        workshop.grow_old(job)
    for job in (stopped, never):
        workshop.until(job, lambda now: now.is_final)
    workshop.wait(lambda: {stopped.id, never.id} <= set(told()))
    workshop.wait(lambda: list(job_service.store.open_jobs()) == [])
    # What was being done when it was stopped ends by itself, and changes nothing any more.
    workshop.upstream.let_go()
    workshop.wait(lambda: len(workshop.costs(stopped)) == 1)

    shapes = [workshop.shape(job) for job in (stopped, never)]
    assert [(shape["status"], shape["error"]["code"]) for shape in shapes] == [("failed", "job_interrupted")] * 2
    assert "stopped" in shapes[0]["error"]["message"]
    heard = [word["word"] for word in workshop.content(stopped, partial="true")["words"]]
    assert heard == SAID[: len(heard)]
    (row,) = workshop.rows(stopped)
    assert 0 < row.amount == workshop.spent() < END_MS
    assert workshop.rows(never) == []
    nothing_is_left(workshop, stopped, never)
    assert [told().count(job.id) for job in (stopped, never)] == [1, 1]


def test_an_archived_project_leaves_nothing_running(workshop: Workshop, running: Running) -> None:
    directory = Directory(workshop.dynamodb, workshop.info["table"])
    project = directory.projects.create("tenant").id
    key = directory.api_keys.create(name="of a tenant", project_id=project)
    client = workshop.client.with_options(api_key=key.value)
    tenant = dataclasses.replace(workshop, client=client, caller=Payer(key.record.id, project))
    hook = {"url": running.receiver.url("/archived"), "name": "of a test", "event_types": ["audio.job.cancelled"]}
    client.post("/webhook_endpoints", cast_to=dict[str, Any], body=hook)
    upload = f"uploads/{project}/upload_1"
    workshop.s3.put_object(Bucket=workshop.info["bucket"], Key=upload, Body=b"a file")

    workshop.upstream.script("", "held")
    job = tenant.begin(AUDIO)
    tenant.until(job, lambda now: now.completed == 1 and len(workshop.upstream.calls) == 2)
    directory.archive_project(project)
    with pytest.raises(APIStatusError) as caught:  # by the authorizer or the function
        tenant.cancel(job)
    assert caught.value.status_code in {401, 403}
    tenant.grow_old(job)
    tenant.wait(lambda: tenant.now(job).is_final and workshop.job_service.store.open_job(job.id) is None)
    workshop.upstream.let_go()
    workshop.wait(lambda: len(tenant.costs(job)) == 1)

    ended = tenant.end(job)
    (row,) = tenant.rows(job)
    assert (ended.status, ended.partial) == ("cancelled", True)
    assert 0 < row.amount == tenant.spent() < END_MS
    nothing_is_left(tenant, job)
    left = workshop.s3.list_objects_v2(Bucket=workshop.info["bucket"], Prefix=f"uploads/{project}/")
    assert left["KeyCount"] == 0
    assert running.receiver.at("/archived") == []
