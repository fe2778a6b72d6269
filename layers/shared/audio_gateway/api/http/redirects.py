"""303 responses. Their body is for clients that do not follow redirects, such as curl without `-L`."""

from __future__ import annotations

from typing import Final

from fastapi import Response

from audio_gateway.transcripts.json_bytes import json_bytes

JSON: Final = {"content-type": "application/json"}
_FOLLOW: Final = "Follow the redirect (curl -L), or GET the URL in 'location'"


def job_note(job_id: str, job_url: str, location: str) -> bytes:
    """A body that says where the result of a job will be. The URLs are as in a Location header."""
    message = (
        f"The request became the job '{job_id}'. {_FOLLOW}, to wait for its result; GET {job_url} shows its progress."
    )
    return json_bytes({"object": "redirect", "id": job_id, "message": message, "location": location})


def link_note(location: str) -> bytes:
    """A body that says where a response is that is too large to be sent."""
    message = f"The response is too large to be sent directly. {_FOLLOW}, within 15 minutes and without the API key."
    return json_bytes({"object": "redirect", "message": message, "location": location})


def to_link(location: str, headers: dict[str, str] | None = None) -> Response:
    """A redirect to a response that is too large to be sent."""
    return Response(link_note(location), 303, {**(headers or {}), **JSON, "location": location})


def to_job(job_id: str, job_url: str, location: str) -> Response:
    """A redirect to the URL that waits for the result of a job."""
    return Response(job_note(job_id, job_url, location), 303, {**JSON, "location": location})
