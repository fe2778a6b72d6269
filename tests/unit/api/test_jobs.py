"""Jobs through the real handlers: started by the three endpoints, read, waited for, cancelled, deleted."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import Request

from audio_gateway.api.http.app import caller_of, lambda_handler
from audio_gateway.api.http.identity import Caller
from audio_gateway.api.job_speech import MOST_TRANSCODED_BYTES
from audio_gateway.api.job_transcript import MOST_TRANSCRIPT_BYTES
from audio_gateway.api.jobs import jobs_app
from audio_gateway.audio.formats import SPEECH_FORMATS
from audio_gateway.errors import (
    BudgetReached,
    MeteringUnavailable,
    PermissionDenied,
    ProviderRejected,
    StorageUnavailable,
)
from audio_gateway.idempotency.idempotency import Idempotency
from audio_gateway.idempotency.repetition import Repetitions
from audio_gateway.jobs.job import Job
from audio_gateway.metering.account import Window
from audio_gateway.providers.port import TranscriptDone, TranscriptEvent
from audio_gateway.transcripts.codec import to_bytes
from audio_gateway.transcripts.transcript import Segment, TokenLogprob, TokenUsage, Transcript, Word
from tests.fakes.gateway import API_CALLER, Answer, Context, call, event, form_event, json_event
from tests.fakes.idempotency import FakeAnswers, FakeAttempts, FakeClaims, FakePayments
from tests.fakes.meter import FakeWaitingPolls
from tests.fakes.providers import model
from tests.fakes.results import FakeResults
from tests.sound import tone_wav, voice_url
from tests.unit.api.harness import AudioHarness
from tests.unit.use_cases.jobs.job_harness import AUDIO, END_MS, JobHarness, ToneProvider

pytestmark = pytest.mark.slow

FORMATS = ["json", "text", "srt", "vtt", "verbose_json"]
STRANGER = API_CALLER | {"project_id": "proj_other"}
TEXT = "One sentence here. " * 20
NOBODY = "job_" + "0" * 24
NO_TIMES = frozenset({"prompt", "temperature", "streaming", "keywords", "logprobs"})


class AskedAtOnceToo(ToneProvider):
    """A synchronous call has no chunk number, and does not fail.

    Tokens are counted and their probabilities told as OpenAI's models do: never together with times.
    """

    def transcribe(self, request: Any) -> Iterator[TranscriptEvent]:
        for made in super().transcribe(request):
            if not isinstance(made, TranscriptDone) or request.task == "translate" or _wants_times(request):
                yield made
                continue
            transcript = _counted(made.transcript, logprobs=request.options.logprobs)
            yield TranscriptDone(_in_turns(transcript) if request.diarize else transcript)

    def _ask(self, request: Any) -> None:
        if request.request_id.startswith("job_"):
            super()._ask(request)
        else:
            self.asked.append(request)


def _wants_times(request: Any) -> bool:
    return bool(request.want_words or request.want_segments)


def _in_turns(transcript: Transcript) -> Transcript:
    """Ann and an unknown speaker say one word each, in turn."""
    words = transcript.text.split()
    turns = tuple(Segment(word, n * 300, n * 300 + 250, ("B", "Ann")[n % 2]) for n, word in enumerate(words))
    return dataclasses.replace(transcript, segments=turns)


def _counted(transcript: Transcript, *, logprobs: bool) -> Transcript:
    words = transcript.text.split()
    heard = transcript.duration_ms // 100
    return dataclasses.replace(
        transcript,
        logprobs=tuple(TokenLogprob(f" {word}", -0.5, tuple(f" {word}".encode())) for word in words)
        if logprobs
        else None,
        token_usage=TokenUsage(heard + 1, len(words), heard + 1 + len(words), 1, heard),
    )


class Gateway(JobHarness):
    """The API over the harness, whose steps are run by hand."""

    def __init__(self, results: Any = None) -> None:
        capable: dict[str, Any] = {"chunk_seconds": 4.0, "chunk_concurrency": 2}
        super().__init__(
            model("listener", **capable),
            model("whole"),  # in one chunk, as in the synchronous call
            model("counting", capabilities=NO_TIMES, response_formats=("json", "text")),
            model("turns", capabilities=NO_TIMES | {"diarization"}, response_formats=("json", "text", "diarized_json")),
            model("one-breath", formats=("pcm",)),
            model("slow", **capable, speed_factor=0.1),
            model("speaker", max_characters=300, formats=("pcm",)),
            model("slow-speaker", max_characters=4000, formats=("pcm",), speed_factor=0.1),
        )
        self.provider = AskedAtOnceToo()
        self.waits = FakeWaitingPolls()
        self.key_is_revoked = False
        self.claims, self.answers, self.payments = FakeClaims(), FakeAnswers(), FakePayments()
        self.attempts = FakeAttempts()
        self.results: Any = results or FakeResults()
        self.audio = AudioHarness(
            catalog=self.catalog,
            providers=self.providers,
            idempotency=Idempotency(self.claims, self.answers, self.payments),
            repetitions=Repetitions(self.attempts, self.store, self.payments, poll_s=0.01),
            results=self.results,
            job_service=self.job_service,
        )
        self.meter, self.handlers = self.audio.meter, self.audio.handlers
        app = jobs_app(
            stopping=self.stopping,
            results=self.results,  # type: ignore[arg-type] # keeps results in memory
            waits=self.waits,
            writer_of=self.writer_of,
            poll_s=0.01,
        )
        self.handlers["jobs"] = lambda_handler(app, "jobs")

    def writer_of(self, request: Request) -> Caller:
        if self.key_is_revoked:
            raise PermissionDenied("The API key is disabled.")
        return caller_of(request)

    def write(self, *fields: tuple[str, str], model: str = "listener", path: str = "transcriptions") -> Answer:
        parts = [("model", model), *fields, ("file", ("a.wav", AUDIO))]
        return self.audio.send(form_event(f"/audio/{path}", parts))

    def say(self, **fields: Any) -> Answer:
        body = {"model": "speaker", "input": TEXT, "voice": "alloy", "response_format": "pcm"} | fields
        return self.audio.send(json_event("/audio/speech", body))

    def ask(self, method: str, path: str = "", *, authorizer: Any = None, **query: str) -> Answer:
        given = {name: [value] for name, value in query.items()} or None
        return call(self.handlers["jobs"], event(method, f"/audio/jobs{path}", query=given, authorizer=authorizer))

    def content(self, job_id: str, **query: str) -> Answer:
        return self.ask("GET", f"/{job_id}/content", **{"wait": "0"} | query)

    def job(self, answer: Answer) -> Job:
        return self.store.kept[answer.headers["x-audio-gateway-job"]]


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


BACKGROUND = ("background", "true")


def test_a_background_request_gets_its_job_and_its_price_is_held(gateway: Gateway) -> None:
    answer = gateway.write(BACKGROUND)
    job = answer.json
    assert (answer.status, answer.headers["location"]) == (202, f"/v1/audio/jobs/{job['id']}")
    assert "x-audio-gateway-cost-usd" not in answer.headers
    assert job == {
        "id": job["id"], "object": "audio.job", "endpoint": "transcriptions", "model": "listener", "status": "queued",
        "progress": {"completed": 0, "total": 0}, "created_at": job["created_at"], "completed_at": None,
        "expires_at": job["created_at"] + 7 * 86400, "usage": None, "cost_usd": None, "error": None,
    }  # fmt: skip
    assert gateway.accounts.holds[job["id"]].work.amount == END_MS
    assert gateway.executions.started == [job["id"]]
    assert gateway.provider.asked == []


def test_the_answer_with_a_job_says_what_is_left_of_the_key_s_minute(gateway: Gateway) -> None:
    gateway.accounts.windows = {"requests": Window(limit=60, remaining=59, reset_s=12)}
    answers = [
        gateway.write(BACKGROUND), gateway.write(model="slow"),
        gateway.say(background=True), gateway.say(model="slow-speaker"),
    ]  # fmt: skip
    assert [answer.status for answer in answers] == [202, 303, 202, 303]
    for answer in answers:
        named = {name.removeprefix("x-ratelimit-"): value for name, value in answer.headers.items() if "limit" in name}
        assert named == {"limit-requests": "60", "remaining-requests": "59", "reset-requests": "12s"}


@pytest.mark.parametrize("path", ["transcriptions", "translations"])
def test_work_that_takes_too_long_becomes_a_job_to_wait_for(gateway: Gateway, path: str) -> None:
    answer = gateway.write(model="slow", path=path)
    job = gateway.job(answer)
    assert (answer.status, job.endpoint) == (303, path)
    redirect = answer.json
    assert (redirect["object"], redirect["id"], redirect["location"]) == (
        "redirect",
        job.id,
        answer.headers["location"],
    )
    assert "curl -L" in redirect["message"]
    assert f"GET /v1/audio/jobs/{job.id} " in redirect["message"]
    assert answer.headers["location"] == f"/v1/audio/jobs/{job.id}/content?wait=25&hop=1"
    assert gateway.accounts.holds[job.id].work.amount == END_MS
    assert gateway.meter.admitted == []  # the job's hold is the only one


def test_speech_that_takes_too_long_becomes_a_job(gateway: Gateway) -> None:
    answer = gateway.say(model="slow-speaker")
    assert (answer.status, gateway.job(answer).endpoint) == (303, "speech")
    assert gateway.say(input="Short.").status == 200


def test_background_speech_takes_a_million_characters_and_no_more(gateway: Gateway) -> None:
    assert gateway.say(input="word " * 200_000, background=True).status == 202
    over = gateway.say(input="word " * 200_000 + "s", background=True)
    assert (over.status, over.error["param"], over.error["code"]) == (400, "input", "string_above_max_length")
    at_once = gateway.say(input="a" * 4097)
    assert (at_once.status, at_once.error["code"]) == (400, "string_above_max_length")
    assert "background=true" in at_once.error["message"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"voice": ""}, "voice"), ({"model": "nobody"}, "model"), ({"response_format": "x"}, "response_format"),
     ({"background": "yes"}, "background"), ({"stream_format": "x"}, "stream_format")],
)  # fmt: skip
def test_an_invalid_background_request_is_refused_immediately(
    gateway: Gateway, fields: dict[str, Any], param: str
) -> None:
    answer = gateway.say(**{"background": True} | fields)
    assert (answer.status in (400, 404), answer.error["param"]) == (True, param)
    assert not gateway.store.kept
    assert not gateway.accounts.holds


def test_a_file_that_is_not_audio_is_refused_immediately(gateway: Gateway) -> None:
    parts = [("model", "listener"), BACKGROUND, ("file", ("a.wav", b"no audio at all " * 99))]
    answer = gateway.audio.send(form_event("/audio/transcriptions", parts))
    assert (answer.status, answer.error["param"]) == (400, "file")
    assert not gateway.store.kept


def test_a_job_beyond_the_budget_is_refused_immediately(gateway: Gateway) -> None:
    gateway.accounts.refuses = BudgetReached("No money.", limit="monthly_budget_usd")
    answer = gateway.write(BACKGROUND)
    assert (answer.status, answer.error["code"]) == (429, "insufficient_quota")
    assert not gateway.store.kept
    assert not gateway.files.kept


def test_a_job_that_cannot_be_started_leaves_nothing(gateway: Gateway) -> None:
    gateway.executions.fails = StorageUnavailable("The work cannot be started.")
    assert gateway.write(BACKGROUND).status == 503
    assert (gateway.store.kept, gateway.files.kept, gateway.accounts.holds) == ({}, {}, {})


HINTS = [("language", "en"), ("languages[]", "en"), ("languages[]", "de"), ("keywords[]", "tone"), ("prompt", "Tones.")]


@pytest.mark.parametrize("ordered", ["json", "verbose_json"])
@pytest.mark.parametrize("response_format", FORMATS)
@pytest.mark.parametrize("path", ["transcriptions", "translations"])
def test_the_content_is_that_of_the_synchronous_call(
    gateway: Gateway, path: str, response_format: str, ordered: str
) -> None:
    fields = [("unknown", "x"), *(HINTS if path == "transcriptions" else HINTS[-1:])]
    begun = gateway.write(BACKGROUND, ("response_format", ordered), *fields, model="whole", path=path).json
    gateway.run(gateway.store.kept[begun["id"]])
    at_once = gateway.write(("response_format", response_format), *fields, model="whole", path=path)
    content = gateway.content(begun["id"], response_format=response_format)
    assert_same(content, at_once)


@pytest.mark.parametrize("granularities", [["word"], ["segment"], ["word", "segment"]])
def test_the_content_has_the_times_that_the_call_has(gateway: Gateway, granularities: list[str]) -> None:
    begun = gateway.write(BACKGROUND, model="whole").json
    gateway.run(gateway.store.kept[begun["id"]])
    asked = [("timestamp_granularities[]", each) for each in granularities]
    at_once = gateway.write(("response_format", "verbose_json"), *asked, model="whole")
    query = {"response_format": ["verbose_json"], "timestamp_granularities[]": granularities, "wait": ["0"]}
    content = call(gateway.handlers["jobs"], event("GET", f"/audio/jobs/{begun['id']}/content", query=query))
    assert_same(content, at_once)


@pytest.mark.parametrize("name", ["whole", "counting"])
@pytest.mark.parametrize("include", [[], [("include[]", "logprobs")]])
def test_the_content_has_the_tokens_and_probabilities_that_the_call_has(
    gateway: Gateway, name: str, include: list[tuple[str, str]]
) -> None:
    begun = gateway.write(BACKGROUND, *include, model=name).json
    gateway.run(gateway.store.kept[begun["id"]])
    at_once = gateway.write(*include, model=name)
    assert_same(gateway.content(begun["id"]), at_once)
    assert ("logprobs" in at_once.json) == bool(include)
    # As with OpenAI's models: those with times count the duration, the others tokens.
    assert at_once.json["usage"]["type"] == ("duration" if name == "whole" else "tokens")


@pytest.mark.parametrize("response_format", ["diarized_json", "json", "text"])
def test_the_content_has_the_speakers_that_the_call_has(gateway: Gateway, response_format: str) -> None:
    known = [("known_speaker_names[]", "Ann"), ("known_speaker_references[]", voice_url(tone_wav(2.5)))]
    begun = gateway.write(BACKGROUND, ("response_format", "diarized_json"), *known, model="turns").json
    gateway.run(gateway.store.kept[begun["id"]])
    at_once = gateway.write(("response_format", response_format), *known, model="turns")
    assert_same(gateway.content(begun["id"], response_format=response_format), at_once)


@pytest.mark.parametrize("response_format", SPEECH_FORMATS)
def test_the_speech_of_a_job_is_that_of_the_synchronous_call(gateway: Gateway, response_format: str) -> None:
    asked = {"model": "one-breath", "response_format": response_format}
    begun = gateway.say(background=True, **asked).json
    gateway.run(gateway.store.kept[begun["id"]])
    assert_same(gateway.content(begun["id"]), gateway.say(**asked))


@pytest.mark.parametrize("made", ["pcm", "wav", "flac"])
@pytest.mark.parametrize("response_format", SPEECH_FORMATS)
def test_lossless_speech_is_given_in_every_format_as_the_call_answers_it(
    gateway: Gateway, made: str, response_format: str
) -> None:
    begun = gateway.say(background=True, model="one-breath", response_format=made).json
    gateway.run(gateway.store.kept[begun["id"]])
    at_once = gateway.say(model="one-breath", response_format=response_format)
    assert_same(gateway.content(begun["id"], response_format=response_format), at_once)


def assert_same(content: Answer, at_once: Answer) -> None:
    assert (content.status, content.body) == (at_once.status, at_once.body) == (200, at_once.body)
    for name in ("content-type", "x-audio-gateway-cost-usd", "x-audio-gateway-model", "x-audio-gateway-ignored"):
        assert content.headers.get(name) == at_once.headers.get(name)


@pytest.mark.parametrize(
    "fields",
    [[("response_format", "verbose_json"), ("timestamp_granularities[]", "word")], [("response_format", "srt")]],
)
def test_the_request_s_options_hold_unless_the_query_changes_them(
    gateway: Gateway, fields: list[tuple[str, str]]
) -> None:
    begun = gateway.write(BACKGROUND, *fields, model="whole").json
    gateway.run(gateway.store.kept[begun["id"]])
    assert gateway.content(begun["id"]).body == gateway.write(*fields, model="whole").body
    assert (
        gateway.content(begun["id"], response_format="text").body
        == gateway.write(("response_format", "text"), model="whole").body
    )
    assert (
        gateway.content(begun["id"], response_format="text", stream="true")
        .headers["content-type"]
        .startswith("text/event-stream")
    )


@pytest.mark.parametrize(
    ("query", "param"),
    [({"response_format": "xml"}, "response_format"), ({"hop": "21"}, "hop"), ({"wait": "-1"}, "wait"),
     ({"partial": "1"}, "partial"), ({"what": "x"}, "what"), ({"stream": "true", "response_format": "srt"}, "stream"),
     ({"timestamp_granularities[]": "word"}, "timestamp_granularities"), ({"stream_format": "sse"}, "stream_format"),
     ({"response_format": "diarized_json"}, "response_format")],
)  # fmt: skip
def test_an_invalid_query_for_content_is_a_400(gateway: Gateway, query: dict[str, str], param: str) -> None:
    begun = gateway.write(BACKGROUND).json
    gateway.run(gateway.store.kept[begun["id"]])
    answer = gateway.content(begun["id"], **query)
    assert (answer.status, answer.error["param"]) == (400, param)


def test_a_waiting_request_is_redirected_with_its_query_up_to_the_last_hop(gateway: Gateway) -> None:
    begun = gateway.write(BACKGROUND).json
    path, query = f"/v1/audio/jobs/{begun['id']}/content", {"response_format": "srt", "wait": "0"}
    answer = gateway.content(begun["id"], **query)
    assert (answer.status, answer.headers["location"]) == (303, f"{path}?wait=0&response_format=srt&hop=1")
    assert gateway.content(begun["id"], **query, hop="19").headers["location"].endswith("hop=20")
    last = gateway.content(begun["id"], **query, hop="20")
    assert (last.status, last.error["code"], last.headers["x-should-retry"]) == (504, "still_running", "false")
    assert path in last.error["message"]
    gateway.run(gateway.store.kept[begun["id"]])
    assert gateway.content(begun["id"], **query, hop="20").status == 200


def test_waiting_ends_when_the_job_does(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = gateway.write(BACKGROUND).json
    naps: list[float] = []

    def work(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            gateway.run(gateway.store.kept[begun["id"]])

    monkeypatch.setattr("time.sleep", work)
    assert gateway.content(begun["id"], wait="25").status == 200
    assert len(naps) == 3


def test_speech_is_given_as_it_was_made_or_in_another_format(gateway: Gateway) -> None:
    begun = gateway.say(background=True, response_format="wav").json
    gateway.run(gateway.store.kept[begun["id"]])
    made = gateway.content(begun["id"])
    assert (made.status, made.headers["content-type"], made.body[:4]) == (200, "audio/wav", b"RIFF")
    other = gateway.content(begun["id"], response_format="flac")
    assert (other.status, other.headers["content-type"], other.body[:4]) == (200, "audio/flac", b"fLaC")
    events = gateway.content(begun["id"], stream_format="sse")
    assert events.headers["content-type"].startswith("text/event-stream")
    job = gateway.ask("GET", f"/{begun['id']}").json
    assert job["usage"] == {"type": "characters", "characters": len(TEXT)}
    assert job["cost_usd"] == made.headers["x-audio-gateway-cost-usd"] != "0"


def test_large_speech_is_a_link_and_is_not_converted(gateway: Gateway) -> None:
    begun = gateway.say(background=True).json
    job = gateway.run(gateway.store.kept[begun["id"]])
    gateway.files.put(job.ref, "result", bytes(MOST_TRANSCODED_BYTES + 2))
    answer = gateway.content(job.id)
    assert (answer.status, answer.json["location"]) == (303, answer.headers["location"])
    assert answer.headers["location"] == f"https://bucket.example.com/jobs/default/{job.id}/result"
    assert gateway.results.stored == []
    other = gateway.content(job.id, response_format="mp3")
    assert (other.status, other.error["param"]) == (400, "response_format")
    assert gateway.content(job.id, hop="20").error["code"] == "too_many_redirects"


@pytest.mark.parametrize(("hop", "status"), [("3", 303), ("20", 504)])
def test_a_large_transcript_is_left_to_a_request_with_enough_time(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, hop: str, status: int
) -> None:
    begun = gateway.write(BACKGROUND).json
    job = gateway.run(gateway.store.kept[begun["id"]])
    transcript = dataclasses.replace(gateway.transcript(job), text="word " * 200_001)
    gateway.files.put(job.ref, "result", to_bytes(transcript))
    with monkeypatch.context() as patch:
        patch.setattr("audio_gateway.api.http.request_scope.BUFFERED_LIMIT_S", 20.0)  # as if it had waited
        late = gateway.content(job.id, response_format="text", hop=hop)
    assert late.status == status
    if status == 303:
        assert late.headers["location"].endswith("/content?wait=0&response_format=text&hop=4")
    else:
        assert late.error["code"] == "too_many_redirects"
    assert gateway.content(job.id, response_format="text", hop=hop).body == b"word " * 200_001 + b"\n"


def test_converting_large_speech_is_left_to_a_request_with_enough_time(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = gateway.say(background=True).json
    job = gateway.run(gateway.store.kept[begun["id"]])
    gateway.files.put(job.ref, "result", bytes(1_000_002))
    monkeypatch.setattr("audio_gateway.api.http.request_scope.BUFFERED_LIMIT_S", 20.0)
    assert gateway.content(job.id, response_format="wav").headers["location"].endswith("&hop=1")
    assert gateway.content(job.id, stream_format="sse").headers["location"].endswith("&hop=1")
    assert gateway.content(job.id, response_format="wav", hop="19").error["code"] == "too_many_redirects"
    assert gateway.content(job.id).status == 200


def test_a_transcript_too_large_for_any_request_is_an_error(gateway: Gateway) -> None:
    begun = gateway.write(BACKGROUND).json
    job = gateway.run(gateway.store.kept[begun["id"]])
    gateway.files.put(job.ref, "result", bytes(MOST_TRANSCRIPT_BYTES + 1))
    answer = gateway.content(job.id)
    assert answer.status == 400
    assert "in parts" in answer.error["message"]


@pytest.mark.slow
def test_a_large_transcript_is_a_link(gateway: Gateway) -> None:
    begun = gateway.write(BACKGROUND).json
    job = gateway.run(gateway.store.kept[begun["id"]])
    words = tuple(Word("hello" * 1_000, n * 400, n * 400 + 300) for n in range(1_300))
    transcript = dataclasses.replace(gateway.transcript(job), words=words)
    gateway.files.put(job.ref, "result", to_bytes(transcript))
    asked = {"response_format": "verbose_json", "timestamp_granularities[]": "word"}
    answer = gateway.content(job.id, **asked)
    assert (answer.status, answer.headers["location"]) == (303, "https://bucket.example.com/results/default/1")
    (stored,) = gateway.results.stored
    assert stored.content_type == "application/json"
    assert len(json.loads(stored.body)["words"]) == 1_300
    assert gateway.content(job.id, **asked, hop="20").error["code"] == "too_many_redirects"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("piece", "size"),
    [
        ("\x01", 3_000_000),
        *itertools.product(["a line\n", 'it\'s "quoted" ', "日本語。", "plain text "], [5_900_000, 6_250_000]),
    ],
)
def test_no_text_is_more_than_lambda_takes(gateway: Gateway, piece: str, size: int) -> None:
    begun = gateway.write(BACKGROUND).json
    job = gateway.run(gateway.store.kept[begun["id"]])
    text = piece * (size // len(piece.encode()))
    gateway.files.put(job.ref, "result", to_bytes(dataclasses.replace(gateway.transcript(job), text=text)))
    query = {"response_format": ["text"], "wait": ["0"]}
    raw = gateway.handlers["jobs"](event("GET", f"/audio/jobs/{job.id}/content", query=query), Context())
    assert raw["statusCode"] in {200, 303}
    assert len(json.dumps(raw, ensure_ascii=False).encode()) <= 6_291_456
    stored = [each.body for each in gateway.results.stored]
    assert stored == ([] if raw["statusCode"] == 200 else [text.encode() + b"\n"])


def test_a_failed_job_has_the_error_of_the_call_and_a_partial_result_on_request(gateway: Gateway) -> None:
    refused = ProviderRejected("It refuses this part.", provider="fake", upstream_status=400)
    gateway.provider.fails = lambda number: refused if number == 1 else None
    begun = gateway.write(BACKGROUND).json
    job = gateway.run(gateway.store.kept[begun["id"]])
    assert job.status == "failed"
    answer = gateway.content(job.id)
    assert (answer.status, answer.headers["x-should-retry"]) == (400, "false")
    assert "It refuses this part." in answer.error["message"]
    assert f"/v1/audio/jobs/{job.id}/content?partial=true" in answer.error["message"]
    partial = gateway.content(job.id, partial="true")
    assert partial.status == 200
    assert 0 < len(partial.json["text"].split()) < len(gateway.write().json["text"].split())
    assert partial.json["usage"] == gateway.ask("GET", f"/{job.id}").json["usage"]
    assert partial.json["usage"]["seconds"] < END_MS / 1000
    verbose = gateway.content(job.id, partial="true", response_format="verbose_json").json
    assert (verbose["usage"], verbose["duration"]) == (partial.json["usage"], END_MS / 1000)
    assert gateway.ask("GET", f"/{job.id}").json["error"]["message"] == job.error.message


def test_the_list_is_newest_first_and_paged(gateway: Gateway) -> None:
    ids = [gateway.write(BACKGROUND).json["id"] for _ in range(3)][::-1]
    first = gateway.ask("GET", limit="2").json
    assert [job["id"] for job in first["data"]] == ids[:2]
    assert (first["first_id"], first["last_id"], first["has_more"]) == (ids[0], ids[1], True)
    rest = gateway.ask("GET", after=ids[1]).json
    assert ([job["id"] for job in rest["data"]], rest["has_more"]) == (ids[2:], False)
    assert gateway.ask("GET", authorizer=STRANGER).json == {
        "object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "param"),
    [({"limit": "0"}, "limit"), ({"limit": "101"}, "limit"), ({"after": "x"}, "after"), ({"a": "b"}, "a")],
)
def test_an_invalid_query_for_the_list_is_a_400(gateway: Gateway, query: dict[str, str], param: str) -> None:
    answer = gateway.ask("GET", **query)
    assert (answer.status, answer.error["param"]) == (400, param)


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/content")])
def test_a_job_of_another_project_does_not_exist(gateway: Gateway, method: str, path: str) -> None:
    begun = gateway.write(BACKGROUND).json
    theirs = gateway.ask(method, f"/{begun['id']}{path}", authorizer=STRANGER)
    nobodys, odd = gateway.ask(method, f"/{NOBODY}{path}"), gateway.ask(method, f"/x%2Fy{path}")
    assert (theirs.status, theirs.error["code"]) == (404, "job_not_found")
    assert theirs.error | {"message": ""} == nobodys.error | {"message": ""}
    assert theirs.error["message"].replace(begun["id"], NOBODY) == nobodys.error["message"]
    assert odd.status == 404
    assert gateway.store.kept[begun["id"]].status == "queued"


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("PUT", f"/{NOBODY}"), ("GET", f"/{NOBODY}/cancel")])
def test_a_wrong_method_is_a_405(gateway: Gateway, method: str, path: str) -> None:
    assert gateway.ask(method, path).status == 405


@pytest.mark.parametrize("prepared", [False, True])
def test_an_open_job_is_cancelled_once_and_costs_nothing(gateway: Gateway, prepared: bool) -> None:
    begun = gateway.write(BACKGROUND).json
    if prepared:
        gateway.prepare(gateway.store.kept[begun["id"]])
    answers = [gateway.ask("POST", f"/{begun['id']}/cancel") for _ in range(2)]
    assert [(answer.status, answer.json["status"]) for answer in answers] == [(200, "cancelled")] * 2
    assert set(gateway.executions.stopped) == {begun["id"]}
    assert (gateway.accounts.holds, gateway.accounts.spent) == ({}, 0)
    assert not gateway.files.kept
    content = gateway.content(begun["id"])
    assert (content.status, content.error["code"], content.headers["x-should-retry"]) == (409, "job_cancelled", "false")


def half_done(gateway: Gateway, answer: Answer) -> Job:
    """The job that was started, cancelled after two of its chunks."""
    job = gateway.store.kept[answer.json["id"]]
    for number in gateway.prepare(job)[:2]:
        gateway.chunk(job, number)
    return job


def test_a_cancelled_job_shows_its_price_and_its_partial_result(gateway: Gateway) -> None:
    job = half_done(gateway, gateway.write(BACKGROUND))
    answer = gateway.ask("POST", f"/{job.id}/cancel")
    assert (answer.status, answer.json["status"], answer.json["error"]) == (200, "cancelled", None)
    charged = gateway.accounts.spent
    assert answer.headers["x-audio-gateway-cost-usd"] == f"{charged / 1_000_000:.6f}".rstrip("0")
    assert 0 < answer.json["usage"]["seconds"] < END_MS / 1000
    assert answer.json["cost_usd"] == answer.headers["x-audio-gateway-cost-usd"]
    content = gateway.content(job.id)
    assert (content.status, content.error["code"], content.headers["x-should-retry"]) == (409, "job_cancelled", "false")
    assert f"/v1/audio/jobs/{job.id}/content?partial=true" in content.error["message"]
    again = gateway.ask("POST", f"/{job.id}/cancel")
    assert (again.status, again.json, gateway.accounts.spent) == (200, answer.json, charged)


def test_the_partial_result_of_a_cancelled_job_becomes_ready_in_any_format(gateway: Gateway) -> None:
    job = half_done(gateway, gateway.write(BACKGROUND))
    gateway.ask("POST", f"/{job.id}/cancel")
    early = gateway.content(job.id, partial="true")
    assert (early.status, early.error["code"], early.headers["retry-after"]) == (409, "not_ready", "2")
    assert "x-should-retry" not in early.headers
    gateway.end_what_was_asked_for()
    whole = gateway.write().json["text"].split()
    for response_format in FORMATS:
        answer = gateway.content(job.id, partial="true", response_format=response_format)
        assert answer.status == 200, response_format
        assert whole[0] in answer.body.decode()
        assert whole[-1] not in answer.body.decode()
    gateway.files.remove(job.ref)
    assert gateway.content(job.id, partial="true").status == 404


@pytest.mark.parametrize("response_format", SPEECH_FORMATS)
def test_the_speech_of_a_cancelled_job_is_available_in_any_format(gateway: Gateway, response_format: str) -> None:
    job = half_done(gateway, gateway.say(background=True))
    gateway.ask("POST", f"/{job.id}/cancel")
    gateway.end_what_was_asked_for()
    answer = gateway.content(job.id, partial="true", response_format=response_format)
    assert answer.status == 200
    assert len(gateway.content(job.id, partial="true").body) == 480 * job_amount(gateway, job)


def job_amount(gateway: Gateway, job: Job) -> int:
    amount = gateway.store.kept[job.id].amount
    assert amount is not None
    return amount


def test_a_job_that_cannot_be_settled_is_not_deleted(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    job = half_done(gateway, gateway.write(BACKGROUND))

    def unavailable(*_: object, **__: object) -> None:
        raise MeteringUnavailable("Not now.")

    with monkeypatch.context() as patch:
        patch.setattr(gateway.accounts, "settle_at", unavailable)
        refused = gateway.ask("DELETE", f"/{job.id}")
    assert (refused.status, refused.error["code"]) == (503, "metering_unavailable")
    assert gateway.ask("GET", f"/{job.id}").json["status"] == "cancelled"
    assert gateway.ask("DELETE", f"/{job.id}").status == 200
    assert gateway.accounts.spent > 0
    assert (gateway.store.kept, gateway.files.kept, gateway.accounts.holds) == ({}, {}, {})


def test_a_job_that_is_over_can_be_deleted_but_not_cancelled(gateway: Gateway) -> None:
    begun = gateway.write(BACKGROUND).json
    gateway.run(gateway.store.kept[begun["id"]])
    answer = gateway.ask("POST", f"/{begun['id']}/cancel")
    assert (answer.status, answer.error["code"], answer.headers["x-should-retry"]) == (
        409, "job_not_cancellable", "false",
    )  # fmt: skip
    gone = gateway.ask("DELETE", f"/{begun['id']}")
    assert gone.json == {"id": begun["id"], "object": "audio.job.deleted", "deleted": True}
    assert "x-audio-gateway-cost-usd" not in gone.headers
    assert not gateway.files.kept
    assert gateway.ask("DELETE", f"/{begun['id']}").status == 404


def test_deleting_an_open_job_logs_its_price(gateway: Gateway) -> None:
    job = half_done(gateway, gateway.write(BACKGROUND))
    answer = gateway.ask("DELETE", f"/{job.id}")
    charged = gateway.accounts.spent
    assert answer.status == 200
    assert charged > 0
    assert answer.headers["x-audio-gateway-cost-usd"] == f"{charged / 1_000_000:.6f}".rstrip("0")


def test_an_open_job_is_cancelled_before_it_is_deleted(gateway: Gateway) -> None:
    begun = gateway.write(BACKGROUND).json
    answer = gateway.ask("DELETE", f"/{begun['id']}")
    assert (answer.status, answer.headers["x-audio-gateway-cost-usd"]) == (200, "0")
    assert gateway.executions.stopped == [begun["id"]]
    assert (gateway.store.kept, gateway.files.kept, gateway.accounts.holds) == ({}, {}, {})


@pytest.mark.parametrize(("name", "background", "status"), [("listener", True, 202), ("slow", False, 303)])
def test_under_an_idempotency_key_there_is_one_job(gateway: Gateway, name: str, background: bool, status: int) -> None:
    def send() -> Answer:
        fields = [BACKGROUND] if background else []
        parts = [("model", name), *fields, ("file", ("a.wav", AUDIO))]
        request = form_event("/audio/transcriptions", parts)
        request["headers"]["Idempotency-Key"] = "key-1"
        request["multiValueHeaders"]["Idempotency-Key"] = ["key-1"]
        return gateway.audio.send(request)

    first, again = send(), send()
    assert (first.status, again.status, again.body) == (status, status, first.body)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["x-audio-gateway-replayed"] == "true"
    assert "x-audio-gateway-cost-usd" not in again.headers
    assert len(gateway.store.kept) == 1
    stored = next(iter(gateway.answers.stored.values()))
    assert stored.hold.work.request_id in gateway.store.kept


def test_a_missing_result_is_a_404(gateway: Gateway) -> None:
    begun = gateway.write(BACKGROUND).json
    job = gateway.run(gateway.store.kept[begun["id"]])
    gateway.files.remove(job.ref)
    assert gateway.content(job.id).status == 404


def test_an_expired_job_does_not_exist(gateway: Gateway) -> None:
    begun = gateway.write(BACKGROUND).json
    job = gateway.store.kept[begun["id"]]
    gateway.store.kept[job.id] = dataclasses.replace(job, expires_at=0)
    assert gateway.ask("GET", f"/{job.id}").status == 404


def test_a_key_that_was_revoked_cancels_and_deletes_nothing(gateway: Gateway) -> None:
    """API Gateway caches for a minute that the key is valid; reads may rely on that."""
    job = gateway.job(gateway.write(BACKGROUND))
    gateway.key_is_revoked = True
    assert [gateway.ask("POST", f"/{job.id}/cancel").status, gateway.ask("DELETE", f"/{job.id}").status] == [403, 403]
    assert (gateway.ask("GET", f"/{job.id}").json["status"], gateway.executions.stopped) == ("queued", [])
