"""The checks of `make sam-test`: a real `sam build`, then every function in its own container.

Each function is invoked with its event from events/. Then `sam local start-api` is called over HTTP. MiniStack on this
host provides DynamoDB and S3. Everything that is started here is ended here, even after a failure.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import boto3
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "layers" / "shared"))

from audio_gateway.identity.directory import Directory
from audio_gateway.identity.keys import NewKey
from audio_gateway.metering.open_accounts import INDEX, LISTED
from scripts.deploy.errors import DeployRefused
from scripts.deploy.function_sizes import check_sizes

ROOT: Final = Path(__file__).resolve().parent.parent
REGION: Final = "us-east-1"
SAMPLE_KEY_ID: Final = "key_0123456789abcdef01234567"
TABLE: Final = "sam-test"
BUCKET: Final = "sam-test"
# MiniStack does not check credentials here. The functions' rights are tested with the local stack.
ENVIRONMENT: Final[dict[str, str]] = {
    **os.environ,
    "AWS_ACCESS_KEY_ID": "sam-test",
    "AWS_SECRET_ACCESS_KEY": "sam-test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
}
WAIT_S: Final = 120
SAMPLE_DAYS: Final = 5  # of events/usage.json
# Far smaller than the sample sentence at the lowest bit rate of MP3, and far larger than an empty file.
SHORTEST_SPEECH_BYTES: Final = 1000


class StepFailed(Exception):
    """A step failed: a response is wrong, or a process did not start."""


def check(condition: object, what: str, seen: object) -> None:
    """Raise `StepFailed` with the value seen, unless the condition holds."""
    if not condition:
        raise StepFailed(f"{what}; seen: {str(seen)[:1500]}")


# ------------------------------------------------------------------------------------------------ processes
def free_port() -> int:
    """Return an unused TCP port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for a server. Raises `StepFailed` with the end of its log if it ended or takes too long."""
    give_up_at = time.monotonic() + WAIT_S
    while not ready():
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise StepFailed(f"{process.args!r} did not start: {log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.1)


@contextlib.contextmanager
def server(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process in the background while the block runs. At the end: SIGTERM, then SIGKILL."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def local_aws(work: Path) -> Iterator[int]:
    """Run DynamoDB and S3 for containers, with the template's table and bucket. Yields the port."""
    port = free_port()
    environment: dict[str, str] = {
        **{name: ENVIRONMENT[name] for name in ("PATH", "HOME") if name in ENVIRONMENT},
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "0.0.0.0",  # noqa: S104 - a container cannot reach this host's loopback address
        "MINISTACK_REGION": REGION,
        "LOG_LEVEL": "ERROR",
        "TMPDIR": str(work),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",  # it must not use the containers of this host
    }
    log = work / "aws.log"
    with server([str(ROOT / ".local/venv/bin/python"), "-m", "ministack"], environment, log) as process:
        wait_until(lambda: status_of(f"http://127.0.0.1:{port}/_ministack/health") == HTTPStatus.OK, process, log)
        aws_client("s3", port).create_bucket(Bucket=BUCKET)
        aws_client("dynamodb", port).create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", LISTED)],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": INDEX,
                    "KeySchema": [{"AttributeName": LISTED, "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
        )
        yield port


def aws_client(service: Any, port: int) -> Any:
    """Return a client of the local AWS."""
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=REGION,
        aws_access_key_id=ENVIRONMENT["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
    )


def sam(*arguments: str) -> list[str]:
    """Return a SAM command line with the settings for this machine."""
    return [str(ROOT / "scripts/sam"), *arguments, "--config-env", "local"]


def run_sam(*arguments: str) -> str:
    """Run SAM and return its output. Raises `StepFailed` if it fails."""
    done = subprocess.run(
        sam(*arguments), cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=600, check=False
    )
    check(done.returncode == 0, f"sam {arguments[0]} failed", done.stderr[-3000:])
    return done.stdout if done.stdout.strip() else done.stderr


def containers() -> set[str]:
    """Return the ids of all SAM containers on the daemon, including those of other users."""
    listed = subprocess.run(
        ["docker", "ps", "-aq", "--filter", "label=sam.cli.container.type=lambda"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    return set(listed.stdout.split())


@contextlib.contextmanager
def no_containers_left() -> Iterator[None]:
    """Remove containers that SAM leaves behind, about once in a dozen runs."""
    before = containers()
    try:
        yield
    finally:
        if left := containers() - before:
            subprocess.run(["docker", "rm", "-f", *left], env=ENVIRONMENT, capture_output=True, check=False)


# ------------------------------------------------------------------------------------------------ sam build
def check_built() -> None:
    """`sam build` has written the anchors of template.yaml out, which CloudFormation does not read."""
    built = (ROOT / ".aws-sam" / "build" / "template.yaml").read_text("utf-8")
    left = [event for event in yaml.parse(built, yaml.SafeLoader) if getattr(event, "anchor", None)]
    check(not left, "the built template has anchors or aliases", left)


def check_weights() -> None:
    """Every function is small enough for Lambda with its layers."""
    try:
        print("\n".join(check_sizes(ROOT / ".aws-sam" / "build")))
    except DeployRefused as refused:
        raise StepFailed(str(refused)) from refused


# ------------------------------------------------------------------------------------------------ sam local invoke
class Invoker:
    """`sam local invoke` with the local AWS. Every local command needs `flags`."""

    def __init__(self, work: Path, port: int, key: NewKey) -> None:
        variables = work / "variables.json"
        values = {
            "AWS_ENDPOINT_URL": f"http://host.docker.internal:{port}",
            "TABLE_NAME": TABLE,
            "BUCKET_NAME": BUCKET,
            "JOBS_MACHINE_ARN": f"arn:aws:states:{REGION}:000000000000:stateMachine:jobs",
            "JOB_END_FUNCTION": "JobEndFunction",
            "WEBHOOK_QUEUE_URL": f"http://host.docker.internal:{port}/000000000000/webhooks",
            "WEBHOOK_DEAD_QUEUE_URL": f"http://host.docker.internal:{port}/000000000000/dead-webhooks",
        }
        variables.write_text(json.dumps({"Parameters": values}))
        self.flags = ["--env-vars", str(variables), "--add-host", "host.docker.internal:host-gateway"]
        self._work = work
        self._key_id = key.record.id

    def __call__(self, function: str, event: dict[str, Any]) -> Any:
        """Return a function's result. SAM's exit code is always 0: a failure has an `errorType`."""
        path = self._work / "event.json"
        path.write_text(json.dumps(event).replace(SAMPLE_KEY_ID, self._key_id))  # a key that has an account
        printed = run_sam("local", "invoke", function, "--event", str(path), *self.flags)
        last = printed.strip().rsplit("\n", 1)[-1]
        try:
            return json.loads(last)
        except ValueError:
            raise StepFailed(f"{function} did not answer with JSON: {printed[-3000:]}") from None


def event_of(function: str) -> dict[str, Any]:
    """Return the function's sample event."""
    found: dict[str, Any] = json.loads((ROOT / "events" / f"{function}.json").read_text("utf-8"))
    return found


def authorizer_event(key: str) -> dict[str, Any]:
    """Return the authorizer's sample event with this key."""
    text = json.dumps(event_of("authorizer")).replace("sk-YOUR_KEY", key)
    event: dict[str, Any] = json.loads(text)
    return event


def is_mp3(content: bytes) -> bool:
    """Whether these bytes start like an MP3 file: with a tag, or with a layer III frame of any MPEG version."""
    return content.startswith((b"ID3", b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2", b"\xff\xe3", b"\xff\xe2"))


def content_of(answer: Any) -> bytes:
    """Return the body of a proxy response with status 200. Raises `StepFailed` for any other."""
    check(isinstance(answer, dict) and answer.get("statusCode") == HTTPStatus.OK, "the status is not 200", answer)
    body: str = answer["body"]
    return base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()


def check_authorizer(invoke: Invoker, key: NewKey) -> None:
    """Check that a known key is allowed with its ids, and an unknown one fails with the word that becomes a 401."""
    allowed = invoke("AuthorizerFunction", authorizer_event(key.value))
    check(allowed.get("context", {}).get("key_id") == key.record.id, "the key is not known", allowed)
    check(allowed["policyDocument"]["Statement"][0]["Effect"] == "Allow", "the key is not allowed", allowed)
    refused = invoke("AuthorizerFunction", authorizer_event("sk-unknown-key"))
    check(refused.get("errorMessage") == "Unauthorized", "a wrong key must fail with 'Unauthorized'", refused)


def check_speech(invoke: Invoker) -> None:
    """Check that the sample text becomes an MP3 file."""
    content = content_of(invoke("SpeechFunction", event_of("speech")))
    check(is_mp3(content), "the speech is not MP3", content[:16])
    check(len(content) > SHORTEST_SPEECH_BYTES, "the speech is too short", len(content))


def check_text(invoke: Invoker, function: str, event: str) -> None:
    """Check that the sample recording becomes text."""
    answer = json.loads(content_of(invoke(function, event_of(event))))
    check(answer.get("text", "").strip(), "there is no text", answer)


def check_translations(invoke: Invoker) -> None:
    """Check that a stack says that it cannot translate without a provider: Whisper is too large for a function."""
    answer = invoke("TranslationsFunction", event_of("translations"))
    error = json.loads(answer["body"]).get("error", {})
    check(answer.get("statusCode") == HTTPStatus.NOT_FOUND, "the status is not 404", answer)
    check(error.get("code") == "model_not_found", "the model is known", answer)


def check_list(invoke: Invoker, function: str, event: str) -> None:
    """Check that the result is a non-empty list in OpenAI's format."""
    answer = json.loads(content_of(invoke(function, event_of(event))))
    check(answer.get("object") == "list" and answer.get("data"), "it is not a list with entries", answer)


def check_costs(invoke: Invoker) -> None:
    """Check that each of the sample's five days is a bucket."""
    answer = json.loads(content_of(invoke("UsageFunction", event_of("usage"))))
    days = len(answer.get("data", []))
    check(answer.get("object") == "page" and days == SAMPLE_DAYS, "it is not a page of five days", answer)


def check_sweep(invoke: Invoker) -> None:
    """Check that the sweeper reads the only account without a failure."""
    answer = invoke("SweeperFunction", event_of("sweeper"))
    check(answer.get("keys") == 1 and answer.get("failed") == 0, "the sweeper did not read the account", answer)


def check_rollup(invoke: Invoker) -> None:
    """Check that the roll-up advances."""
    answer = invoke("RollupFunction", event_of("rollup"))
    check(answer.get("frontier_ms") and answer.get("superseded") is False, "nothing was rolled up", answer)


def check_upload(invoke: Invoker) -> None:
    """Check that the sample announcement returns a form for the bucket."""
    answer = json.loads(content_of(invoke("UploadsFunction", event_of("uploads"))))
    check(answer.get("object") == "audio.upload" and answer.get("fields", {}).get("policy"), "it is not a form", answer)


def check_jobs(invoke: Invoker) -> None:
    """Check that the list of jobs is empty."""
    answer = json.loads(content_of(invoke("JobsFunction", event_of("jobs"))))
    check(answer.get("object") == "list" and answer.get("data") == [], "it is not an empty list", answer)


def check_steps(invoke: Invoker) -> None:
    """Check that each step of an unknown job reads the table and does nothing."""
    answer = invoke("JobPrepareFunction", event_of("job_prepare"))
    check(answer == {"kind": None, "lanes": []}, "an unknown job has chunks", answer)
    for step in ("SpeechChunk", "TranscriptionChunk", "Merge", "End"):
        event = re.sub("(?<!^)(?=[A-Z])", "_", step).lower()
        answer = invoke(f"Job{step}Function", event_of(f"job_{event}"))
        check(answer is None, "a step of an unknown job did something", answer)


def check_webhook(invoke: Invoker) -> None:
    """Check that a message to an unknown endpoint is dropped after a look-up."""
    answer = invoke("WebhookDeliveryFunction", event_of("webhook_delivery"))
    check(answer == {"batchItemFailures": []}, "the message would be redelivered", answer)


# ------------------------------------------------------------------------------------------------ sam local start-api
def status_of(url: str) -> int:
    """Return the status of a GET request, or 0 if there is no response."""
    try:
        return call(url)[0]
    except OSError:
        return 0


def call(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, str, bytes]:
    """Send a request to this host, and return status, content type and body."""
    # Unlike API Gateway, SAM does not decode binary responses for a client without an Accept header.
    request = urllib.request.Request(url, body, {"Accept": "*/*", **(headers or {})})  # noqa: S310 - the URL is one of this file's
    try:
        with urllib.request.urlopen(request, timeout=WAIT_S) as answer:  # noqa: S310 - likewise
            return answer.status, answer.headers.get("content-type", ""), answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers.get("content-type", ""), answer.read()


def check_api(invoke: Invoker, key: NewKey, work: Path) -> None:
    """Check binary requests and responses and the authorizer over HTTP."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    log = work / "api.log"
    command = sam("local", "start-api", "--port", str(port), *invoke.flags)
    with no_containers_left(), server(command, ENVIRONMENT, log) as process:
        wait_until(lambda: status_of(base) != 0, process, log)
        try:
            check_calls(base, {"Authorization": f"Bearer {key.value}"})
        except (StepFailed, OSError) as error:
            raise StepFailed(
                f"{error}\nThe log of start-api ends: {log.read_text(errors='replace')[-3000:]}"
            ) from error


def check_calls(base: str, bearer: dict[str, str]) -> None:
    """Make the calls of `check_api`."""
    speech = event_of("speech")
    body = base64.b64decode(speech["body"])
    json_type = {"Content-Type": "application/json"}
    status, content_type, content = call(f"{base}/audio/speech", body, bearer | json_type)
    check(status == HTTPStatus.OK and is_mp3(content), "POST /audio/speech is not MP3", (status, content[:300]))
    check(content_type == "audio/mpeg", "the Content-Type of MP3 is wrong", content_type)

    upload = event_of("transcriptions")
    form_type = {"Content-Type": upload["headers"]["Content-Type"]}
    url = f"{base}/audio/transcriptions"
    status, _, content = call(url, base64.b64decode(upload["body"]), bearer | form_type)
    check(status == HTTPStatus.OK and json.loads(content)["text"], "no transcript of the upload", (status, content))

    status, _, content = call(f"{base}/audio/speech", body, json_type)
    check(status == HTTPStatus.UNAUTHORIZED, "no key must be a 401", (status, content[:300]))
    # API Gateway answers 401 if the authorizer fails with "Unauthorized". SAM supports only policies, and answers 502.
    wrong = {"Authorization": "Bearer sk-unknown-key"}
    status, _, content = call(f"{base}/audio/speech", body, wrong | json_type)
    refused = (HTTPStatus.UNAUTHORIZED, HTTPStatus.BAD_GATEWAY)
    check(status in refused, "a wrong key must be refused", (status, content[:300]))


# ------------------------------------------------------------------------------------------------ main
def steps(invoke: Invoker, key: NewKey, work: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield the steps in order, by name."""
    yield "sam local invoke AuthorizerFunction", lambda: check_authorizer(invoke, key)
    yield "sam local invoke SpeechFunction", lambda: check_speech(invoke)
    yield (
        "sam local invoke TranscriptionsFunction",
        lambda: check_text(invoke, "TranscriptionsFunction", "transcriptions"),
    )
    yield "sam local invoke TranslationsFunction", lambda: check_translations(invoke)
    yield "sam local invoke ModelsFunction", lambda: check_list(invoke, "ModelsFunction", "models")
    yield "sam local invoke VoicesFunction", lambda: check_list(invoke, "VoicesFunction", "voices")
    yield "sam local invoke UsageFunction", lambda: check_costs(invoke)
    yield "sam local invoke AdminFunction", lambda: check_list(invoke, "AdminFunction", "admin")
    yield "sam local invoke SweeperFunction", lambda: check_sweep(invoke)
    yield "sam local invoke RollupFunction", lambda: check_rollup(invoke)
    yield "sam local invoke UploadsFunction", lambda: check_upload(invoke)
    yield "sam local invoke JobsFunction", lambda: check_jobs(invoke)
    yield "sam local invoke Job...Function", lambda: check_steps(invoke)
    yield "sam local invoke WebhooksFunction", lambda: check_list(invoke, "WebhooksFunction", "webhooks")
    yield "sam local invoke WebhookDeliveryFunction", lambda: check_webhook(invoke)
    yield "sam local start-api", lambda: check_api(invoke, key, work)


def timed(name: str, step: Callable[[], object]) -> bool:
    """Run a step, print its result, and return whether it passed."""
    started = time.monotonic()
    try:
        step()
    except (StepFailed, subprocess.TimeoutExpired) as error:
        print(f"FAILED  {name}: {error}", flush=True)
        return False
    print(f"passed  {name} ({time.monotonic() - started:.1f} s)", flush=True)
    return True


def main() -> None:
    """Run every step. The exit code is 1 if a step failed."""
    # Ctrl-C and SIGTERM both unwind the stack, so nothing is left behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit("sam-test was stopped by a signal"))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        results = [timed("sam build", lambda: run_sam("build"))]
        if results[0]:
            results.append(timed("the template that was built", check_built))
            results.append(timed("the sizes of the functions with their layers", check_weights))
            with no_containers_left(), local_aws(work) as port:
                key = Directory(aws_client("dynamodb", port), TABLE).api_keys.create(name="sam-test")
                results += [timed(name, step) for name, step in steps(Invoker(work, port, key), key, work)]
    failed = results.count(False)
    print(f"{results.count(True)} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
