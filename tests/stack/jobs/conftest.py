"""A stack whose provider hears tones, and jobs that are started through its API and without it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from openai import OpenAI

import audio_gateway_client
from audio_gateway.catalog.load import load_catalog
from audio_gateway.clock import now_ms
from audio_gateway.identity.directory import Directory
from audio_gateway.jobs.job import Job
from audio_gateway.metering.account import Payer
from audio_gateway.metering.account_item import account_key, holds_from
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.meter import REQUEST_HOLD_SECONDS
from audio_gateway.metering.pending_settlements import PendingSettlementStore
from audio_gateway.providers.registry import adapter_of
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.jobs.start import JobService, JobStarting
from audio_gateway.wiring.job_starting import job_service_on_aws
from tests.fakes.file_server import FileServer
from tests.fakes.jobs import start_now
from tests.fakes.receiver import Receiver
from tests.fakes.upstream import FakeUpstream
from tests.stack.aws import use_aws_of
from tests.stack.conftest import descendants

CATALOG = Path(__file__).parent / "tones.toml"
PATIENCE_S = 60.0
PAUSE_S = 0.1  # between two looks, each of which takes the processor that the work needs
SWEEP_SECONDS = 5


@dataclass
class Running:
    """A stack, and the servers around it."""

    info: dict[str, Any]
    upstream: FakeUpstream
    catalog: Any
    receiver: Receiver
    web: FileServer


@dataclass
class JobHarness:
    """The running stack, its provider, and a customer, who uses `client`."""

    info: dict[str, Any]
    upstream: FakeUpstream
    catalog: Any
    client: OpenAI
    job_service: JobService
    dynamodb: Any
    s3: Any
    machines: Any
    caller: Payer

    def start(self, order: JobRequest[Any], audio: bytes | None = None) -> Job:
        return start_now(order, self.caller, JobStarting(self.job_service, self.catalog, adapter_of), audio)

    def begin(self, audio: bytes | None = None, *, model: str = "one-at-a-time", **fields: str) -> Job:
        """A background job by the official SDK; its audio is uploaded first."""
        file: dict[str, Any] = {} if audio is None else {"file": ("a.wav", audio)}
        begun = self.client.post(
            "/audio/transcriptions",
            cast_to=dict[str, Any],
            body={"model": model, "background": "true", **fields},
            files=[*file.items()],
            options={"headers": {"Content-Type": "multipart/form-data"}},
        )
        return self.by_id(begun["id"])

    def as_caller_sees(self, job: Job) -> dict[str, Any]:
        """The job as its caller sees it."""
        return self.client.get(f"/audio/jobs/{job.id}", cast_to=dict[str, Any])

    def content(self, job: Job, **query: str) -> dict[str, Any]:
        """The words of its result, as its caller gets them."""
        asked = {"response_format": "verbose_json", "timestamp_granularities": "word"} | query
        return self.client.get(f"/audio/jobs/{job.id}/content", cast_to=dict[str, Any], options={"params": asked})

    def cancel(self, job: Job) -> dict[str, Any]:
        return self.client.post(f"/audio/jobs/{job.id}/cancel", cast_to=dict[str, Any])

    def by_id(self, job_id: str) -> Job:
        found = self.job_service.store.get(self.caller.project_id, job_id, int(time.time()))
        assert found is not None
        return found

    def now(self, job: Job) -> Job:
        return self.by_id(job.id)

    def until(self, job: Job, happened: Callable[[Job], bool]) -> Job:
        give_up_at = time.monotonic() + PATIENCE_S
        while not happened(now := self.now(job)):
            assert time.monotonic() < give_up_at, now
            time.sleep(PAUSE_S)
        return now

    def end(self, job: Job) -> Job:
        """The job once it is over and its execution, too."""
        ended = self.until(job, lambda now: now.is_final)
        self.wait(lambda: not self.job_service.executions.is_running(job.id))
        return ended

    def wait(self, happened: Callable[[], Any]) -> None:
        give_up_at = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < give_up_at
            time.sleep(PAUSE_S)

    def execution(self, job: Job) -> str:
        """The ARN of a job's execution."""
        arn = str(self.machines.list_state_machines()["stateMachines"][0]["stateMachineArn"])
        return arn.replace(":stateMachine:", ":execution:") + f":{job.id}"

    def make_an_hour_older(self, job: Job) -> None:
        """As if it had started an hour ago, for the sweeper, which looks for jobs without an execution."""
        self.dynamodb.update_item(
            TableName=self.info["table"],
            Key={"pk": {"S": "OPEN_JOBS"}, "sk": {"S": job.id}},
            UpdateExpression="SET created_at = created_at - :hour",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":hour": {"N": "3600"}},
        )

    def wait_for_step(self, job: Job, name: str) -> None:
        """Until the execution has entered a state."""

        def entered() -> bool:
            events = self.machines.get_execution_history(executionArn=self.execution(job), maxResults=1000)["events"]
            return any(event.get("stateEnteredEventDetails", {}).get("name") == name for event in events)

        self.wait(entered)

    def processes(self, function: str) -> list[int]:
        """The environments of a function."""
        wanted = f"-{function}-".encode()

        def name_of(pid: int) -> bytes:
            with contextlib.suppress(OSError):
                for variable in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                    if variable.startswith(b"AWS_LAMBDA_FUNCTION_NAME="):
                        return variable.partition(b"=")[2] + b"-"
            return b""

        return [pid for pid in descendants(self.info["pid"]) if wanted in name_of(pid)]

    @contextlib.contextmanager
    def frozen(self, function: str) -> Iterator[list[int]]:
        """Its environments, which take work meanwhile and do not do it."""
        processes = self.processes(function)
        assert processes, f"{function} has not been called yet"
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield processes
        finally:
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)

    def rows(self, job: Job) -> list[LedgerRow]:
        rows = LedgerStore(self.dynamodb, self.info["table"]).rows(job.created_at * 1000 - 1000, now_ms() + 1000)
        return [row for row in rows if row.request_id == job.id]

    def costs(self, job: Job) -> list[int]:
        """The cost of work that the customer does not pay."""
        rows = LedgerStore(self.dynamodb, self.info["table"]).rows(job.created_at * 1000 - 1000, now_ms() + 1000)
        failed = [row for row in rows if row.request_id.startswith(f"{job.id}_")]
        assert all((row.outcome, row.price_microusd) == ("failed", 0) for row in failed)
        return [row.cost_microusd for row in failed]

    @property
    def account(self) -> dict[str, Any]:
        key = account_key(self.caller.key_id)
        found = self.dynamodb.get_item(TableName=self.info["table"], Key=key, ConsistentRead=True)
        return dict(found["Item"])

    def nothing_is_held(self) -> bool:
        return not holds_from(self.account)

    def spent(self) -> int:
        return sum(int(v["N"]) for n, v in self.account.items() if n[0] == "m" and n[1:].isdecimal())

    def files(self, job: Job) -> list[str]:
        prefix = f"jobs/{job.project_id}/{job.id}/"
        listed = self.s3.list_objects_v2(Bucket=self.info["bucket"], Prefix=prefix)
        return [each["Key"].removeprefix(prefix) for each in listed.get("Contents", ())]

    def pending_settlements(self) -> list[str]:
        """Of the customer's work that could not be settled."""
        prefix = f"unsettled/{self.caller.key_id}/"
        listed = self.s3.list_objects_v2(Bucket=self.info["bucket"], Prefix=prefix)
        return [each["Key"] for each in listed.get("Contents", ())]


@pytest.fixture(scope="package")
def running(start_stack: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with FakeUpstream() as upstream, Receiver() as receiver, FileServer() as web:
        catalog = tmp_path_factory.mktemp("jobs") / "catalog.toml"
        catalog.write_text(CATALOG.read_text().replace("@UPSTREAM@", upstream.base_url))
        info = start_stack(
            AUDIO_GATEWAY_CATALOG=str(catalog),
            AUDIO_GATEWAY_SWEEP_SECONDS=str(SWEEP_SECONDS),
            AUDIO_GATEWAY_ALLOW_HOSTS=f"{receiver.place},{web.host}",
        )
        yield Running(info, upstream, load_catalog(catalog), receiver, web)


@pytest.fixture
def harness(running: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobHarness]:
    info, upstream = running.info, running.upstream
    upstream.reset()
    use_aws_of(info, monkeypatch)
    dynamodb, machines = boto3.client("dynamodb"), boto3.client("stepfunctions")
    (machine,) = machines.list_state_machines()["stateMachines"]
    key = Directory(dynamodb, info["table"]).api_keys.create(name="a customer")
    pending_settlements = PendingSettlementStore(info["bucket"])
    lateness = AllowedLateness(REQUEST_HOLD_SECONDS, SWEEP_SECONDS)
    job_service = job_service_on_aws(
        dynamodb, info["table"], info["bucket"], machine["stateMachineArn"], pending_settlements, lateness
    )
    caller = Payer(key.record.id, "default")
    address = {"base_url": info["base_url"], "api_key": key.value, "max_retries": 2}
    with OpenAI(**address, http_client=audio_gateway_client.http_client(threshold=0)) as client:
        yield JobHarness(
            info, upstream, running.catalog, client, job_service, dynamodb, boto3.client("s3"), machines, caller
        )
    upstream.let_go()
