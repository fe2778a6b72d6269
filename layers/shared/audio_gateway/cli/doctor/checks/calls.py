"""One call of each kind, as a caller makes them, with the cheapest model that there is."""

from __future__ import annotations

import struct
import time
from email.utils import parsedate_to_datetime
from typing import Any, Final
from uuid import uuid4

from audio_gateway.cli.doctor.api import Answer
from audio_gateway.cli.doctor.check import Check, Group, Red, Skip
from audio_gateway.cli.doctor.visit import Visit

_TEXT: Final = "One two three."
_LONG_TEXT: Final = "The quick brown fox jumps over the lazy dog. " * 45
_SAMPLE_RATE: Final = 16_000
_MOST_APART_S: Final = 60
_OK: Final = 200
_ACCEPTED: Final = 202
_SEE_OTHER: Final = 303
_RENDERED: Final = "4.5 MB"


def _models(visit: Visit) -> str:
    if not visit.models:
        raise Red("GET /models lists nothing", "Name models in the catalogue: docs/configuration.md.")
    return f"{len(visit.models)} models: {', '.join(sorted(model['id'] for model in visit.models))}"


def _clock(visit: Visit) -> str:
    said = visit.api.call("GET", "/models", visit.key.value).headers.get("date")
    if said is None:
        raise Skip("the answer has no date")
    apart_s = round(time.time() - parsedate_to_datetime(said).timestamp())
    if abs(apart_s) > _MOST_APART_S:
        message = f"the clock here is {abs(apart_s)} s {'ahead' if apart_s > 0 else 'behind'}"
        raise Red(message, "Set it: AWS refuses signatures that are five minutes off, and times of reports are wrong.")
    return "the clocks agree"


def _voices(visit: Visit) -> str:
    model = visit.model("speech")
    found = visit.call("GET", f"/audio/voices?model={model['id']}", "voices").json()["data"]
    if not found:
        raise Red(f"GET /audio/voices lists no voice of {model['id']}")
    return f"{len(found)} voices of {model['id']}"


def _speech(visit: Visit) -> str:
    answer = _served(visit, visit.model("speech"), "speech")
    if not answer.body.startswith(b"RIFF"):
        raise Red(f"{answer.call} answered with what is no wav")
    visit.speech = answer.body
    return f"{len(answer.body)} bytes by {visit.served['speech', visit.model('speech')['id']]}"


def _transcription(visit: Visit) -> str:
    return _heard(_served(visit, visit.model("transcriptions"), "transcriptions"))


def _translation(visit: Visit) -> str:
    return _heard(_served(visit, visit.model("translations"), "translations"))


def _providers(visit: Visit) -> str:
    """A fallback hides a provider that is down: so the cheapest model of each is asked, and who served is compared."""
    wrong, asked = [], _one_of_each_provider(visit)
    for model, endpoint in asked:
        try:
            if (endpoint, model["id"]) not in visit.served:  # by a check before this one
                _served(visit, model, endpoint)
            served = visit.served[endpoint, model["id"]]
            if served != model["id"]:
                wrong.append(f"{model['owned_by']} gives no {endpoint}: {served} served in place of {model['id']}")
        except Red as error:
            wrong.append(f"{model['owned_by']} gives no {endpoint}: {error}")
    if wrong:
        do = "Is the provider up, its base_url right, its key valid and where the catalogue says "
        do += "(`audio-gateway catalog check --online`), its account paid? The function's log says more."
        raise Red("; ".join(wrong), do)
    return f"{len(asked)} asked, each served itself"


def _one_of_each_provider(visit: Visit) -> list[tuple[dict[str, Any], str]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for model in visit.models:
        for endpoint in model["endpoints"]:
            if endpoint in {"speech", "transcriptions"}:
                found.setdefault((model["owned_by"], endpoint), model)
    return [(model, endpoint) for (_, endpoint), model in found.items()]


def _upload(visit: Visit) -> str:
    sound = _sound(visit)
    asked = {"filename": "doctor.wav", "bytes": len(sound)}
    upload = visit.call("POST", "/audio/uploads", "uploads", json=asked).json()
    path = f"/audio/uploads/{upload['id']}"
    visit.later(f"upload {upload['id']}", lambda: visit.delete(path, "uploads"))
    sent = visit.api.call("POST", upload["url"], data=upload["fields"], files={"file": ("doctor.wav", sound)})
    if sent.status not in {200, 201, 204}:
        raise Red(f"the bucket refused the form with {sent.status}: {sent.body[:200].decode('utf-8', 'replace')}")
    fields = {"model": visit.model("transcriptions")["id"], "upload_id": upload["id"]}
    answer = visit.charged(visit.call("POST", "/audio/transcriptions", "transcriptions", json=fields))
    return f"{len(sound)} bytes by form, {_heard(answer)}"


def _large_answer(visit: Visit) -> str:
    model = visit.model("speech")
    path = "/audio/speech"
    body = {"model": model["id"], "voice": _voice(model), "input": _LONG_TEXT.strip(), "response_format": "wav"}
    answer = visit.followed(visit.api.call("POST", path, visit.key.value, json=body))
    if answer.status == _OK:
        raise Skip(f"{model['id']} made {len(answer.body)} bytes of it, which fits into an answer")
    if answer.status != _SEE_OTHER:
        raise Red(answer.says(), visit.stack.logs_of("speech"))
    visit.charged(answer)
    fetched = visit.api.call("GET", visit.api.next_url(answer) or "")
    if fetched.status != _OK or not fetched.body.startswith(b"RIFF"):
        raise Red(f"the link into the bucket answered {fetched.status}", "Does the role of speech allow s3:GetObject?")
    return f"{len(fetched.body)} bytes by way of the bucket"


def _job_start(visit: Visit) -> str:
    fields = {"model": visit.model("transcriptions")["id"], "background": "true"}
    files = {"file": ("doctor.wav", _sound(visit))}
    path = "/audio/transcriptions"
    job = visit.call("POST", path, "transcriptions", status=_ACCEPTED, data=fields, files=files).json()
    visit.job_id = str(job["id"])
    visit.note_job(visit.job_id)
    return visit.job_id


def _long_wait(visit: Visit) -> str:
    path = f"/audio/jobs/{_job(visit)}/content"
    answer = visit.api.call("GET", f"{path}?wait=0", visit.key.value)
    if answer.status == _OK:
        return "the job was done before it was waited for"
    url = visit.api.next_url(answer)
    if url is None:
        raise Red(answer.says(), visit.stack.logs_of("jobs"))
    if path not in url or not visit.api.is_ours(url):
        raise Red(f"{answer.call} redirects to {url}, which is not itself")
    return "303 to itself while the job runs"


def _job_end(visit: Visit) -> str:
    answer = visit.followed(visit.api.call("GET", f"/audio/jobs/{_job(visit)}/content?wait=10", visit.key.value))
    if answer.status == _SEE_OTHER:
        do = "See its execution in the console of Step Functions: it has the job's id as its name."
        raise Red(f"the job {visit.job_id} does not end", do)
    if answer.status != _OK:
        raise Red(answer.says(), visit.stack.logs_of("job_chunk"))
    return _heard(visit.charged(answer))


def _job(visit: Visit) -> str:
    if visit.job_id is None:
        raise Skip("no job was begun: see job-start")
    return visit.job_id


def _idempotency(visit: Visit) -> str:
    headers = {"Idempotency-Key": f"doctor-{uuid4().hex}"}
    model = visit.model("speech")
    first = visit.charged(_say(visit, model, headers=headers))
    second = _say(visit, model, headers=headers)
    if second.headers.get("x-audio-gateway-replayed") != "true" or second.body != first.body:
        raise Red("the same request with the same Idempotency-Key was done twice", visit.stack.logs_of("speech"))
    return "the second answer was the first one's"


# ---------------------------------------------------------------- parts
def _served(visit: Visit, model: dict[str, Any], endpoint: str) -> Answer:
    """Ask a model, and note what the answer costs and who gave it."""
    answer = _say(visit, model, response_format="wav") if endpoint == "speech" else _hear(visit, model, endpoint)
    visit.served[endpoint, model["id"]] = answer.headers.get("x-audio-gateway-model")
    return visit.charged(answer)


def _say(visit: Visit, model: dict[str, Any], *, headers: dict[str, str] | None = None, **more: str) -> Answer:
    body = {"model": model["id"], "voice": _voice(model), "input": _TEXT, **more}
    return visit.call("POST", "/audio/speech", "speech", json=body, headers=headers or {})


def _voice(model: dict[str, Any]) -> str:
    return str((model["voices"] or ["alloy"])[0])


def _hear(visit: Visit, model: dict[str, Any], endpoint: str) -> Answer:
    files = {"file": ("doctor.wav", _sound(visit))}
    return visit.call("POST", f"/audio/{endpoint}", endpoint, data={"model": model["id"]}, files=files)


def _heard(answer: Answer) -> str:
    text = answer.json().get("text")
    if not isinstance(text, str):
        raise Red(f"{answer.call} answered without a text")
    return f'heard "{text[:60]}"'


def _sound(visit: Visit) -> bytes:
    """What was spoken; where nothing was, a second of silence, so that the rest can be looked at all the same."""
    if visit.speech is not None:
        return visit.speech
    data = bytes(2 * _SAMPLE_RATE)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, _SAMPLE_RATE, 2 * _SAMPLE_RATE, 2, 16)
    return b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVE" + form + b"data" + struct.pack("<I", len(data)) + data


CALLS: Final = Group(
    "Calls",
    (
        Check("models", "GET /models lists the models of the catalogue", _models),
        Check("clock", "the clock of this machine is right", _clock),
        Check("voices", "GET /audio/voices lists voices", _voices),
        Check("speech", "POST /audio/speech speaks", _speech, seconds=40),
        Check("transcription", "POST /audio/transcriptions writes down what was spoken", _transcription, seconds=40),
        Check("translation", "POST /audio/translations does, too", _translation, seconds=40),
        Check("providers", "each provider answers itself, and no fallback in its place", _providers, seconds=120),
        Check("upload", "a file comes into the bucket by its form, and is read from there", _upload, seconds=60),
        Check("job-start", "a request in the background becomes a job", _job_start, seconds=40),
        Check("long-wait", "waiting for a job redirects to itself", _long_wait, seconds=40),
        Check("job-end", "the job ends, and its result can be fetched", _job_end, seconds=200),
        Check("idempotency", "a repeated request is done and charged once", _idempotency, seconds=60),
        Check("large-answer", f"an answer above {_RENDERED} comes by way of the bucket", _large_answer, seconds=120),
    ),
)
