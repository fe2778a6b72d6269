"""JSON responses."""

from __future__ import annotations

from typing import Any

from fastapi import Response

from audio_gateway.transcripts.json_bytes import json_bytes


def json_response(payload: dict[str, Any]) -> Response:
    """A JSON response in UTF-8."""
    return Response(json_bytes(payload), headers={"content-type": "application/json"})
