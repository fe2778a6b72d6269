"""GET /audio/voices?model= (design section 2.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI, Request, Response

from audio_gateway.api.http.app import create_app
from audio_gateway.api.http.responses import json_response
from audio_gateway.catalog.adapters import spec_of
from audio_gateway.catalog.models import OPENAI_VOICES, Catalog, Model
from audio_gateway.providers.port import ProviderVoice, VoiceLister
from audio_gateway.use_cases.fallback import AdapterFactory


def voices_app(*, catalog: Catalog, providers: AdapterFactory) -> FastAPI:
    """The app of the voices function."""
    app = create_app("voices", caller="api")

    @app.get("/audio/voices")
    async def list_voices(request: Request) -> Response:
        model_id = request.query_params.get("model")
        ids = [model_id] if model_id else list(catalog.able("speech"))
        found: dict[str, dict[str, Any]] = {}
        for each in ids:
            for voice in _voices(catalog.model_for(each, "speech"), providers):
                found.setdefault(voice["id"], voice)
        names = [{"id": voice["id"], "name": voice["name"]} for voice in found.values()]  # as other servers list them
        return json_response({"object": "list", "data": list(found.values()), "voices": names})

    return app


def _voices(model: Model, providers: AdapterFactory) -> Iterator[dict[str, Any]]:
    """The names that the catalogue maps, then the provider's own if they are known without calling it."""
    provider = providers(model.provider) if spec_of(model.provider.adapter).lists_voices else None
    lister = provider if isinstance(provider, VoiceLister) else None
    for name, target in (model.voices or {}).items():
        known = (lister and lister.find_voice(model.upstream, target)) or ProviderVoice(target, target)
        openai_name = name if name in OPENAI_VOICES else None
        yield _voice(ProviderVoice(name, name, known.language, known.gender), openai_name)
    if lister is not None and not model.own_voices_only:
        yield from (_voice(voice, None) for voice in lister.voices(model.upstream))


def _voice(voice: ProviderVoice, openai_name: str | None) -> dict[str, Any]:
    return {
        "id": voice.id,
        "object": "audio.voice",
        "name": voice.name,
        "language": voice.language,
        "gender": voice.gender,
        "openai_name": openai_name,
    }
