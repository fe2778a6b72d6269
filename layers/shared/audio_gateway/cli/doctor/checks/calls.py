"""One call of each kind, as callers make them, with the cheapest model."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, Final
from uuid import uuid4

from audio_gateway.catalog.adapters import spec_of
from audio_gateway.cli.doctor.api import HttpResponse
from audio_gateway.cli.doctor.catalogue import catalogue_of
from audio_gateway.cli.doctor.check import Check, CheckFailed, CheckGroup, CheckSkipped
from audio_gateway.cli.doctor.checks.streaming import LARGE_ANSWER, STREAMED, voice_of
from audio_gateway.cli.doctor.context import CheckContext

_TEXT: Final = "One two three."
_SAMPLE_RATE: Final = 16_000
_MOST_APART_S: Final = 60
_OK: Final = 200
_ACCEPTED: Final = 202
_SEE_OTHER: Final = 303


def _models(context: CheckContext) -> str:
    if not context.models:
        raise CheckFailed("GET /models lists no model", "Add models to the catalogue: docs/configuration.md.")
    listed = sorted(model["id"] for model in context.models)
    found = f"{len(listed)} models: {', '.join(listed)}"
    missing = [model_id for model_id in _models_with_engines(context) if model_id not in listed]
    return f"{found}; not installed in this stack: the engines of {', '.join(missing)}" if missing else found


def _models_with_engines(context: CheckContext) -> Iterator[str]:
    """Yield the models in the catalogue on this machine that are engines of the gateway. It may have mistakes."""
    with suppress(CheckFailed):
        for model in catalogue_of(context).models.values():
            if spec_of(model.provider.adapter).has_engines:
                yield model.id


def _clock(context: CheckContext) -> str:
    said = context.api.call("GET", "/models", context.key.value).headers.get("date")
    if said is None:
        raise CheckSkipped("the response has no Date header")
    apart_s = round(time.time() - parsedate_to_datetime(said).timestamp())
    if abs(apart_s) > _MOST_APART_S:
        message = f"the clock here is {abs(apart_s)} s {'ahead' if apart_s > 0 else 'behind'}"
        raise CheckFailed(
            message, "Set the clock: AWS refuses signatures that are five minutes off, and report times are wrong."
        )
    return "the clocks agree"


def _voices(context: CheckContext) -> str:
    model = context.model("speech")
    found = context.call("GET", f"/audio/voices?model={model['id']}", "voices").json()["data"]
    if not found:
        raise CheckFailed(f"GET /audio/voices lists no voice of {model['id']}")
    return f"{len(found)} voices of {model['id']}"


def _speech(context: CheckContext) -> str:
    answer = _served(context, context.model("speech"), "speech")
    if not answer.body.startswith(b"RIFF"):
        raise CheckFailed(f"{answer.call} answered with a body that is not wav")
    context.speech = answer.body
    return f"{len(answer.body)} bytes by {context.served['speech', context.model('speech')['id']]}"


def _transcription(context: CheckContext) -> str:
    return _heard(_served(context, context.model("transcriptions"), "transcriptions"))


def _translation(context: CheckContext) -> str:
    return _heard(_served(context, context.model("translations"), "translations"))


def _providers(context: CheckContext) -> str:
    """Call each provider's cheapest model and compare which model served: a fallback hides a provider's failure."""
    wrong, called = [], _one_of_each_provider(context)
    for model, endpoint in called:
        try:
            if (endpoint, model["id"]) not in context.served:  # by a check before this one
                _served(context, model, endpoint)
            served = context.served[endpoint, model["id"]]
            if served != model["id"]:
                wrong.append(f"{model['owned_by']} fails at {endpoint}: {served} served in place of {model['id']}")
        except CheckFailed as error:
            wrong.append(f"{model['owned_by']} fails at {endpoint}: {error}")
    if wrong:
        do = "Check that the provider is up, its base_url right, its key valid and where the catalogue says "
        do += "(`audio-gateway catalog check --online`), and its account paid. The function's log has details."
        raise CheckFailed("; ".join(wrong), do)
    return f"{len(called)} called, no fallback served"


def _one_of_each_provider(context: CheckContext) -> list[tuple[dict[str, Any], str]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for model in context.models:
        for endpoint in model["endpoints"]:
            if endpoint in {"speech", "transcriptions"}:
                found.setdefault((model["owned_by"], endpoint), model)
    return [(model, endpoint) for (_, endpoint), model in found.items()]


def _upload(context: CheckContext) -> str:
    sound = _sound(context)
    body = {"filename": "doctor.wav", "bytes": len(sound)}
    upload = context.call("POST", "/audio/uploads", "uploads", json=body).json()
    path = f"/audio/uploads/{upload['id']}"
    context.on_clean_up(f"upload {upload['id']}", lambda: context.delete(path, "uploads"))
    sent = context.api.call("POST", upload["url"], data=upload["fields"], files={"file": ("doctor.wav", sound)})
    if sent.status not in {200, 201, 204}:
        raise CheckFailed(
            f"the bucket refused the form with {sent.status}: {sent.body[:200].decode('utf-8', 'replace')}"
        )
    fields = {"model": context.model("transcriptions")["id"], "upload_id": upload["id"]}
    answer = context.record_charge(context.call("POST", "/audio/transcriptions", "transcriptions", json=fields))
    return f"{len(sound)} bytes uploaded by form, {_heard(answer)}"


def _job_start(context: CheckContext) -> str:
    fields = {"model": context.model("transcriptions")["id"], "background": "true"}
    files = {"file": ("doctor.wav", _sound(context))}
    path = "/audio/transcriptions"
    job = context.call("POST", path, "transcriptions", status=_ACCEPTED, data=fields, files=files).json()
    context.job_id = str(job["id"])
    context.delete_job_later(context.job_id)
    return context.job_id


def _long_wait(context: CheckContext) -> str:
    path = f"/audio/jobs/{_job(context)}/content"
    answer = context.api.call("GET", f"{path}?wait=0", context.key.value)
    if answer.status == _OK:
        return "the job was done before the wait began"
    url = context.api.next_url(answer)
    if url is None:
        raise CheckFailed(answer.summary(), context.stack.logs_of("jobs"))
    if path not in url or not context.api.is_ours(url):
        raise CheckFailed(f"{answer.call} redirects to {url}, not to itself")
    return "303 to itself while the job runs"


def _job_end(context: CheckContext) -> str:
    answer = context.follow_redirects(
        context.api.call("GET", f"/audio/jobs/{_job(context)}/content?wait=10", context.key.value)
    )
    if answer.status == _SEE_OTHER:
        do = "Open its execution in the Step Functions console: the name is the job's id."
        raise CheckFailed(f"the job {context.job_id} does not end", do)
    if answer.status != _OK:
        raise CheckFailed(answer.summary(), context.stack.logs_of("job_transcription_chunk"))
    return _heard(context.record_charge(answer))


def _job(context: CheckContext) -> str:
    if context.job_id is None:
        raise CheckSkipped("no job was started: see job-start")
    return context.job_id


def _idempotency(context: CheckContext) -> str:
    headers = {"Idempotency-Key": f"doctor-{uuid4().hex}"}
    model = context.model("speech")
    first = context.record_charge(_say(context, model, headers=headers))
    second = _say(context, model, headers=headers)
    if second.headers.get("x-audio-gateway-replayed") != "true" or second.body != first.body:
        raise CheckFailed("the same request with the same Idempotency-Key ran twice", context.stack.logs_of("speech"))
    return "the second response repeated the first"


# ---------------------------------------------------------------- parts
def _served(context: CheckContext, model: dict[str, Any], endpoint: str) -> HttpResponse:
    """Call a model, and record the cost and the model that served."""
    answer = _say(context, model, response_format="wav") if endpoint == "speech" else _hear(context, model, endpoint)
    context.served[endpoint, model["id"]] = answer.headers.get("x-audio-gateway-model")
    return context.record_charge(answer)


def _say(
    context: CheckContext, model: dict[str, Any], *, headers: dict[str, str] | None = None, **more: str
) -> HttpResponse:
    body = {"model": model["id"], "voice": voice_of(model), "input": _TEXT, **more}
    return context.call("POST", "/audio/speech", "speech", json=body, headers=headers or {})


def _hear(context: CheckContext, model: dict[str, Any], endpoint: str) -> HttpResponse:
    files = {"file": ("doctor.wav", _sound(context))}
    return context.call("POST", f"/audio/{endpoint}", endpoint, data={"model": model["id"]}, files=files)


def _heard(answer: HttpResponse) -> str:
    text = answer.json().get("text")
    if not isinstance(text, str):
        raise CheckFailed(f"{answer.call} answered without a text")
    return f'heard "{text[:60]}"'


def _sound(context: CheckContext) -> bytes:
    """Return the speech of an earlier check, or a second of silence for the other checks."""
    if context.speech is not None:
        return context.speech
    data = bytes(2 * _SAMPLE_RATE)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, _SAMPLE_RATE, 2 * _SAMPLE_RATE, 2, 16)
    return b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVE" + form + b"data" + struct.pack("<I", len(data)) + data


CALLS: Final = CheckGroup(
    "Calls",
    (
        Check("models", "GET /models lists the models of the catalogue", _models),
        Check("clock", "the clock of this machine is right", _clock),
        Check("voices", "GET /audio/voices lists voices", _voices),
        Check("speech", "POST /audio/speech speaks", _speech, seconds=40),
        Check("transcription", "POST /audio/transcriptions transcribes", _transcription, seconds=40),
        Check("translation", "POST /audio/translations translates", _translation, seconds=40),
        Check("providers", "each provider serves its own model, without a fallback", _providers, seconds=120),
        Check("upload", "a file can be uploaded into the bucket and transcribed from there", _upload, seconds=60),
        Check("job-start", "a request in the background becomes a job", _job_start, seconds=40),
        Check("long-wait", "waiting for a job redirects to itself", _long_wait, seconds=40),
        Check("job-end", "the job ends, and its result can be fetched", _job_end, seconds=200),
        Check("idempotency", "a repeated request is done and charged once", _idempotency, seconds=60),
        STREAMED,
        LARGE_ANSWER,
    ),
)
