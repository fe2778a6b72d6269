"""A job from its start to its end: what comes of it, and what it costs."""

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
from audio_gateway.jobs.job import Job, JobError
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
from tests.unit.use_cases.jobs.job_harness import AUDIO, END_MS, LISTENER, SAID, SHORT, SPEAKER, TEXT, WORDS, Workshop

DOWN = ProviderUnavailable("It is down.", provider="fake")
REFUSED = ProviderRejected("It is refused.", provider="fake", upstream_status=400)
JOB = Job("job_1", "default", "key_1", "translations", "listener", "queued", 0, 0)
MS_PRICE = END_MS * 6000 / 60_000  # micro-dollars, not rounded


@pytest.fixture
def shop() -> Workshop:
    return Workshop()


def test_a_recording_becomes_one_transcript_and_one_row(shop: Workshop) -> None:
    job = shop.run(shop.listen())
    assert job.status == "succeeded"
    assert job.completed == job.total == len(shop.provider.asked) > 3
    assert shop.heard(job) == SAID
    transcript = shop.transcript(job)
    late = [heard.start_ms - said.start_ms for heard, said in zip(transcript.words or (), WORDS, strict=True)]
    assert max(map(abs, late)) <= 5
    assert transcript.duration_ms == END_MS
    ((at_ms, request_id), work) = next(iter(shop.bank.rows.items()))
    assert (at_ms, request_id, work.amount, work.model) == (job.completed_ms, job.id, END_MS, "listener")
    assert work.price_microusd == -(-MS_PRICE // 1) == shop.bank.spent
    assert (shop.bank.holds, shop.bank.evidence) == ({}, {})
    assert [told.status for told in shop.told] == ["succeeded"]


def test_the_price_is_held_before_anything_is_sent(shop: Workshop) -> None:
    job = shop.listen()
    at_first = shop.bank.holds[job.id]
    assert at_first.work.amount == MIN_MS  # nobody knows how long it is
    shop.prepare(job)
    held = shop.bank.holds[job.id]
    assert (held.work.amount, held.admitted_ms, held.month) == (END_MS, at_first.admitted_ms, at_first.month)
    assert (shop.now(job).hold, shop.provider.asked) == (held, [])


def test_the_price_of_text_is_held_at_the_start(shop: Workshop) -> None:
    job = shop.speak()
    assert shop.bank.holds[job.id].work.amount == len(TEXT)
    assert shop.executions.started == [job.id]


def test_the_price_of_measured_audio_is_held_at_the_start(shop: Workshop) -> None:
    job = shop.start(JobRequest(TranscriptionRequest("listener", b"")), AUDIO, duration_ms=END_MS)
    assert shop.bank.holds[job.id].work.amount == END_MS
    assert shop.run(job).status == "succeeded"
    assert shop.bank.spent == -(-MS_PRICE // 1)


def test_speech_is_joined_and_charged_by_what_was_sent(shop: Workshop) -> None:
    job = shop.run(shop.speak())
    assert job.status == "succeeded"
    assert "".join(request.text for request in shop.provider.asked) == TEXT
    assert all(len(request.text) <= 20 for request in shop.provider.asked)
    assert len(shop.files.get(job, RESULT) or b"") == 2 * 240 * len(TEXT)
    assert job.amount == len(TEXT)
    assert shop.bank.spent == len(TEXT) * 15


def test_blanks_are_neither_spoken_nor_paid(shop: Workshop) -> None:
    text = "First." + " " * 60 + "Second."
    job = shop.run(shop.speak(text))
    sent = [request.text for request in shop.provider.asked]
    assert all(part.strip() for part in sent)
    assert job.amount == sum(map(len, sent)) < len(text)
    assert shop.bank.spent == job.amount * 15


@pytest.mark.parametrize("speech_format", ["wav", "mp3", "flac", "opus", "aac"])
def test_speech_comes_in_the_format_that_was_asked_for(shop: Workshop, speech_format: str) -> None:
    job = shop.run(shop.speak(format=speech_format))
    assert job.status == "succeeded"
    assert shop.files.get(job, RESULT)


def test_a_part_that_exists_is_not_done_again(shop: Workshop) -> None:
    job = shop.listen()
    numbers = shop.prepare(job)
    for _ in range(2):
        for number in numbers:
            shop.chunk(job, number)
    assert len(shop.provider.asked) == len(numbers) == shop.now(job).completed


def test_a_fallback_does_what_the_model_cannot_and_is_charged_for_its_share() -> None:
    first = model("first", chunk_seconds=4.0, fallbacks=("second",))
    second = dataclasses.replace(
        model("second", chunk_seconds=4.0), price=dataclasses.replace(first.price, microusd_per_minute=3_000)
    )
    shop = Workshop(first, second)
    shop.provider.fails = lambda _number: (
        DOWN if shop.provider.asked[-1].model == "up-first" and len(shop.provider.asked) > 2 else None
    )
    job = shop.run(shop.listen("first"))
    assert job.status == "succeeded"
    assert shop.heard(job) == SAID
    assert END_MS * 3000 / 60_000 < shop.bank.spent < MS_PRICE
    assert job.amount == END_MS
    (work,) = shop.bank.rows.values()
    assert work.model == "second"  # which did the most of it


def test_words_of_a_film_whose_sound_begins_late_fit_the_film(shop: Workshop) -> None:
    data = film(AUDIO, Encoding("mov", "pcm_s16le", 16_000), late_s=5.0)
    heard = shop.transcript(shop.run(shop.listen()))
    in_film = shop.transcript(shop.run(shop.listen(audio=data)))
    assert in_film.words == tuple(
        dataclasses.replace(word, start_ms=word.start_ms + 5_000, end_ms=word.end_ms + 5_000)
        for word in heard.words or ()
    )
    assert in_film.duration_ms == heard.duration_ms


def test_a_chunk_that_fails_for_good_leaves_a_partial_result(shop: Workshop) -> None:
    shop.provider.fails = lambda number: REFUSED if number == 1 else None
    job = shop.run(shop.listen())
    assert (job.status, job.partial) == ("failed", True)
    assert job.error.status == 400
    assert job.error.message.startswith("The audio from 0:00:0")
    assert "It is refused." in job.error.message
    assert "partial" in job.error.message
    heard = shop.heard(job)
    assert 0 < len(heard) < len(SAID)
    assert [word for word in SAID if word in set(heard)] == heard
    assert job.amount is not None
    assert 0 < job.amount < END_MS
    assert shop.bank.spent == -(-job.amount * 6000 // 60_000)
    assert shop.bank.holds == {}


def test_of_speech_all_parts_that_were_spoken_are_a_partial_result_in_their_order(shop: Workshop) -> None:
    shop.provider.fails = lambda number: REFUSED if number in (1, 3, 4) else None
    job = shop.run(shop.speak())
    assert (job.status, job.partial) == ("failed", True)
    parts = [request.text for request in shop.provider.asked]
    assert job.amount == sum(len(parts[number]) for number in (0, 2, 5))
    assert len(shop.files.get(job, RESULT) or b"") == 480 * job.amount
    assert shop.bank.spent == job.amount * 15
    assert job.error.message == (
        "The text from character 19 to 38 could not be done: It is refused. 3 of 6 parts are missing: 19-38, 57-95. "
        "The rest is kept as a partial result."
    )


def test_a_provider_s_message_without_a_full_stop_gets_one(shop: Workshop) -> None:
    bare = ProviderRejected("no thanks", provider="fake", upstream_status=400)
    shop.provider.fails = lambda number: bare if number == 1 else None
    job = shop.run(shop.speak())
    assert "could not be done: no thanks. The rest is kept as a partial result." in job.error.message


def test_a_job_of_which_nothing_succeeded_costs_nothing(shop: Workshop) -> None:
    shop.provider.fails = lambda _number: DOWN
    job = shop.run(shop.listen())
    assert (job.status, job.partial, job.work) == ("failed", False, None)
    assert f"{job.total} of {job.total} parts" in job.error.message
    assert shop.files.get(job, RESULT) is None
    assert (shop.bank.rows, shop.bank.spent, shop.bank.holds) == ({}, 0, {})
    assert [told.status for told in shop.told] == ["failed"]


def test_speech_that_is_not_made_into_one_file_in_time_costs_nothing(shop: Workshop) -> None:
    job = shop.speak()
    for number in shop.prepare(job):
        shop.chunk(job, number)
    with pytest.raises(WorkTooLong) as late:
        shop.merge(job, seconds=0)
    assert not shop.now(job).is_final
    shop.fail(job, JobError(late.value.message, "input_too_long", 400, "invalid_request_error"), seconds=0)
    ended = shop.now(job)
    assert (ended.status, ended.partial, ended.error.message) == ("failed", False, late.value.message)
    assert (shop.bank.spent, shop.bank.holds) == (0, {})
    assert shop.bank.unbilled == len(TEXT) * 15
    assert shop.ledger.costs == [("speaker", len(TEXT) * 15)]  # which the operator pays all the same


def test_what_is_no_audio_is_told_and_ended(shop: Workshop) -> None:
    job = shop.listen(audio=b"<!doctype html>" + bytes(500))
    with pytest.raises(InvalidAudio):
        shop.prepare(job)
    shop.fail(job, JobError("It is no audio.", None, 400, "invalid_request_error", "file"))
    job = shop.now(job)
    assert (job.status, job.error.message, shop.bank.holds) == ("failed", "It is no audio.", {})


def test_a_refused_price_fails_the_job_before_anything_is_sent(shop: Workshop) -> None:
    job = shop.listen()
    shop.bank.refuses = BudgetReached("No budget.", limit="monthly_budget_usd")
    with pytest.raises(BudgetReached):
        shop.prepare(job)
    shop.fail(job, JobError("No budget.", "insufficient_quota", 429, "insufficient_quota", retry=False))
    assert shop.now(job).status == "failed"
    assert (shop.bank.holds, shop.bank.rows, shop.provider.asked) == ({}, {}, [])
    assert shop.files.names(job) == set()


def test_a_price_refused_for_a_minute_is_held_at_a_later_one(shop: Workshop) -> None:
    job = shop.listen()
    shop.bank.refuses = RateLimitReached("Later.", limit="audio_seconds_per_minute", retry_after_s=30)
    with pytest.raises(RateLimitReached):
        shop.prepare(job)
    assert shop.bank.holds[job.id].work.amount == MIN_MS
    shop.bank.refuses = None
    assert shop.run(job).status == "succeeded"
    assert len(shop.bank.rows) == 1


@pytest.mark.parametrize("refused", [True, False])
def test_a_job_that_was_begun_when_nothing_was_held_before_its_first_step_is_held_by_it(
    shop: Workshop, refused: bool
) -> None:
    job = shop.listen()
    shop.bank.holds.clear()
    shop.store.kept[job.id] = dataclasses.replace(shop.now(job), hold=None)
    if refused:
        shop.bank.refuses = BudgetReached("No budget.", limit="monthly_budget_usd")
        with pytest.raises(BudgetReached):
            shop.prepare(job)
        shop.bank.refuses = None
    assert shop.run(job).status == "succeeded"
    assert len(shop.bank.rows) == 1


@pytest.mark.parametrize("kind", ["upload", "url"])
def test_a_job_that_a_limit_refuses_is_not_begun_however_its_audio_is_named(shop: Workshop, kind: str) -> None:
    shop.bank.refuses = RateLimitReached("Later.", limit="requests_per_minute", retry_after_s=30)
    what = TranscriptionRequest("listener", b"")
    order = JobRequest(what, source=SourceFile("uploads/default/upload_1", '"1"', 10**9))
    if kind == "url":
        order = JobRequest(what, url="https://example.com/talk.mp3")
    with pytest.raises(RateLimitReached):
        shop.start(order)
    assert (shop.files.kept, shop.store.kept, shop.executions.started) == ({}, {}, [])


def test_a_refused_start_leaves_nothing(shop: Workshop) -> None:
    shop.bank.refuses = BudgetReached("No budget.", limit="monthly_budget_usd")
    with pytest.raises(BudgetReached):
        shop.speak()
    assert (shop.files.kept, shop.store.kept, shop.executions.started) == ({}, {}, [])


def test_a_start_that_fails_gives_its_money_back(shop: Workshop) -> None:
    shop.executions.fails = StorageUnavailable("Not now.")
    with pytest.raises(StorageUnavailable):
        shop.speak()
    assert (shop.files.kept, shop.store.kept, shop.bank.holds) == ({}, {}, {})


def test_an_unknown_model_is_refused_at_the_start(shop: Workshop) -> None:
    with pytest.raises(UnknownModel):
        shop.listen("nobody")
    assert shop.store.kept == {}


def test_a_job_cancelled_while_it_is_prepared_gives_back_its_price(shop: Workshop) -> None:
    job = shop.listen()
    intend = shop.store.intend

    def cancelled_behind(at: Any, hold: Any) -> bool:
        intended = intend(at, hold)
        shop.store.finish(job, "cancelled", at_ms=shop.clock())
        return intended

    shop.store.intend = cancelled_behind  # type: ignore[assignment] # just after the price is held
    assert shop.prepare(job) == []
    assert shop.bank.holds == {}
    assert shop.files.names(job) == set()


@pytest.mark.parametrize("end", ["cancel", "delete"])
@pytest.mark.parametrize("kind", ["listen", "speak"])
def test_a_job_that_is_ended_while_it_is_prepared_is_not_prepared_any_further(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, kind: str, end: str
) -> None:
    monkeypatch.setattr("audio_gateway.use_cases.jobs.prepare.LOOK_S", 0.0)
    job = shop.listen() if kind == "listen" else shop.speak()
    made: list[str] = []

    def making(make: Any) -> Any:
        def made_then_ended(at: Job, name: str, data: Any) -> Any:
            made.append(name)
            file = make(at, name, data)
            if len(made) == 2:
                getattr(shop, end)(job)
            return file

        return made_then_ended

    monkeypatch.setattr(shop.files, "put", making(shop.files.put))
    assert shop.prepare(job) == []
    assert made == ["chunks/0", "chunks/1"]
    assert (shop.bank.holds, shop.files.names(job)) == ({}, set())


def test_a_file_is_not_fetched_any_further_for_a_job_that_was_ended(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audio_gateway.use_cases.jobs.prepare.LOOK_S", 0.0)
    job = shop.start(JobRequest(TranscriptionRequest("listener", b""), url="https://files.example/a"))
    fetched: list[int] = []

    def pieces(*_: Any, **__: Any) -> Any:
        for number in range(9):
            fetched.append(number)
            if number == 3:
                shop.cancel(job)
            yield bytes(10)

    monkeypatch.setattr("audio_gateway.jobs.fetch.remote_file", lambda *_, **__: contextlib.nullcontext(pieces()))
    monkeypatch.setattr(shop.files, "put_stream", lambda _job, _name, given, _kind: list(given), raising=False)
    shop.preparation = dataclasses.replace(shop.preparation, fetch=Fetcher(shop.files, AllowedHosts.parse("")))
    assert shop.prepare(job) == []
    assert fetched == [0, 1, 2, 3]


def test_a_look_that_fails_does_not_end_a_preparation(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_gateway.use_cases.jobs.prepare.LOOK_S", 0.0)
    job = shop.listen()
    get, looks = shop.store.get, list[str]()

    def silent_but_first(*given: Any) -> Any:
        looks.append("look")
        if len(looks) > 1:
            raise StorageUnavailable("Not now.")
        return get(*given)

    monkeypatch.setattr(shop.store, "get", silent_but_first)
    assert shop.prepare(job)
    assert len(looks) > 2


def test_an_order_is_kept_to_the_last_field(shop: Workshop) -> None:
    what = SpeechRequest("speaker", "Say \U0001f600 \udce4 it.", "alloy", "mp3", 1.5, "Slowly.")
    order = JobRequest(what, ignored=("instructions",), as_events=True)
    assert request_of(shop.files, shop.start(order)) == order
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
    order = JobRequest(heard, source=SourceFile("uploads/default/1", '"e"', 5), url=None)
    keep_request(shop.files, JOB, order)
    assert request_of(shop.files, JOB) == order


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["listen", "speak"])
def test_killed_after_any_write_and_repeated_it_is_the_same_job(kind: str) -> None:
    """Every step, killed right after each of its writes, and begun again as the state machine does."""

    def begun(shop: Workshop) -> Job:
        return shop.listen(audio=SHORT) if kind == "listen" else shop.speak()

    calm = Workshop()
    expected = calm.run(begun(calm))
    assert expected.total >= 3
    result = calm.files.get(expected, RESULT)
    for kill_after in range(1, 60):
        shop = Workshop()
        job = begun(shop)
        shop.fate.writes_left = kill_after
        killed = False
        while True:
            try:
                ended = shop.run(job)
                break
            except Killed:
                killed, shop.fate.writes_left = True, None
        assert (ended.status, ended.amount) == ("succeeded", expected.amount)
        assert shop.files.get(job, RESULT) == result
        assert shop.bank.spent == calm.bank.spent
        assert list(shop.bank.rows) == [(ended.completed_ms, job.id)]
        assert (shop.bank.holds, shop.bank.evidence) == ({}, {})
        if not killed:
            return
    raise AssertionError("the job has more writes than are tried")


def test_a_row_that_comes_late_is_written_where_it_belongs(shop: Workshop) -> None:
    job = shop.listen()
    for number in shop.prepare(job):
        shop.chunk(job, number)
    finish = shop.store.finish

    def killed(*arguments: Any, **options: Any) -> None:
        finish(*arguments, **options)
        raise Killed

    shop.store.finish = killed
    with pytest.raises(Killed):
        shop.merge(job)
    shop.store.finish = finish
    shop.now_ms += 3_600_000
    shop.merge(job)
    assert list(shop.bank.rows) == [(shop.now(job).completed_ms, job.id)]
    assert (shop.bank.evidence, shop.bank.holds) == ({}, {})


def test_a_first_step_that_comes_late_holds_nothing_for_a_job_that_was_settled_meanwhile(shop: Workshop) -> None:
    job = shop.listen()
    for number in shop.prepare(job):
        shop.chunk(job, number)
    get_json = shop.files.get_json

    def meanwhile(of: Job, name: str) -> dict[str, Any]:
        kept = get_json(of, name)
        if name == "plan.json":
            shop.files.get_json = get_json
            shop.merge(job)
        return kept

    shop.files.get_json = meanwhile  # type: ignore[assignment] # just after the plan is read
    assert shop.prepare(job) == []
    ((_, work),) = shop.bank.rows.items()
    assert (shop.bank.holds, shop.bank.spent) == ({}, work.price_microusd)


def test_two_first_steps_at_once_hold_once(shop: Workshop) -> None:
    job = shop.listen()
    get_json = shop.files.get_json

    def meanwhile(of: Job, name: str) -> dict[str, Any]:
        shop.files.get_json = get_json
        shop.prepare(job)
        return get_json(of, name)

    shop.files.get_json = meanwhile  # type: ignore[assignment] # by a run that has read the job before
    assert shop.prepare(job)
    assert [shop.now(job).hold] == list(shop.bank.holds.values())
    assert shop.run(job).status == "succeeded"
    assert len(shop.bank.rows) == 1


def test_no_limit_of_the_provider_is_exceeded() -> None:
    shop = Workshop(dataclasses.replace(LISTENER, max_seconds=5.0, max_bytes=300_000), SPEAKER)
    shop.run(shop.listen())
    assert max(request.audio.duration_ms for request in shop.provider.asked) <= 5000
    assert max(len(request.audio.data) for request in shop.provider.asked) <= 300_000
