"""The body of a 303, for whoever does not follow it: programs do, curl without `-L` does not."""

from __future__ import annotations

from typing import Final

from fastapi import Response

from audio_gateway.transcripts.json_bytes import json_bytes

JSON: Final = {"content-type": "application/json"}
_FOLLOW: Final = "Follow the redirect (curl -L), or GET the URL in 'location'"


def job_note(job_id: str, job_url: str, location: str) -> bytes:
    """Where the result of a job will be. The URLs are as in a Location header."""
    message = f"This is the job '{job_id}' now. {_FOLLOW}, to wait for its result; GET {job_url} tells how far it is."
    return json_bytes({"object": "redirect", "id": job_id, "message": message, "location": location})


def link_note(location: str) -> bytes:
    """Where an answer lies that is too large to be sent."""
    message = f"The answer is too large to be sent from here. {_FOLLOW}, within 15 minutes and without the API key."
    return json_bytes({"object": "redirect", "message": message, "location": location})


def to_link(location: str, headers: dict[str, str] | None = None) -> Response:
    """A redirect to an answer that is too large to be sent."""
    return Response(link_note(location), 303, {**(headers or {}), **JSON, "location": location})


def to_job(job_id: str, job_url: str, location: str) -> Response:
    """A redirect to where the result of a job is waited for."""
    return Response(job_note(job_id, job_url, location), 303, {**JSON, "location": location})
