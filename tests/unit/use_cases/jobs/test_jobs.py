"""A job from its start to its end: its result and its price."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import pytest

from audio_gateway.audio.measure import MIN_MS
from audio_gateway.errors import (
    BudgetReached,
    InvalidAudio,
    ProviderRejected,
    ProviderUnavailable,
    RateLimitReached,
    StorageUnavailable,
    UnknownModel,
    WorkTooLong,
)
from audio_gateway.jobs.fetch import Fetcher
from audio_gateway.jobs.job import Job, JobError, JobRef
from audio_gateway.net.targets import AllowedHosts
from audio_gateway.providers.port import Chunking, KnownSpeaker, TranscriptionOptions
from audio_gateway.storage.objects import SourceFile
from audio_gateway.use_cases.jobs.merge import RESULT
from audio_gateway.use_cases.jobs.request import JobRequest, keep_request, request_of
from audio_gateway.use_cases.speech import SpeechRequest
from audio_gateway.use_cases.transcription_request import TranscriptionRequest
from tests.fakes.jobs import Killed
from tests.fakes.providers import model
from tests.sound import Encoding, film
from tests.unit.use_cases.jobs.job_harness import AUDIO, END_MS, LISTENER, SAID, SHORT, SPEAKER, TEXT, WORDS, JobHarness

pytestmark = pytest.mark.slow

DOWN = ProviderUnavailable("It is down.", provider="fake")
REFUSED = ProviderRejected("It is refused.", provider="fake", upstream_status=400)
JOB = Job("job_1", "default", "key_1", "translations", "listener", "queued", 0, 0)
MS_PRICE = END_MS * 6000 / 60_000  # micro-dollars, not rounded


@pytest.fixture
def harness() -> JobHarness:
    return JobHarness()


def test_a_recording_becomes_one_transcript_and_one_row(harness: JobHarness) -> None:
    job = harness.run(harness.listen())
    assert job.status == "succeeded"
    assert job.completed == job.total == len(harness.provider.asked) > 3
    assert harness.heard(job) == SAID
    transcript = harness.transcript(job)
    late = [heard.start_ms - said.start_ms for heard, said in zip(transcript.words or (), WORDS, strict=True)]
    assert max(map(abs, late)) <= 5
    assert transcript.duration_ms == END_MS
    ((at_ms, request_id), work) = next(iter(harness.accounts.rows.items()))
    assert (at_ms, request_id, work.amount, work.model) == (job.completed_ms, job.id, END_MS, "listener")
    assert work.price_microusd == -(-MS_PRICE // 1) == harness.accounts.spent
    assert (harness.accounts.holds, harness.accounts.pending_settlements) == ({}, {})
    assert [published.status for published in harness.published] == ["succeeded"]


def test_the_price_is_held_before_anything_is_sent(harness: JobHarness) -> None:
    job = harness.listen()
    at_first = harness.accounts.holds[job.id]
    assert at_first.work.amount == MIN_MS  # its length is unknown
    harness.prepare(job)
    held = harness.accounts.holds[job.id]
    assert (held.work.amount, held.admitted_ms, held.month) == (END_MS, at_first.admitted_ms, at_first.month)
    assert (harness.now(job).hold, harness.provider.asked) == (held, [])


def test_the_price_of_text_is_held_at_the_start(harness: JobHarness) -> None:
    job = harness.speak()
    assert harness.accounts.holds[job.id].work.amount == len(TEXT)
    assert harness.executions.started == [job.id]


def test_the_price_of_measured_audio_is_held_at_the_start(harness: JobHarness) -> None:
    job = harness.start(JobRequest(TranscriptionRequest("listener", b"")), AUDIO, duration_ms=END_MS)
    assert harness.accounts.holds[job.id].work.amount == END_MS
    assert harness.run(job).status == "succeeded"
    assert harness.accounts.spent == -(-MS_PRICE // 1)


def test_speech_is_joined_and_charged_by_its_characters(harness: JobHarness) -> None:
    job = harness.run(harness.speak())
    assert job.status == "succeeded"
    assert "".join(request.text for request in harness.provider.asked) == TEXT
    assert all(len(request.text) <= 20 for request in harness.provider.asked)
    assert len(harness.files.get(job.ref, RESULT) or b"") == 2 * 240 * len(TEXT)
    assert job.amount == len(TEXT)
    assert harness.accounts.spent == len(TEXT) * 15


def test_blanks_are_neither_spoken_nor_paid(harness: JobHarness) -> None:
    text = "First." + " " * 60 + "Second."
    job = harness.run(harness.speak(text))
    sent = [request.text for request in harness.provider.asked]
    assert all(part.strip() for part in sent)
    assert job.amount == sum(map(len, sent)) < len(text)
    assert harness.accounts.spent == job.amount * 15


@pytest.mark.parametrize("speech_format", ["wav", "mp3", "flac", "opus", "aac"])
def test_speech_comes_in_the_format_that_was_asked_for(harness: JobHarness, speech_format: str) -> None:
    job = harness.run(harness.speak(format=speech_format))
    assert job.status == "succeeded"
    assert harness.files.get(job.ref, RESULT)


def test_a_done_chunk_is_not_done_again(harness: JobHarness) -> None:
    job = harness.listen()
    numbers = harness.prepare(job)
    for _ in range(2):
        for number in numbers:
            harness.chunk(job, number)
    assert len(harness.provider.asked) == len(numbers) == harness.now(job).completed


def test_a_fallback_does_what_the_model_cannot_and_is_charged_for_its_share() -> None:
    first = model("first", chunk_seconds=4.0, fallbacks=("second",))
    second = dataclasses.replace(
        model("second", chunk_seconds=4.0), price=dataclasses.replace(first.price, microusd_per_minute=3_000)
    )
    harness = JobHarness(first, second)
    harness.provider.fails = lambda _number: (
        DOWN if harness.provider.asked[-1].model == "up-first" and len(harness.provider.asked) > 2 else None
    )
    job = harness.run(harness.listen("first"))
    assert job.status == "succeeded"
    assert harness.heard(job) == SAID
    assert END_MS * 3000 / 60_000 < harness.accounts.spent < MS_PRICE
    assert job.amount == END_MS
    (work,) = harness.accounts.rows.values()
    assert work.model == "second"  # it did the largest part


def test_words_of_a_film_whose_sound_begins_late_fit_the_film(harness: JobHarness) -> None:
    data = film(AUDIO, Encoding("mov", "pcm_s16le", 16_000), late_s=5.0)
    heard = harness.transcript(harness.run(harness.listen()))
    in_film = harness.transcript(harness.run(harness.listen(audio=data)))
    assert in_film.words == tuple(
        dataclasses.replace(word, start_ms=word.start_ms + 5_000, end_ms=word.end_ms + 5_000)
        for word in heard.words or ()
    )
    assert in_film.duration_ms == heard.duration_ms


def test_a_chunk_that_keeps_failing_leaves_a_partial_result(harness: JobHarness) -> None:
    harness.provider.fails = lambda number: REFUSED if number == 1 else None
    job = harness.run(harness.listen())
    assert (job.status, job.partial) == ("failed", True)
    assert job.error.status == 400
    assert job.error.message.startswith("The audio from 0:00:0")
    assert "It is refused." in job.error.message
    assert "partial" in job.error.message
    heard = harness.heard(job)
    assert 0 < len(heard) < len(SAID)
    assert [word for word in SAID if word in set(heard)] == heard
    assert job.amount is not None
    assert 0 < job.amount < END_MS
    assert harness.accounts.spent == -(-job.amount * 6000 // 60_000)
    assert harness.accounts.holds == {}


def test_all_spoken_parts_are_a_partial_result_in_order(harness: JobHarness) -> None:
    harness.provider.fails = lambda number: REFUSED if number in (1, 3, 4) else None
    job = harness.run(harness.speak())
    assert (job.status, job.partial) == ("failed", True)
    parts = [request.text for request in harness.provider.asked]
    assert job.amount == sum(len(parts[number]) for number in (0, 2, 5))
    assert len(harness.files.get(job.ref, RESULT) or b"") == 480 * job.amount
    assert harness.accounts.spent == job.amount * 15
    assert job.error.message == (
        "The text from character 19 to 38 could not be done: It is refused. 3 of 6 parts are missing: 19-38, 57-95. "
        "The rest is kept as a partial result."
    )


def test_a_provider_s_message_without_a_full_stop_gets_one(harness: JobHarness) -> None:
    bare = ProviderRejected("no thanks", provider="fake", upstream_status=400)
    harness.provider.fails = lambda number: bare if number == 1 else None
    job = harness.run(harness.speak())
    assert "could not be done: no thanks. The rest is kept as a partial result." in job.error.message


def test_a_job_without_any_done_chunk_costs_nothing(harness: JobHarness) -> None:
    harness.provider.fails = lambda _number: DOWN
    job = harness.run(harness.listen())
    assert (job.status, job.partial, job.work) == ("failed", False, None)
    assert f"{job.total} of {job.total} parts" in job.error.message
    assert harness.files.get(job.ref, RESULT) is None
    assert (harness.accounts.rows, harness.accounts.spent, harness.accounts.holds) == ({}, 0, {})
    assert [published.status for published in harness.published] == ["failed"]


def test_speech_that_is_not_made_into_one_file_in_time_costs_nothing(harness: JobHarness) -> None:
    job = harness.speak()
    for number in harness.prepare(job):
        harness.chunk(job, number)
    with pytest.raises(WorkTooLong) as late:
        harness.merge(job, seconds=0)
    assert not harness.now(job).is_final
    harness.fail(job, JobError(late.value.message, "input_too_long", 400, "invalid_request_error"), seconds=0)
    ended = harness.now(job)
    assert (ended.status, ended.partial, ended.error.message) == ("failed", False, late.value.message)
    assert (harness.accounts.spent, harness.accounts.holds) == (0, {})
    assert harness.accounts.unbilled == len(TEXT) * 15
    assert harness.ledger.costs == [("speaker", len(TEXT) * 15)]  # the operator pays it all the same


def test_a_file_that_is_not_audio_fails_the_job(harness: JobHarness) -> None:
    job = harness.listen(audio=b"<!doctype html>" + bytes(500))
    with pytest.raises(InvalidAudio):
        harness.prepare(job)
    harness.fail(job, JobError("It is no audio.", None, 400, "invalid_request_error", "file"))
    job = harness.now(job)
    assert (job.status, job.error.message, harness.accounts.holds) == ("failed", "It is no audio.", {})


def test_a_refused_price_fails_the_job_before_anything_is_sent(harness: JobHarness) -> None:
    job = harness.listen()
    harness.accounts.refuses = BudgetReached("No budget.", limit="monthly_budget_usd")
    with pytest.raises(BudgetReached):
        harness.prepare(job)
    harness.fail(job, JobError("No budget.", "insufficient_quota", 429, "insufficient_quota", retry=False))
    assert harness.now(job).status == "failed"
    assert (harness.accounts.holds, harness.accounts.rows, harness.provider.asked) == ({}, {}, [])
    assert harness.files.names(job.ref) == set()


def test_a_price_refused_for_a_minute_is_held_at_a_later_one(harness: JobHarness) -> None:
    job = harness.listen()
    harness.accounts.refuses = RateLimitReached("Later.", limit="audio_seconds_per_minute", retry_after_s=30)
    with pytest.raises(RateLimitReached):
        harness.prepare(job)
    assert harness.accounts.holds[job.id].work.amount == MIN_MS
    harness.accounts.refuses = None
    assert harness.run(job).status == "succeeded"
    assert len(harness.accounts.rows) == 1


@pytest.mark.parametrize("refused", [True, False])
def test_the_first_step_holds_the_price_of_a_job_that_started_without_a_hold(
    harness: JobHarness, refused: bool
) -> None:
    job = harness.listen()
    harness.accounts.holds.clear()
    harness.store.kept[job.id] = dataclasses.replace(harness.now(job), hold=None)
    if refused:
        harness.accounts.refuses = BudgetReached("No budget.", limit="monthly_budget_usd")
        with pytest.raises(BudgetReached):
            harness.prepare(job)
        harness.accounts.refuses = None
    assert harness.run(job).status == "succeeded"
    assert len(harness.accounts.rows) == 1


@pytest.mark.parametrize("kind", ["upload", "url"])
def test_a_job_refused_by_a_limit_is_not_started_whatever_names_its_audio(harness: JobHarness, kind: str) -> None:
    harness.accounts.refuses = RateLimitReached("Later.", limit="requests_per_minute", retry_after_s=30)
    request = TranscriptionRequest("listener", b"")
    job_request = JobRequest(request, source=SourceFile("uploads/default/upload_1", '"1"', 10**9))
    if kind == "url":
        job_request = JobRequest(request, url="https://example.com/talk.mp3")
    with pytest.raises(RateLimitReached):
        harness.start(job_request)
    assert (harness.files.kept, harness.store.kept, harness.executions.started) == ({}, {}, [])


def test_a_refused_start_leaves_nothing(harness: JobHarness) -> None:
    harness.accounts.refuses = BudgetReached("No budget.", limit="monthly_budget_usd")
    with pytest.raises(BudgetReached):
        harness.speak()
    assert (harness.files.kept, harness.store.kept, harness.executions.started) == ({}, {}, [])


def test_a_failed_start_releases_its_hold(harness: JobHarness) -> None:
    harness.executions.fails = StorageUnavailable("Not now.")
    with pytest.raises(StorageUnavailable):
        harness.speak()
    assert (harness.files.kept, harness.store.kept, harness.accounts.holds) == ({}, {}, {})


def test_an_unknown_model_is_refused_at_the_start(harness: JobHarness) -> None:
    with pytest.raises(UnknownModel):
        harness.listen("nobody")
    assert harness.store.kept == {}


def test_a_job_cancelled_while_it_is_prepared_gives_back_its_price(harness: JobHarness) -> None:
    job = harness.listen()
    record_hold = harness.store.record_hold

    def cancelled_behind(at: Any, hold: Any) -> bool:
        recorded = record_hold(at, hold)
        harness.store.finish(job, "cancelled", at_ms=harness.clock())
        return recorded

    harness.store.record_hold = cancelled_behind  # type: ignore[assignment] # just after the price is held
    assert harness.prepare(job) == []
    assert harness.accounts.holds == {}
    assert harness.files.names(job.ref) == set()


@pytest.mark.parametrize("end", ["cancel", "delete"])
@pytest.mark.parametrize("kind", ["listen", "speak"])
def test_the_preparation_of_a_job_that_was_ended_stops(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch, kind: str, end: str
) -> None:
    monkeypatch.setattr("audio_gateway.use_cases.jobs.prepare.WATCH_INTERVAL_S", 0.0)
    job = harness.listen() if kind == "listen" else harness.speak()
    made: list[str] = []

    def making(make: Any) -> Any:
        def made_then_ended(at: Job, name: str, data: Any) -> Any:
            made.append(name)
            file = make(at, name, data)
            if len(made) == 2:
                getattr(harness, end)(job)
            return file

        return made_then_ended

    monkeypatch.setattr(harness.files, "put", making(harness.files.put))
    assert harness.prepare(job) == []
    assert made == ["chunks/0", "chunks/1"]
    assert (harness.accounts.holds, harness.files.names(job.ref)) == ({}, set())


def test_the_fetch_for_a_job_that_was_ended_stops(harness: JobHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_gateway.use_cases.jobs.prepare.WATCH_INTERVAL_S", 0.0)
    job = harness.start(JobRequest(TranscriptionRequest("listener", b""), url="https://files.example/a"))
    fetched: list[int] = []

    def pieces(*_: Any, **__: Any) -> Any:
        for number in range(9):
            fetched.append(number)
            if number == 3:
                harness.cancel(job)
            yield bytes(10)

    monkeypatch.setattr("audio_gateway.jobs.fetch.remote_file", lambda *_, **__: contextlib.nullcontext(pieces()))
    monkeypatch.setattr(harness.files, "put_stream", lambda _job, _name, given, _kind: list(given), raising=False)
    harness.preparation = dataclasses.replace(harness.preparation, fetch=Fetcher(harness.files, AllowedHosts.parse("")))
    assert harness.prepare(job) == []
    assert fetched == [0, 1, 2, 3]


def test_a_failed_check_does_not_end_a_preparation(harness: JobHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_gateway.use_cases.jobs.prepare.WATCH_INTERVAL_S", 0.0)
    job = harness.listen()
    get, looks = harness.store.get, list[str]()

    def silent_but_first(*given: Any) -> Any:
        looks.append("look")
        if len(looks) > 1:
            raise StorageUnavailable("Not now.")
        return get(*given)

    monkeypatch.setattr(harness.store, "get", silent_but_first)
    assert harness.prepare(job)
    assert len(looks) > 2


def test_a_request_is_stored_to_the_last_field(harness: JobHarness) -> None:
    speech = SpeechRequest("speaker", "Say \U0001f600 \udce4 it.", "alloy", "mp3", 1.5, "Slowly.")
    spoken = JobRequest(speech, ignored=("instructions",), as_events=True)
    assert request_of(harness.files, harness.start(spoken).ref) == spoken
    heard = TranscriptionRequest(
        "listener",
        b"",
        task="translate",
        response_format="verbose_json",
        granularities=frozenset({"word", "segment"}),
        stream=True,
        options=TranscriptionOptions(
            language="en",
            languages=("en", "de"),
            keywords=("Zürich",),
            prompt="Ü",
            temperature=0.5,
            logprobs=True,
            chunking=Chunking("server_vad", threshold=0.5),
            known_speakers=(KnownSpeaker("Ann", "data:audio/wav;base64,AA=="),),
        ),
    )
    options = heard.options
    assert all(getattr(options, option.name) != option.default for option in dataclasses.fields(options))
    job_request = JobRequest(heard, source=SourceFile("uploads/default/1", '"e"', 5), url=None)
    keep_request(harness.files, JOB.ref, job_request)
    assert request_of(harness.files, JOB.ref) == job_request


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["listen", "speak"])
def test_killed_after_any_write_and_repeated_it_is_the_same_job(kind: str) -> None:
    """Every step, killed right after each of its writes, and started again as the state machine does."""

    def started(harness: JobHarness) -> Job:
        return harness.listen(audio=SHORT) if kind == "listen" else harness.speak()

    calm = JobHarness()
    expected = calm.run(started(calm))
    assert expected.total >= 3
    result = calm.files.get(expected.ref, RESULT)
    for kill_after in range(1, 60):
        harness = JobHarness()
        job = started(harness)
        harness.kill_switch.writes_left = kill_after
        killed = False
        while True:
            try:
                ended = harness.run(job)
                break
            except Killed:
                killed, harness.kill_switch.writes_left = True, None
        assert (ended.status, ended.amount) == ("succeeded", expected.amount)
        assert harness.files.get(job.ref, RESULT) == result
        assert harness.accounts.spent == calm.accounts.spent
        assert list(harness.accounts.rows) == [(ended.completed_ms, job.id)]
        assert (harness.accounts.holds, harness.accounts.pending_settlements) == ({}, {})
        if not killed:
            return
    raise AssertionError("the job has more writes than are tried")


def test_a_late_row_is_written_where_it_belongs(harness: JobHarness) -> None:
    job = harness.listen()
    for number in harness.prepare(job):
        harness.chunk(job, number)
    finish = harness.store.finish

    def killed(*arguments: Any, **options: Any) -> None:
        finish(*arguments, **options)
        raise Killed

    harness.store.finish = killed
    with pytest.raises(Killed):
        harness.merge(job)
    harness.store.finish = finish
    harness.now_ms += 3_600_000
    harness.merge(job)
    assert list(harness.accounts.rows) == [(harness.now(job).completed_ms, job.id)]
    assert (harness.accounts.pending_settlements, harness.accounts.holds) == ({}, {})


def test_a_late_first_step_holds_nothing_for_a_settled_job(harness: JobHarness) -> None:
    job = harness.listen()
    for number in harness.prepare(job):
        harness.chunk(job, number)
    get_json = harness.files.get_json

    def meanwhile(of: JobRef, name: str) -> dict[str, Any]:
        kept = get_json(of, name)
        if name == "plan.json":
            harness.files.get_json = get_json
            harness.merge(job)
        return kept

    harness.files.get_json = meanwhile  # type: ignore[assignment] # just after the plan is read
    assert harness.prepare(job) == []
    ((_, work),) = harness.accounts.rows.items()
    assert (harness.accounts.holds, harness.accounts.spent) == ({}, work.price_microusd)


def test_two_simultaneous_first_steps_hold_once(harness: JobHarness) -> None:
    job = harness.listen()
    get_json = harness.files.get_json

    def meanwhile(of: JobRef, name: str) -> dict[str, Any]:
        harness.files.get_json = get_json
        harness.prepare(job)
        return get_json(of, name)

    harness.files.get_json = meanwhile  # type: ignore[assignment] # by a run that has read the job before it
    assert harness.prepare(job)
    assert [harness.now(job).hold] == list(harness.accounts.holds.values())
    assert harness.run(job).status == "succeeded"
    assert len(harness.accounts.rows) == 1


def test_no_limit_of_the_provider_is_exceeded() -> None:
    harness = JobHarness(dataclasses.replace(LISTENER, max_seconds=5.0, max_bytes=300_000), SPEAKER)
    harness.run(harness.listen())
    assert max(request.audio.duration_ms for request in harness.provider.asked) <= 5000
    assert max(len(request.audio.data) for request in harness.provider.asked) <= 300_000
