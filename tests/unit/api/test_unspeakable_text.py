"""Texts that crash eSpeak NG, through the real handlers: each gets a 400, and the next request is spoken."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from audio_gateway.catalog.models import Model, Provider
from audio_gateway.errors import ProviderUnavailable, TextUnspeakable
from audio_gateway.providers.embedded.engines import EmbeddedEngines
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.speech import SpeechRequest
from audio_gateway.workers.job_steps import Permanent, chunk_handler, merge_handler, prepare_handler
from tests.fakes.gateway import Context, json_event
from tests.fakes.providers import LISTING, PROVIDER, FakeAdapter, model
from tests.unit.api.harness import AudioHarness
from tests.unit.use_cases.jobs.job_harness import JobHarness

EMBEDDED = dataclasses.replace(LISTING, id="embedded")
ENGINES = EmbeddedEngines()
ESPEAK = model(
    "espeak-ng",
    provider=EMBEDDED,
    upstream="espeak-ng",
    formats=("pcm",),
    voices={"alloy": "en-us+m3"},
    max_characters=4096,
)

# Well above the fewest repetitions that can break it (96, or 32 of the long one): there it depends on where memory
# happens to be whether it is noticed.
TEXTS = [
    ("en", "\N{RIGHT SINGLE QUOTATION MARK}s" * 68),
    ("en", "A.B." * 250),
    ("en", "z.B. " * 250),
    ("en", "i.e. p.m. a.m. " * 100),
    ("de", "e.g. " * 250),
    ("fr-fr", "e.g. " * 250),
    ("alloy", "A.B." * 100),
    ("alloy", "\N{RIGHT SINGLE QUOTATION MARK}s" * 500),
    ("en-us", "e.g." * 300),
    ("en", "This is spoken. This as well. " * 20 + "A.B." * 250),
]
EACH = pytest.mark.parametrize(
    ("voice", "text"), TEXTS, ids=[f"{voice}-{text[-8:].strip()}-{len(text)}" for voice, text in TEXTS]
)


class Gateway(AudioHarness):
    def __init__(self, *models: Model) -> None:
        self.engine: EmbeddedEngines | FakeAdapter = ENGINES
        self.other = FakeAdapter()
        super().__init__(*(models or (ESPEAK,)), providers=self._of)

    def _of(self, provider: Provider) -> EmbeddedEngines | FakeAdapter:
        return self.engine if provider.id == "embedded" else self.other

    def say(self, text: str, voice: str = "alloy", **more: Any) -> Any:
        body = {"model": "espeak-ng", "voice": voice, "input": text, "response_format": "pcm", **more}
        return self.send(json_event("/audio/speech", body))


@EACH
@pytest.mark.parametrize("more", [{}, {"response_format": "mp3"}, {"stream_format": "sse"}], ids=["pcm", "mp3", "sse"])
def test_the_caller_reads_that_the_text_cannot_be_spoken(voice: str, text: str, more: dict[str, str]) -> None:
    gateway = Gateway()
    answer = gateway.say(text, voice, **more)
    assert answer.status == 400
    error = answer.json["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", "input", "text_unspeakable")
    assert text[:4] not in error["message"]
    assert not gateway.meter.open
    assert gateway.say("Hello.").status == 200


@EACH
def test_a_job_gives_its_chunk_up_at_once(voice: str, text: str) -> None:
    harness = JobHarness(ESPEAK)
    harness.provider = ENGINES  # type: ignore[assignment] # of the real kind
    job = harness.start(JobRequest(SpeechRequest("espeak-ng", text, voice, "pcm")))
    event = {"project_id": job.project_id, "job_id": job.id}
    assert prepare_handler(harness.preparation)(event, Context(900_000))["lanes"] == [[0]]
    with pytest.raises(Permanent):  # which the state machine does not try again
        chunk_handler(harness.chunk_work, "speech")(event | {"number": 0}, Context(900_000))
    stored = harness.files.get_json(job.ref, "failed/0")
    assert stored is not None
    assert (stored["status"], stored["param"], stored["code"]) == (400, "input", "text_unspeakable")
    merge_handler(harness.ending)(event, Context(900_000))
    ended = harness.now(job)
    assert ended.status == "failed"
    assert ended.error is not None
    assert (ended.error.param, ended.error.code) == ("input", "text_unspeakable")
    assert "'input'" in ended.error.message
    assert text[:4] not in ended.error.message


def test_another_model_may_speak_a_text_that_breaks_the_engine_before_its_first_sound() -> None:
    gateway = Gateway(dataclasses.replace(ESPEAK, fallbacks=("other",)), model("other", provider=PROVIDER))
    gateway.engine = _broken_engine()
    answer = gateway.say("A.B.")
    assert (answer.status, answer.headers["x-audio-gateway-model"]) == (200, "other")


def test_a_fallback_whose_engine_breaks_leaves_the_first_model_s_error() -> None:
    gateway = Gateway(model("first", provider=PROVIDER, fallbacks=("espeak-ng",)), ESPEAK)
    gateway.engine, gateway.other.fails = _broken_engine(), ProviderUnavailable("Down.", provider="fake")
    answer = gateway.say("A.B.", model="first")
    assert (answer.status, answer.json["error"]["code"]) == (503, "provider_unavailable")
    gateway.engine = ENGINES
    assert gateway.say("Hello.", model="first").status == 200


def _broken_engine() -> FakeAdapter:
    """An engine that crashes before it returns any sound.

    The real one usually does: when the library notices that its memory is overwritten depends on where that
    memory is, and some sound may have been returned before. There is no fallback after the first sound.
    """
    return FakeAdapter(fails=TextUnspeakable("The model cannot speak this text.", provider="embedded"))
