"""The operations that list models and voices, and the health check."""

from __future__ import annotations

from reference.openapi.build import Schema
from reference.openapi.operations import READING, json_answer, parameter, refusals


def model_paths() -> dict[str, Schema]:
    """The operations on models and voices, by path and method."""
    return {
        "/audio/voices": {"get": _voices()},
        "/models": {"get": _models()},
        "/models/{model}": {"get": _model()},
    }


def health_paths() -> dict[str, Schema]:
    """The health check, by path and method."""
    return {
        "/health": {
            "get": {
                "operationId": "checkHealth",
                "summary": "Check health",
                "description": "For monitors: confirms that API Gateway and a function behind it respond. It does not "
                "check the table, the models or their providers. No key is required.",
                "security": [],
                "responses": {"200": json_answer("The service is up.", "Health")},
            }
        }
    }


def _voices() -> Schema:
    model = parameter("model", "query", "Lists only the voices of this model. Default: the voices of all models.")
    return {
        "operationId": "listVoices",
        "summary": "List voices",
        "description": "Lists the voice names that the catalogue maps, then the provider's own voices. A provider that "
        "can list its voices only over the network adds none.",
        "parameters": [model],
        "responses": {"200": json_answer("The voices.", "VoiceList"), **refusals(READING)},
    }


def _models() -> Schema:
    kind = parameter("type", "query", "The type of models to list. All models here are `audio`.", enum=["audio"])
    return {
        "operationId": "listModels",
        "summary": "List models",
        "description": "Lists the models with their capabilities and prices, in the order of the catalogue.",
        "parameters": [kind],
        "responses": {"200": json_answer("The models.", "ModelList"), **refusals(READING)},
    }


def _model() -> Schema:
    model = parameter(
        "model", "path", "The id of the model, or an alias. A slash in it may be sent as it is or as `%2F`."
    )
    return {
        "operationId": "retrieveModel",
        "summary": "Retrieve a model",
        "description": "Returns one model from the catalogue.",
        "parameters": [model],
        "responses": {"200": json_answer("The model.", "Model"), **refusals(READING)},
    }
