"""A running stack with a fake provider, and measurements of its jobs: time, memory and state."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import urllib3
from boto3.s3.transfer import TransferConfig

from tests.fakes.upstream import Behaviour, Call, FakeUpstream, Reply
from tests.stack.aws import aws_of
from tests.stack.conftest import RunningStack, descendants

CATALOG = Path(__file__).parent / "jobs.toml"
STEPS = ("prepare", "chunk", "merge", "end")
PATIENCE_S = 3_600
_TICKS = os.sysconf("SC_CLK_TCK")


class TimedUpstream(FakeUpstream):
    """Gives all calls the same response after `seconds`, and records only when each call arrived.

    `never` is the number of the call, from 1, that gets no response.
    """

    def __init__(self, body: bytes, content_type: str, seconds: float = 0.0, *, never: int | None = None) -> None:
        super().__init__()
        self._reply = Reply(content_type, [body])
        self._seconds = seconds
        self._lock = threading.Lock()
        self.came: list[float] = []
        self.never = never

    def reply_to(self, call: Call) -> tuple[Reply, Behaviour]:
        with self._lock:
            self.came.append(time.monotonic())
            number = len(self.came)
        call.body, call.file = b"", None
        return self._reply, {"slow": str(PATIENCE_S if number == self.never else self._seconds)}

    def phase(self) -> float:
        """Return the seconds from the first call to the last response."""
        return max(self.came) + self._seconds - min(self.came)


@dataclass
class StepUsage:
    """The resources of a step's processes: total seconds of processor time, and peak MB of the largest process."""

    seconds: float = 0.0
    peak_mb: float = 0.0


@dataclass
class BenchStack:
    """A running stack. A job is the API's object."""

    running: RunningStack
    info: dict[str, Any]
    upstream: TimedUpstream

    @cached_property
    def _http(self) -> urllib3.PoolManager:
        # The local AWS does not respond while it joins the parts of a big file.
        retries = urllib3.Retry(40, status_forcelist=(503,), backoff_factor=0.2, backoff_max=2, allowed_methods=None)
        return urllib3.PoolManager(
            headers={"authorization": f"Bearer {self.info['api_key']}"}, timeout=60, retries=retries
        )

    def aws(self, service: str) -> Any:
        return aws_of(self.info, service, read_timeout=PATIENCE_S, retries={"total_max_attempts": 1})

    def upload(self, path: Path) -> str:
        """Upload the file, and return the id of the upload."""
        announced = self.call("POST", "/audio/uploads", {"filename": path.name, "bytes": path.stat().st_size})
        # Not through the form, which is one request: the local S3 would hold three copies of it.
        transfer = TransferConfig(multipart_chunksize=16_000_000, max_concurrency=1, use_threads=False)
        self.aws("s3").upload_file(str(path), self.info["bucket"], announced["fields"]["key"], Config=transfer)
        return str(announced["id"])

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._http.request(method, self.info["base_url"] + path, json=body)
        assert answer.status < 300, answer.data
        return dict(answer.json())

    def job(self, job_id: str) -> dict[str, Any]:
        return self.call("GET", f"/audio/jobs/{job_id}")

    def until_over(self, job_id: str, *, completed: int | None = None) -> dict[str, Any]:
        """Wait until the job has ended, or `completed` chunks are done, and return it."""
        give_up_at = time.monotonic() + PATIENCE_S
        job = self.job(job_id)
        while job["status"] in {"queued", "running"} and job["progress"]["completed"] != completed:
            assert time.monotonic() < give_up_at, job
            time.sleep(0.5)
            job = self.job(job_id)
        if completed is None:
            assert job["status"] == "succeeded", (job, self.running.log.read_text()[-4000:])
        return job

    def end(self, job_id: str) -> None:
        """Call the step that ends a job that cannot continue, as the state machine does."""
        client = self.aws("lambda")
        names = [function["FunctionName"] for function in client.list_functions()["Functions"]]
        (name,) = (name for name in names if "job-end" in name.lower() or "jobend" in name.lower())
        event = json.dumps({"project_id": "default", "job_id": job_id})
        answer = client.invoke(FunctionName=name, Payload=event)
        assert "FunctionError" not in answer, answer["Payload"].read()

    def size_of_result(self, job_id: str) -> int:
        head = self.aws("s3").head_object(Bucket=self.info["bucket"], Key=f"jobs/default/{job_id}/result")
        return int(head["ContentLength"])

    def seconds(self, job_id: str, last: str) -> dict[str, float]:
        """Return the time of each step by its log (median of the chunks). Waits for the end of the `last` step."""
        while last not in (found := self._logged(job_id)):
            time.sleep(0.1)
        return {step: statistics.median(each) for step, each in found.items()}

    def _logged(self, job_id: str) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {}
        for line in self.running.log.read_text("utf-8", "replace").splitlines():
            with contextlib.suppress(ValueError):
                said = json.loads(line.partition(" | ")[2])
                if isinstance(said, dict) and said.get("job_id") == job_id and "step" in said:
                    found.setdefault(said["step"], []).append(said["elapsed_ms"] / 1000)
        return found

    def usage(self) -> dict[str, StepUsage]:
        """Return the resources by step, since the start of its processes."""
        usage = {step: StepUsage() for step in STEPS}
        for pid in descendants(self.running.process.pid):
            process = Path(f"/proc/{pid}")
            folder = (process / "cwd").readlink().name
            if not folder.startswith("job_"):
                continue
            of_step = usage[folder.removeprefix("job_")]
            fields = (process / "stat").read_text().rsplit(") ", 1)[1].split()
            of_step.seconds += (int(fields[11]) + int(fields[12])) / _TICKS
            status = (process / "status").read_text().splitlines()
            peak_kb = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
            of_step.peak_mb = max(of_step.peak_mb, peak_kb / 1024)
        return usage

    def history(self, job_id: str) -> list[dict[str, Any]]:
        client = self.aws("stepfunctions")
        (machine,) = client.list_state_machines()["stateMachines"]
        arn = machine["stateMachineArn"].replace(":stateMachine:", ":execution:") + f":{job_id}"
        pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]


@contextlib.contextmanager
def started(upstream: TimedUpstream) -> Iterator[BenchStack]:
    """Run a new stack, so that its memory peaks and cold starts belong to one measurement."""
    with upstream, tempfile.TemporaryDirectory() as folder:
        catalog = Path(folder) / "catalog.toml"
        catalog.write_text(CATALOG.read_text().replace("@UPSTREAM@", upstream.base_url))
        running = RunningStack(Path(folder), {"AUDIO_GATEWAY_CATALOG": str(catalog)})
        try:
            yield BenchStack(running, running.wait_until_ready(), upstream)
        finally:
            if running.process.poll() is None:
                running.stop()
