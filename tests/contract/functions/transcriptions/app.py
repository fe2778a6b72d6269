"""POST /v1/audio/transcriptions of the contract profile."""

import os
from dataclasses import replace
from typing import Any

from stub import StubProvider, meaningful, measured

from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.transcriptions import transcriptions_app
from audio_gateway.wiring.settings import TranscriptionSettings
from audio_gateway.wiring.transcription import transcription_on_aws

real = transcription_on_aws(TranscriptionSettings.from_env(os.environ))
deps = replace(real, providers=lambda _provider: StubProvider(), measure=measured)
_handle = lambda_handler(transcriptions_app(deps), "transcriptions")


def handler(event: dict[str, Any], context: Any) -> Any:
    """The real handler, on an event that means something."""
    return _handle(meaningful(event), context)
