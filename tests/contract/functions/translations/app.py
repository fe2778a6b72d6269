"""POST /v1/audio/translations of the contract profile."""

import os
from dataclasses import replace

from stub import MeaningfulHandler, StubProvider, measured

from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.transcriptions import translations_app
from audio_gateway.wiring.settings import TranscriptionSettings
from audio_gateway.wiring.transcription import transcription_on_aws

real = transcription_on_aws(TranscriptionSettings.from_env(os.environ))
deps = replace(real, providers=lambda _provider: StubProvider(), measure=measured)
handler = MeaningfulHandler(lambda_handler(translations_app(deps), "translations"))
