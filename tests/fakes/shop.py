"""Speech and transcriptions behind their handlers, over one meter and the providers of a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.speech import SpeechDependencies, speech_app
from audio_gateway.api.transcriptions import TranscriptionApiDependencies, transcriptions_app
from audio_gateway.catalog.models import Model, Provider
from audio_gateway.deadline import SETTLING_S
from audio_gateway.use_cases.reservation import Billing
from tests.fakes.files import FakeFiles
from tests.fakes.gateway import Answer, Context, call, form_event, json_event
from tests.fakes.idempotency import FakeSpeechCache, fresh_idempotency, no_repetitions
from tests.fakes.jobs import empty_desk
from tests.fakes.meter import FakeMeter, FakePendingSettlements
from tests.fakes.providers import FakeAdapter, catalog
from tests.fakes.results import FakeResults

BODY = {"model": "talker", "input": "Grüße! 👋", "voice": "alloy", "response_format": "pcm"}


class Shop:
    """`provider` serves all models unless `providers` says who does."""

    def __init__(self, *models: Model, providers: Callable[[Provider], object] | None = None) -> None:
        self.provider = FakeAdapter()
        self.of = providers or (lambda _provider: self.provider)
        self.meter, self.pending_settlements = FakeMeter(), FakePendingSettlements()
        self.results = FakeResults()
        billing = Billing(self.meter, self.pending_settlements)
        found = catalog(*models)
        speech = SpeechDependencies(
            catalog=found,
            providers=self.of,
            billing=billing,
            idempotency=fresh_idempotency(),
            repetitions=no_repetitions(),
            caches=FakeSpeechCache(),
            results=self.results,  # type: ignore[arg-type] # a fake
            job_service=empty_desk(),
        )
        self.speech = lambda_handler(speech_app(speech), "speech")
        listening = TranscriptionApiDependencies(
            catalog=found,
            providers=self.of,
            billing=billing,
            idempotency=fresh_idempotency(),
            repetitions=no_repetitions(),
            results=self.results,  # type: ignore[arg-type] # a fake
            files=FakeFiles(),
            job_service=empty_desk(),
        )
        self.transcriptions = lambda_handler(transcriptions_app(listening), "transcriptions")

    def speak(self, *, seconds: float = 26.5, **changes: Any) -> Answer:
        """With so much time until the answer must be ready."""
        return call(self.speech, json_event("/audio/speech", BODY | changes), within(seconds))

    def write(self, audio: bytes, *fields: tuple[str, str], seconds: float = 26.5) -> Answer:
        parts = [("model", "talker"), ("file", ("a.wav", audio)), *fields]
        return call(self.transcriptions, form_event("/audio/transcriptions", parts), within(seconds))


def within(seconds: float) -> Context:
    return Context(round((seconds + SETTLING_S) * 1000))
