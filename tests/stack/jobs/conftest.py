"""A stack whose provider hears tones, and jobs put into it past the API."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from audio_gateway.catalog.load import catalog_from
from audio_gateway.clock import now_ms
from audio_gateway.jobs.executions import Executions
from audio_gateway.jobs.job import HOLD_SECONDS, Job
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.account import Caller
from audio_gateway.metering.account_item import account_key, holds_from
from audio_gateway.metering.directory import Directory
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.unsettled import UnsettledStore
from audio_gateway.providers.registry import provider_of
from audio_gateway.use_cases.job_money import JobTill
from audio_gateway.use_cases.job_order import JobOrder
from audio_gateway.use_cases.start_job import JobDesk, start_job
from tests.fakes.upstream import FakeUpstream

CATALOG = Path(__file__).parent / "tones.toml"
PATIENCE_S = 60.0


@dataclass
class Workshop:
    """The running stack, its provider, and a customer of it."""

    info: dict[str, Any]
    upstream: FakeUpstream
    catalog: Any
    desk: JobDesk
    dynamodb: Any
    s3: Any
    machines: Any
    caller: Caller

    def start(self, order: JobOrder, audio: bytes | None = None) -> Job:
        return start_job(order, self.caller, desk=self.desk, catalog=self.catalog, providers=provider_of, audio=audio)

    def now(self, job: Job) -> Job:
        found = self.desk.store.get(job.project_id, job.id, int(time.time()))
        assert found is not None
        return found

    def until(self, job: Job, happened: Callable[[Job], bool]) -> Job:
        give_up_at = time.monotonic() + PATIENCE_S
        while not happened(now := self.now(job)):
            assert time.monotonic() < give_up_at, now
            time.sleep(0.05)
        return now

    def end(self, job: Job) -> Job:
        """The job once it is over and its execution, too."""
        ended = self.until(job, lambda now: now.is_final)
        arn = next(m["stateMachineArn"] for m in self.machines.list_state_machines()["stateMachines"])
        execution = arn.replace(":stateMachine:", ":execution:") + f":{job.id}"
        give_up_at = time.monotonic() + PATIENCE_S
        while self.machines.describe_execution(executionArn=execution)["status"] == "RUNNING":
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
        return ended

    def rows(self, job: Job) -> list[LedgerRow]:
        rows = LedgerStore(self.dynamodb, self.info["table"]).rows(job.created_at * 1000 - 1000, now_ms() + 1000)
        return [row for row in rows if row.request_id == job.id]

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

    def evidence(self) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.info["bucket"], Prefix="unsettled/")
        return [each["Key"] for each in listed.get("Contents", ())]


@pytest.fixture(scope="session")
def running(
    start_stack: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, Any], FakeUpstream, Any]]:
    with FakeUpstream() as upstream:
        catalog = tmp_path_factory.mktemp("jobs") / "catalog.toml"
        catalog.write_text(CATALOG.read_text().replace("@UPSTREAM@", upstream.base_url))
        yield start_stack(AUDIO_GATEWAY_CATALOG=str(catalog)), upstream, catalog_from(str(catalog))


@pytest.fixture
def workshop(running: tuple[dict[str, Any], FakeUpstream, Any], monkeypatch: pytest.MonkeyPatch) -> Workshop:
    info, upstream, catalog = running
    upstream.reset()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", info["aws_endpoint_url"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", info["region"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", info["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", info["aws_secret_access_key"])
    dynamodb, machines = boto3.client("dynamodb"), boto3.client("stepfunctions")
    (machine,) = machines.list_state_machines()["stateMachines"]
    key = Directory(dynamodb, info["table"]).create_key("api", name="a customer")
    meter = DynamoMeter(dynamodb, info["table"], hold_seconds=HOLD_SECONDS)
    desk = JobDesk(
        store=JobStore(dynamodb, info["table"]),
        files=JobFiles(info["bucket"]),
        executions=Executions(machine["stateMachineArn"]),
        till=JobTill(meter, UnsettledStore(info["bucket"])),
        now_ms=now_ms,
    )
    caller = Caller(key.record.id, "default")
    return Workshop(info, upstream, catalog, desk, dynamodb, boto3.client("s3"), machines, caller)
