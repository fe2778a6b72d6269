"""The header Idempotency-Key, and answers as they go out: the first time, and again."""

from __future__ import annotations

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from fastapi import Request, Response

from audio_gateway.api.app import facts_of
from audio_gateway.api.identity import Caller
from audio_gateway.api.results import ResultStore
from audio_gateway.replay.fingerprint import fingerprint
from audio_gateway.replay.idempotency import Answer, Idempotency, Run, key_hash

MAX_BUFFERED_BYTES: Final = 4_500_000
"""Of audio: Lambda answers with at most 6 MB, of which base64 takes a quarter (docs/architecture.md, «limits»)."""

# Text goes through Lambda as it is, as a string of JSON: a line break or a quotation mark takes two bytes.
_MAX_PAYLOAD_BYTES: Final = 6_291_456 - 32_768  # with room for the headers
_MOST_ESCAPED: Final = 6  # bytes for one: a control character
_TEXT_TYPES: Final = ("text/", "application/json")

_REPLAYED: Final = {"x-audio-gateway-replayed": "true"}


def begin_run(request: Request, caller: Caller, idempotency: Idempotency, *asked: object) -> Run:
    """Claim the request's Idempotency-Key for what was `asked`; without the header nothing is done.

    The run's `earlier` is the answer to the same request before, which costs nothing.

    Raises:
        InvalidRequest: the header is not a key.
        AlreadyRunning, IdempotencyKeyReused, ReplayUnavailable, MeteringUnavailable: see `Idempotency.begin`.
    """
    facts = facts_of(request)
    key_sha256 = key_hash(request.headers.getlist("idempotency-key"))
    if key_sha256 is None:
        return Run()
    run = idempotency.begin(
        project_id=caller.project_id,
        key_sha256=key_sha256,
        fingerprint=fingerprint(facts.endpoint, *asked),
        request_id=facts.request_id,
    )
    if run.earlier is not None:
        facts.replayed, facts.ignored = True, run.earlier.ignored
        if run.earlier.status == HTTPStatus.OK:  # what a job costs is said with its result
            facts.price_microusd = 0
    return run


def replayed(answer: Answer) -> Answer:
    """An earlier answer as it is given again: with a header that says so."""
    return replace(answer, headers={**answer.headers, **_REPLAYED})


def respond(answer: Answer, results: ResultStore, project_id: str) -> Response:
    """The answer itself, or a redirect to the bucket if it is too big for Lambda."""
    content_type = answer.headers.get("content-type", "")
    if _fits(answer.body, content_type):
        return Response(answer.body, answer.status, dict(answer.headers))
    url = results.put(answer.body, content_type, project_id=project_id)
    headers = {name: value for name, value in answer.headers.items() if name != "content-type"}
    return Response(status_code=303, headers={**headers, "location": url})


def _fits(body: bytes, content_type: str) -> bool:
    if not content_type.startswith(_TEXT_TYPES):
        return len(body) <= MAX_BUFFERED_BYTES
    if len(body) * _MOST_ESCAPED <= _MAX_PAYLOAD_BYTES:
        return True
    return len(body) <= _MAX_PAYLOAD_BYTES and len(_as_payload(body)) <= _MAX_PAYLOAD_BYTES


def _as_payload(body: bytes) -> bytes:
    return json.dumps(body.decode(), ensure_ascii=False).encode()
