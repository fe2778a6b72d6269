"""What `make sam-test` checks: a real `sam build`, then every function in a container of its own.

Each function is invoked with its event from events/, then `sam local start-api` is called over HTTP. DynamoDB and S3
are MiniStack's, on this host. Whatever is started here is ended here, also after a failure.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
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

ROOT: Final = Path(__file__).resolve().parent.parent
REGION: Final = "us-east-1"
SAMPLE_KEY_ID: Final = "key_0123456789abcdef01234567"
TABLE: Final = "sam-test"
BUCKET: Final = "sam-test"
# MiniStack asks for no right key here: the functions' rights are the local stack's business.
ENVIRONMENT: Final[dict[str, str]] = {
    **os.environ,
    "AWS_ACCESS_KEY_ID": "sam-test",
    "AWS_SECRET_ACCESS_KEY": "sam-test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
}
WAIT_S: Final = 120
SAMPLE_DAYS: Final = 5  # of events/usage.json
# Far less than the sample sentence at the lowest bit rate of MP3, far more than an empty file.
SHORTEST_SPEECH_BYTES: Final = 1000


class CheckFailed(Exception):
    """An answer is not what it must be."""


def check(condition: object, what: str, seen: object) -> None:
    """Raises `CheckFailed` with what was seen."""
    if not condition:
        raise CheckFailed(f"{what}; seen: {str(seen)[:1500]}")


# ------------------------------------------------------------------------------------------------ what runs
def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for a server; raises `CheckFailed` with the end of its log when it has ended or takes too long."""
    give_up_at = time.monotonic() + WAIT_S
    while not ready():
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise CheckFailed(f"{process.args!r} did not start: {log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.1)


@contextlib.contextmanager
def server(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the background, ended at the end: politely, then by force."""
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
    """DynamoDB and S3 that containers can reach, with the table and the bucket of the template; yields the port."""
    port = free_port()
    environment: dict[str, str] = {
        **{name: ENVIRONMENT[name] for name in ("PATH", "HOME") if name in ENVIRONMENT},
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "0.0.0.0",  # noqa: S104 - a container does not see this host's loopback address
        "MINISTACK_REGION": REGION,
        "LOG_LEVEL": "ERROR",
        "TMPDIR": str(work),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",  # it must not touch the containers of this host
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
    """A client of the local AWS."""
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=REGION,
        aws_access_key_id=ENVIRONMENT["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
    )


def sam(*arguments: str) -> list[str]:
    """The command line of SAM with the settings for this machine."""
    return [str(ROOT / "scripts/sam"), *arguments, "--config-env", "local"]


def run_sam(*arguments: str) -> str:
    """Run SAM and return what it printed; raises `CheckFailed` when it fails."""
    done = subprocess.run(
        sam(*arguments), cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=600, check=False
    )
    check(done.returncode == 0, f"sam {arguments[0]} failed", done.stderr[-3000:])
    return done.stdout if done.stdout.strip() else done.stderr


def containers() -> set[str]:
    """The ids of SAM's containers on the daemon, other people's included."""
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
    """Remove what SAM leaves behind: once in a dozen times it does."""
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


# ------------------------------------------------------------------------------------------------ sam local invoke
class Invoker:
    """`sam local invoke` with the local AWS; `flags` are what every local command needs."""

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
        """The answer of a function. SAM's exit code says nothing: a function that failed has an `errorType`."""
        path = self._work / "event.json"
        path.write_text(json.dumps(event).replace(SAMPLE_KEY_ID, self._key_id))  # one that has an account
        printed = run_sam("local", "invoke", function, "--event", str(path), *self.flags)
        last = printed.strip().rsplit("\n", 1)[-1]
        try:
            return json.loads(last)
        except ValueError:
            raise CheckFailed(f"{function} did not answer with JSON: {printed[-3000:]}") from None


def event_of(function: str) -> dict[str, Any]:
    """The function's sample event."""
    found: dict[str, Any] = json.loads((ROOT / "events" / f"{function}.json").read_text("utf-8"))
    return found


def authorizer_event(key: str) -> dict[str, Any]:
    """The authorizer's sample event with this key in place of the sample's."""
    text = json.dumps(event_of("authorizer")).replace("sk-YOUR_KEY", key)
    event: dict[str, Any] = json.loads(text)
    return event


def is_mp3(content: bytes) -> bool:
    """Whether these bytes begin like an MP3 file: with a tag, or with a frame of layer III of any MPEG version."""
    return content.startswith((b"ID3", b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2", b"\xff\xe3", b"\xff\xe2"))


def content_of(answer: Any) -> bytes:
    """The body of a proxy answer with status 200; raises `CheckFailed` for any other."""
    check(isinstance(answer, dict) and answer.get("statusCode") == HTTPStatus.OK, "the status is not 200", answer)
    body: str = answer["body"]
    return base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()


def check_authorizer(invoke: Invoker, key: NewKey) -> None:
    """A known key is allowed with its ids; an unknown one fails with exactly the word that becomes a 401."""
    allowed = invoke("AuthorizerFunction", authorizer_event(key.value))
    check(allowed.get("context", {}).get("key_id") == key.record.id, "the key is not known", allowed)
    check(allowed["policyDocument"]["Statement"][0]["Effect"] == "Allow", "the key is not allowed", allowed)
    refused = invoke("AuthorizerFunction", authorizer_event("sk-nobody-has-this-key"))
    check(refused.get("errorMessage") == "Unauthorized", "a wrong key must fail with 'Unauthorized'", refused)


def check_speech(invoke: Invoker) -> None:
    """The sample text comes back as an MP3 file."""
    content = content_of(invoke("SpeechFunction", event_of("speech")))
    check(is_mp3(content), "the speech is not MP3", content[:16])
    check(len(content) > SHORTEST_SPEECH_BYTES, "the speech is too short", len(content))


def check_text(invoke: Invoker, function: str, event: str) -> None:
    """The sample recording comes back as text."""
    answer = json.loads(content_of(invoke(function, event_of(event))))
    check(answer.get("text", "").strip(), "there is no text", answer)


def check_list(invoke: Invoker, function: str, event: str) -> None:
    """A list with something in it, in OpenAI's shape."""
    answer = json.loads(content_of(invoke(function, event_of(event))))
    check(answer.get("object") == "list" and answer.get("data"), "it is not a list with entries", answer)


def check_costs(invoke: Invoker) -> None:
    """The sample's five days come as a bucket each."""
    answer = json.loads(content_of(invoke("UsageFunction", event_of("usage"))))
    days = len(answer.get("data", []))
    check(answer.get("object") == "page" and days == SAMPLE_DAYS, "it is not a page of five days", answer)


def check_sweep(invoke: Invoker) -> None:
    """The sweeper looks at the one account and finds nothing amiss."""
    answer = invoke("SweeperFunction", event_of("sweeper"))
    check(answer.get("keys") == 1 and answer.get("failed") == 0, "the sweeper did not look at the account", answer)


def check_rollup(invoke: Invoker) -> None:
    """The roll-up gets as far as it may."""
    answer = invoke("RollupFunction", event_of("rollup"))
    check(answer.get("frontier_ms") and answer.get("superseded") is False, "nothing was rolled up", answer)


def check_upload(invoke: Invoker) -> None:
    """The sample announcement comes back with a form for the bucket."""
    answer = json.loads(content_of(invoke("UploadsFunction", event_of("uploads"))))
    check(answer.get("object") == "audio.upload" and answer.get("fields", {}).get("policy"), "it is no form", answer)


def check_jobs(invoke: Invoker) -> None:
    """The list of a project that has no jobs."""
    answer = json.loads(content_of(invoke("JobsFunction", event_of("jobs"))))
    check(answer.get("object") == "list" and answer.get("data") == [], "it is not an empty list", answer)


def check_steps(invoke: Invoker) -> None:
    """The steps of a job that nobody knows: there is nothing to do, which each of them finds out in the table."""
    answer = invoke("JobPrepareFunction", event_of("job_prepare"))
    check(answer == {"lanes": []}, "an unknown job has chunks", answer)
    for step in ("Chunk", "Merge", "End"):
        answer = invoke(f"Job{step}Function", event_of(f"job_{step.lower()}"))
        check(answer is None, "a step of an unknown job did something", answer)


def check_webhook(invoke: Invoker) -> None:
    """A message to an endpoint that nobody knows: it is looked up, and nothing is sent."""
    answer = invoke("WebhookDeliveryFunction", event_of("webhook_delivery"))
    check(answer == {"batchItemFailures": []}, "the message is to come again", answer)


# ------------------------------------------------------------------------------------------------ sam local start-api
def status_of(url: str) -> int:
    """The status of a GET; 0 if nobody answers."""
    try:
        return call(url)[0]
    except OSError:
        return 0


def call(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, str, bytes]:
    """Status, content type and body of a request to this host."""
    # SAM, unlike API Gateway, decodes no binary answer for a client that sends no Accept header.
    request = urllib.request.Request(url, body, {"Accept": "*/*", **(headers or {})})  # noqa: S310 - the URL is one of this file's
    try:
        with urllib.request.urlopen(request, timeout=WAIT_S) as answer:  # noqa: S310 - likewise
            return answer.status, answer.headers.get("content-type", ""), answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers.get("content-type", ""), answer.read()


def check_api(invoke: Invoker, key: NewKey, work: Path) -> None:
    """Bytes in, bytes out, and the authorizer in between, over HTTP."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    log = work / "api.log"
    command = sam("local", "start-api", "--port", str(port), *invoke.flags)
    with no_containers_left(), server(command, ENVIRONMENT, log) as process:
        wait_until(lambda: status_of(base) != 0, process, log)
        try:
            check_calls(base, {"Authorization": f"Bearer {key.value}"})
        except (CheckFailed, OSError) as error:
            raise CheckFailed(
                f"{error}\nThe log of start-api ends: {log.read_text(errors='replace')[-3000:]}"
            ) from error


def check_calls(base: str, bearer: dict[str, str]) -> None:
    """The calls of `check_api`."""
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
    # API Gateway makes a 401 of an authorizer that fails with "Unauthorized"; SAM knows only policies, and says 502.
    wrong = {"Authorization": "Bearer sk-nobody-has-this-key"}
    status, _, content = call(f"{base}/audio/speech", body, wrong | json_type)
    refused = (HTTPStatus.UNAUTHORIZED, HTTPStatus.BAD_GATEWAY)
    check(status in refused, "a wrong key must be refused", (status, content[:300]))


# ------------------------------------------------------------------------------------------------ all of it
def steps(invoke: Invoker, key: NewKey, work: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """What is checked, in order, by name."""
    yield "sam local invoke AuthorizerFunction", lambda: check_authorizer(invoke, key)
    yield "sam local invoke SpeechFunction", lambda: check_speech(invoke)
    yield (
        "sam local invoke TranscriptionsFunction",
        lambda: check_text(invoke, "TranscriptionsFunction", "transcriptions"),
    )
    yield "sam local invoke TranslationsFunction", lambda: check_text(invoke, "TranslationsFunction", "translations")
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
    """Run a step and print how it went; whether it passed."""
    started = time.monotonic()
    try:
        step()
    except (CheckFailed, subprocess.TimeoutExpired) as error:
        print(f"FAILED  {name}: {error}", flush=True)
        return False
    print(f"passed  {name} ({time.monotonic() - started:.1f} s)", flush=True)
    return True


def main() -> None:
    """Run every step, and fail if one failed."""
    # Ctrl-C and SIGTERM both unwind, so that nothing stays behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit("sam-test was told to stop"))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        results = [timed("sam build", lambda: run_sam("build"))]
        if results[0]:
            results.append(timed("the template that was built", check_built))
            with no_containers_left(), local_aws(work) as port:
                key = Directory(aws_client("dynamodb", port), TABLE).api_keys.create(name="sam-test")
                results += [timed(name, step) for name, step in steps(Invoker(work, port, key), key, work)]
    failed = results.count(False)
    print(f"{results.count(True)} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
