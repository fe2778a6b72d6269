"""The functions of the audio endpoints behind their handlers, over fakes that a test may look into or replace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.speech import SpeechDependencies, speech_app
from audio_gateway.api.transcriptions import TranscriptionApiDependencies, transcriptions_app, translations_app
from audio_gateway.deadline import SETTLING_S
from audio_gateway.use_cases.reservation import Billing
from tests.fakes.files import FakeFiles
from tests.fakes.gateway import Answer, Context, call, form_event, json_event
from tests.fakes.idempotency import FakeSpeechCache, fresh_idempotency, no_repetitions
from tests.fakes.jobs import empty_job_service
from tests.fakes.meter import FakeMeter, FakePendingSettlements
from tests.fakes.providers import FakeAdapter, catalog
from tests.fakes.results import FakeResults

Handler = Any

PATHS = ("/audio/transcriptions", "/audio/translations")
BODY = {"model": "talker", "input": "Grüße! 👋", "voice": "alloy", "response_format": "pcm"}


class Handlers(dict[str, Handler]):
    """The functions by the last word of their paths; each is made when it is first asked for."""

    def __init__(self, app_of: Callable[[str], FastAPI]) -> None:
        super().__init__()
        self._app_of = app_of

    def __missing__(self, endpoint: str) -> Handler:
        self[endpoint] = lambda_handler(self._app_of(endpoint), endpoint)
        return self[endpoint]


class AudioHarness:
    """All three endpoints over one adapter and one meter. `deps` replace dependencies that are made here."""

    def __init__(self, *models: Any, **deps: Any) -> None:
        self.provider = FakeAdapter()
        self.meter, self.pending_settlements = FakeMeter(), FakePendingSettlements()
        self.files, self.cache, self.results = FakeFiles(), FakeSpeechCache(), FakeResults()
        self.job_service = empty_job_service()
        self._deps: dict[str, Any] = {
            "providers": lambda _: self.provider,
            "billing": Billing(self.meter, self.pending_settlements),
            "idempotency": fresh_idempotency(),
            "repetitions": no_repetitions(),
            "results": self.results,
            "job_service": self.job_service,
        } | deps
        if "catalog" not in deps:
            self._deps["catalog"] = catalog(*models)
        self.handlers: dict[str, Handler] = Handlers(self._app)

    def make_all(self) -> None:
        """Make all functions now, for a test that calls them in other threads: each keeps the event loop of its own."""
        self.handlers |= {
            endpoint: self.handlers[endpoint] for endpoint in ("speech", "transcriptions", "translations")
        }

    def send(self, request: dict[str, Any], context: Any = None) -> Answer:
        """Hand an event to the function of its path."""
        return call(self.handlers[request["path"].rpartition("/")[2]], request, context)

    def _app(self, endpoint: str) -> FastAPI:
        if endpoint == "speech":
            return speech_app(SpeechDependencies(**self._deps, caches=self.cache))
        make = {"transcriptions": transcriptions_app, "translations": translations_app}[endpoint]
        return make(TranscriptionApiDependencies(**self._deps, files=self.files))

    @property
    def calls(self) -> int:
        """How often the adapter was asked."""
        return len(self.provider.asked)


class Gateway(AudioHarness):
    """Its requests have `seconds` left until the answer must be ready."""

    def speak(self, *, seconds: float = 26.5, **changes: Any) -> Answer:
        """Have `BODY` spoken."""
        return self.send(json_event("/audio/speech", BODY | changes), within(seconds))

    def write(self, audio: bytes, *fields: tuple[str, str], seconds: float = 26.5) -> Answer:
        """Have a file written down."""
        parts = [("model", "talker"), ("file", ("a.wav", audio)), *fields]
        return self.send(form_event("/audio/transcriptions", parts), within(seconds))


def within(seconds: float) -> Context:
    """The context of a function that has so much time until the answer must be ready."""
    return Context(round((seconds + SETTLING_S) * 1000))
