"""The document as a whole: its introduction, paths and components."""

from __future__ import annotations

from typing import Final

from audio_gateway import __version__
from reference.openapi.admin import admin_paths
from reference.openapi.admin_objects import admin_schemas
from reference.openapi.answers import answer_schemas
from reference.openapi.audio import AUDIO_ERRORS, audio_paths
from reference.openapi.build import Schema
from reference.openapi.examples import with_examples
from reference.openapi.groups import tagged, tags
from reference.openapi.headers import error_responses, header_components
from reference.openapi.jobs import job_paths, job_schemas
from reference.openapi.listings import health_paths, model_paths
from reference.openapi.project_webhooks import project_webhook_paths
from reference.openapi.requests import request_schemas
from reference.openapi.uploads import upload_paths, upload_schemas
from reference.openapi.usage import usage_paths, usage_schemas
from reference.openapi.webhook_objects import webhook_schemas
from reference.openapi.webhooks import webhook_paths

_ABOUT: Final = """\
An API for text to speech, transcription and translation. Requests and responses are those of OpenAI's audio API, so the
official SDKs work with a different `base_url`. The models come from the operator's catalogue. If a model does not
support an option, the gateway refuses the request and names the option or, where the catalogue says so, ignores the
option and names it in `x-audio-gateway-ignored`.

Browsers may call the API from any origin, unless the operator restricts the origins (`AllowedOrigins`). A preflight
request needs no key, every request header is allowed, and scripts can read errors as well as results."""


def document() -> Schema:
    """The whole document, built on each call."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "audio-gateway",
            "version": __version__,
            "summary": "An OpenAI-compatible audio API on your own AWS account",
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [
            {
                "url": "https://{api}.execute-api.{region}.amazonaws.com/v1",
                "description": "A deployed stack; its output ApiBaseUrl has the URL.",
                "variables": {"api": {"default": "abcdef1234"}, "region": {"default": "us-east-1"}},
            },
            {"url": "http://127.0.0.1:8080/v1", "description": "The local stack, started with `make run`."},
        ],
        "security": [{"key": []}],
        "tags": tags(),
        "paths": tagged(_paths()),
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key of this gateway: `sk-…`."},
                "adminKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An admin key of this gateway: `sk-admin-…`.",
                },
            },
            "headers": header_components(),
            "responses": error_responses(AUDIO_ERRORS),
            "schemas": with_examples(
                {
                    **request_schemas(),
                    **answer_schemas(),
                    **job_schemas(),
                    **upload_schemas(),
                    **usage_schemas(),
                    **webhook_schemas(),
                    **admin_schemas(),
                }
            ),
        },
    }


def _paths() -> dict[str, Schema]:
    return {
        **audio_paths(),
        **job_paths(),
        **upload_paths(),
        **model_paths(),
        **health_paths(),
        **usage_paths(),
        **webhook_paths(),
        **admin_paths(),
        **project_webhook_paths(),
    }
