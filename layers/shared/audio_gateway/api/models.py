"""GET /models and /models/{id} (contract section 6, design section 2.3): the catalogue as callers see it."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI, Request, Response

from audio_gateway.api.http.app import create_app
from audio_gateway.api.http.responses import json_response
from audio_gateway.catalog.models import CAPABILITIES, ENDPOINTS, Catalog, Model
from audio_gateway.catalog.prices import caller_prices
from audio_gateway.errors import InvalidRequest, UnknownModel, UnknownUrl


def models_app(*, catalog: Catalog) -> FastAPI:
    """The app of the models function."""
    app = create_app("models", caller={"/health": "none", "/models": "api"})

    @app.api_route("/health", methods=["GET", "HEAD"])
    async def health() -> Response:
        return json_response({"object": "health", "status": "ok"})

    @app.get("/models")
    async def list_models(request: Request) -> Response:
        kind = request.query_params.get("type")
        if kind not in {None, "audio"}:
            raise InvalidRequest(
                "'type' must be audio, or left out: all models of this API are audio models.", param="type"
            )
        listed = [_model(name, model) for model in catalog.models.values() for name in model.names]
        return json_response({"object": "list", "data": listed})

    @app.get("/models/{model_id:path}")
    async def retrieve_model(model_id: str) -> Response:
        # An id with a slash arrives as %2F, once encoded or decoded depending on the front door (contract 0.13).
        name = model_id if catalog.find(model_id) else unquote(model_id)
        model = catalog.find(name)
        if not model_id:
            raise UnknownUrl("Invalid URL (GET /v1/models/): add the id of a model, or GET /v1/models for a list.")
        if model is None:
            message = f"The model '{model_id[:200]}' does not exist or you do not have access to it."
            raise UnknownModel(message, param="model")
        return json_response(_model(name, model))

    return app


def _model(name: str, model: Model) -> dict[str, Any]:
    """The model under one of its names."""
    return {
        "id": name,
        "object": "model",
        "created": model.created,
        "owned_by": model.provider.id,
        "alias_of": None if name == model.id else model.id,
        "endpoints": [endpoint for endpoint in ENDPOINTS if endpoint in model.endpoints],
        "voices": None if model.voices is None else list(model.voices),
        "response_formats": list(model.response_formats),
        "languages": None if model.languages is None else list(model.languages),
        "capabilities": [capability for capability in CAPABILITIES if capability in model.capabilities],
        "limits": {
            "max_bytes": model.max_bytes,
            "max_seconds": model.max_seconds,
            "max_characters": model.max_characters,
        },
        "price": caller_prices(model),
    }
