"""POST /v1/audio/transcriptions of the contract profile."""

import os
from dataclasses import replace
from typing import Any

from stub import StubProvider, meaningful, measured

from audio_gateway.api.app import lambda_handler
from audio_gateway.api.listening import listening_on_aws
from audio_gateway.api.settings import ListeningSettings
from audio_gateway.api.transcriptions import transcriptions_app

real = listening_on_aws(ListeningSettings.from_env(os.environ))
using = replace(real, providers=lambda _provider: StubProvider(), measure=measured)
_handle = lambda_handler(transcriptions_app(using), "transcriptions")


def handler(event: dict[str, Any], context: Any) -> Any:
    """The real handler, on an event that means something."""
    return _handle(meaningful(event), context)
