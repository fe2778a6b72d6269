"""Measures what our handlers add to a bare FastAPI + Mangum function, warm and cold, in the same run.

Warm is measured in process, with a provider that responds immediately and without AWS calls: the difference to the bare
handler is our overhead. Cold is a new interpreter that imports the function and serves its first request, compared with
a bare function that creates a boto3 DynamoDB client but never calls it. Our function does call it: a fake DynamoDB on
this machine answers the calls that hold and settle the price, with one call more than in a warm process, which has
cached the key's limits. The embedded engine makes the speech, including its loading. A provider on this machine returns
the transcript over HTTP.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.dynamodb import FakeDynamoDb, account_item, served
from bench.table import ResultRow, ResultTable, save

ROOT = Path(__file__).parents[1]
LAYER = ROOT / "layers" / "shared"
FAMILIES = {"speech": 0.6, "transcriptions": 1.5}  # allowed overhead in ms
ROUNDS = 400
COLD_ROUNDS = 7


# ---------------------------------------------------------------- the bare stack
BARE = """
import io
from typing import Annotated
from fastapi import FastAPI, File, Form, UploadFile, Response
from pydantic import BaseModel
from mangum import Mangum

class Body(BaseModel):
    model: str
    input: str
    voice: str
    response_format: str = "mp3"

app = FastAPI(openapi_url=None)

@app.post("/audio/speech")
async def speech(body: Body) -> Response:
    return Response(AUDIO, media_type="audio/pcm")

@app.post("/audio/transcriptions")
async def transcriptions(file: Annotated[UploadFile, File()], model: Annotated[str, Form()]):
    data = await file.read()
    return {"text": "hello big world", "usage": {"type": "duration", "seconds": 5}}

AUDIO = bytes(4800)
handler = Mangum(app, lifespan="off")
"""


def bare_handler() -> Callable[..., Any]:
    scope: dict[str, Any] = {"__name__": "bare"}
    exec(compile(BARE, "bare.py", "exec"), scope)  # the cold measurement runs the same source
    return scope["handler"]


def our_handlers() -> dict[str, Callable[..., Any]]:
    from audio_gateway.api.http.app import lambda_handler
    from audio_gateway.api.speech import SpeechDependencies, speech_app
    from audio_gateway.api.transcriptions import TranscriptionApiDependencies, transcriptions_app
    from audio_gateway.providers.port import AudioChunk
    from tests.fakes.files import FakeFiles
    from tests.fakes.idempotency import FakeSpeechCache, fresh_idempotency, no_repetitions
    from tests.fakes.jobs import empty_job_service
    from tests.fakes.meter import free_billing
    from tests.fakes.providers import FakeAdapter, catalog

    provider = FakeAdapter(speech=(AudioChunk(bytes(4800), "pcm", 24_000),))
    known, giving = catalog(), lambda _: provider
    parts: dict[str, Any] = {
        "catalog": known,
        "providers": giving,
        "billing": free_billing(),
        "idempotency": fresh_idempotency(),
        "repetitions": no_repetitions(),
        "job_service": empty_job_service(),
        "results": None,  # nothing is too big
    }
    using = SpeechDependencies(**parts, caches=FakeSpeechCache())
    return {
        "speech": lambda_handler(speech_app(using), "speech"),
        "transcriptions": lambda_handler(
            transcriptions_app(TranscriptionApiDependencies(**parts, files=FakeFiles())), "transcriptions"
        ),
    }


def events() -> dict[str, dict[str, Any]]:
    from tests.fakes.gateway import form_event, json_event

    body = {"model": "talker", "input": "Hello, this is a sentence.", "voice": "alloy", "response_format": "pcm"}
    parts = [("model", "talker"), ("file", ("speech.wav", five_seconds()))]
    return {
        "speech": json_event("/audio/speech", body),
        "transcriptions": form_event("/audio/transcriptions", parts),
    }


def five_seconds() -> bytes:
    """Return a wav of 160 KB: 16 kHz, 16 bit, mono."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"\x01\x00\xfe\xff" * 40_000)
    return out.getvalue()


# ---------------------------------------------------------------- warm
def warm() -> ResultTable:
    from tests.fakes.gateway import Context

    bare, ours = bare_handler(), our_handlers()
    table = ResultTable(
        "warm handler, ms p50 (provider responds immediately, no AWS call)", ["bare", "ours", "added", "limit"]
    )
    for name, event in events().items():
        event["requestContext"]["requestTimeEpoch"] = 0
        spent: dict[str, list[float]] = {"bare": [], "ours": []}
        with quiet():
            for _ in range(ROUNDS):  # alternating, so that a busy machine slows both
                for which, handler in (("bare", bare), ("ours", ours[name])):
                    started = time.perf_counter()
                    answer = handler(event, Context())
                    spent[which].append((time.perf_counter() - started) * 1000)
                    if answer["statusCode"] != 200:
                        raise RuntimeError(f"{which} {name} answered {answer}")
        bare_ms, our_ms = (statistics.median(spent[which]) for which in ("bare", "ours"))
        table.add(ResultRow(name, [bare_ms, our_ms, our_ms - bare_ms, FAMILIES[name]]))
    return table


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Write the log lines, as on Lambda, but not to the terminal."""
    from audio_gateway.telemetry import logger

    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        logger().registered_handler.stream = nowhere  # type: ignore[attr-defined] # a StreamHandler
        yield


# ---------------------------------------------------------------- cold
COLD_LIMITS = {"speech": 1.15, "transcriptions": 1.15, "authorizer": 0.6}

COLD_CATALOG = """
[providers.upstream]
adapter = "openai"
base_url = "{base_url}"

[[models]]
id = "whisper-1"
provider = "upstream"
endpoints = ["transcriptions", "translations"]
price = {{ usd_per_minute = "0.006" }}
"""

COLD_BARE = (
    BARE
    + """
import boto3
client = boto3.client("dynamodb", region_name="us-east-1")
"""
)

COLD_RUN = """
import json, sys, time
started = time.perf_counter()
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"))
imported = time.perf_counter()
class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "x"
    def get_remaining_time_in_millis(self): return 29000
event = json.load(open(sys.argv[2]))
try:
    answer = handler(event, Context())
    status = answer.get("statusCode", 200)
except Exception as error:
    status = str(error)
done = time.perf_counter()
print("RESULT", json.dumps([imported - started, done - imported, status]))
"""


def cold() -> ResultTable:
    from tests.fakes.gateway import event, form_event, json_event
    from tests.fakes.upstream import FakeUpstream

    speech = {"model": "espeak-ng", "input": "Hello.", "voice": "alloy", "response_format": "pcm"}
    form = [("model", "whisper-1"), ("file", ("speech.wav", five_seconds()))]
    ours = {
        "authorizer": {"type": "REQUEST", "methodArn": "arn:aws:execute-api:r:a:i/v1/GET/models", "headers": {}},
        "speech": json_event("/audio/speech", speech),
        "transcriptions": form_event("/audio/transcriptions", form),
        "translations": form_event("/audio/translations", form),
        "models": event("GET", "/models"),
        "voices": event("GET", "/audio/voices"),
    }
    title = f"cold start, ms (import + first request; best of {COLD_ROUNDS})"
    table = ResultTable(title, ["import", "first", "sum", "x bare", "limit"])
    account = FakeDynamoDb(account_item(time.time_ns() // 1_000_000, open_holds=0))
    with tempfile.TemporaryDirectory() as folder, served(account) as endpoint_url, FakeUpstream() as upstream:
        bare_file, catalog = Path(folder, "bare.py"), Path(folder, "catalog.toml")
        bare_file.write_text(COLD_BARE)
        catalog.write_text((LAYER / "catalog.toml").read_text() + COLD_CATALOG.format(base_url=upstream.base_url))
        variables = {"AWS_ENDPOINT_URL": endpoint_url, "AUDIO_GATEWAY_CATALOG": str(catalog)}
        jobs = {"bare": (bare_file, events()["speech"])}
        jobs |= {name: (ROOT / "functions" / name / "app.py", ours[name]) for name in ours}
        best: dict[str, tuple[float, float]] = {}
        for _ in range(COLD_ROUNDS):
            for name, (file, request) in jobs.items():
                if name in ("transcriptions", "translations"):
                    upstream.answer('{"text": "Hello big world."}')
                found = cold_once(Path(folder), file, request, variables)
                if name not in best or sum(found) < sum(best[name]):
                    best[name] = found
    bare_sum = sum(best["bare"])
    for name, (imported, first) in best.items():
        total = imported + first
        table.add(
            ResultRow(name, [imported * 1000, first * 1000, total * 1000, total / bare_sum, COLD_LIMITS.get(name)])
        )
    return table


def cold_once(folder: Path, file: Path, request: dict[str, Any], variables: dict[str, str]) -> tuple[float, float]:
    """Return the seconds of the import and of the first request, in a new interpreter with the layer's packages."""
    runner, sample = folder / "run.py", folder / "event.json"
    runner.write_text(COLD_RUN)
    sample.write_text(json.dumps(request))
    layers = ROOT / ".local" / "layers"
    packages = [LAYER, layers / "shared" / "python", *sorted(layers.glob("engines/*/python"))]
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, packages)),
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AUDIO_GATEWAY_ALLOWED_ORIGINS": "*",
        "AUDIO_GATEWAY_HOLD_SECONDS": "60",
        "AUDIO_GATEWAY_SWEEP_SECONDS": "60",
        "TABLE_NAME": "table",
        "BUCKET_NAME": "bucket",
        "JOBS_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:jobs",
        **variables,
    }
    python = [sys.executable, "-S", str(runner), str(file), str(sample)]
    result = subprocess.run(python, env=env, capture_output=True, text=True, check=True, timeout=60)
    line = next(line for line in result.stdout.splitlines() if line.startswith("RESULT "))
    imported, first, status = json.loads(line.removeprefix("RESULT "))
    if status not in (200, "Unauthorized"):
        raise RuntimeError(f"{file} answered {status}: {result.stdout} {result.stderr}")
    return imported, first


if __name__ == "__main__":
    save("handlers", [warm(), cold()])
