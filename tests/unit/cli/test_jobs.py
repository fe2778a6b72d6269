"""`jobs`: list, show and cancel the jobs of all projects."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from audio_gateway.cli.gateway import Gateway
from audio_gateway.jobs.job import JOB_KEPT_SECONDS, Job, JobError, new_job_id
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.plan import ChunkSpan, JobPlan
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from tests.unit.cli.operator import Operator
from tests.unit.cli.shapes import assert_documented
from tests.unit.metering.tables import TABLE


class JobTable:
    """Jobs in the gateway's table."""

    def __init__(self, operator: Operator) -> None:
        self.store = JobStore(operator.client, TABLE)
        self.key = operator.key("ACME production")

    def job(self, ago_s: int = 0, project_id: str = "default") -> Job:
        now_s = int(time.time()) - ago_s
        key_id = self.key.record.id
        job_id = new_job_id(now_s * 1000)
        work = MeteredRequest(job_id, "transcriptions", "whisper-1", "audio_ms", 61_500, 6_150, 4_000)
        hold = Hold(Payer(key_id, project_id), work, now_s * 1000, now_s + 3600)
        ends_s = now_s + JOB_KEPT_SECONDS
        job = Job(job_id, project_id, key_id, "transcriptions", "whisper-1", "queued", now_s, ends_s, hold=hold)
        self.store.create(job)
        return job

    def running(self, ago_s: int = 0, project_id: str = "default") -> Job:
        job = self.job(ago_s, project_id)
        self.store.begin(job, JobPlan(61_500, tuple(ChunkSpan(at, at + 10) for at in range(3))))
        return job

    def failed(self, ago_s: int = 0) -> Job:
        job = self.job(ago_s)
        error = JobError("The provider is down.", "provider_unavailable", 503, "service_unavailable_error")
        ended = self.store.finish(job, "failed", at_ms=int(time.time() - ago_s + 30) * 1000, error=error)
        assert ended is not None
        self.store.close(job.id)
        return ended


@pytest.fixture
def job_table(operator: Operator) -> JobTable:
    return JobTable(operator)


def test_open_jobs_of_all_projects_are_listed_oldest_first(operator: Operator, job_table: JobTable) -> None:
    project = operator.directory.create_project("tenant").id
    young, old = job_table.job(10), job_table.running(7300, project)
    job_table.failed()
    data = operator.json("jobs", "list")
    assert_documented(data)
    assert [each["id"] for each in data["data"]] == [old.id, young.id]
    stuck = data["data"][0]
    assert (stuck["status"], stuck["project_id"], stuck["key_id"]) == ("running", project, job_table.key.record.id)
    assert (stuck["model"], stuck["progress"]) == ("whisper-1", {"completed": 0, "total": 3})
    assert 7300 <= stuck["age_seconds"] < 7400
    assert (stuck["open"], stuck["held_usd"], stuck["price_usd"], stuck["error"]) == (True, "0.006150", None, None)
    assert [each["id"] for each in operator.json("jobs", "list", "--project", project)["data"]] == [old.id]
    (line,) = (line for line in operator("jobs", "list").stdout.splitlines() if old.id in line)
    assert all(part in line for part in ("running", "2 h 1 min", project, "ACME production", "whisper-1", "0 of 3"))


def test_an_empty_list_prints_a_message(operator: Operator) -> None:
    operator.key()
    assert "There are no open jobs." in operator("jobs", "list").stderr
    assert "There are no jobs." in operator("jobs", "list", "--all").stderr
    assert "There are no endpoints." in operator("webhooks", "list").stderr


def test_all_jobs_are_listed_with_their_status(operator: Operator, job_table: JobTable) -> None:
    failed, young = job_table.failed(100), job_table.job(10)
    data = operator.json("jobs", "list", "--all")["data"]
    assert [(each["id"], each["status"]) for each in data] == [(young.id, "queued"), (failed.id, "failed")]
    assert data[1]["error"] == {"code": "provider_unavailable", "message": "The provider is down."}
    assert (data[1]["open"], data[1]["age_seconds"]) == (False, 30)
    assert len(operator.json("jobs", "list", "--all", "--limit", "1")["data"]) == 1
    assert "provider_unavailable: The provider is down." in operator("jobs", "list", "--all").stdout


def test_a_job_of_any_project_is_shown(operator: Operator, job_table: JobTable) -> None:
    project = operator.directory.create_project("tenant").id
    job, failed = job_table.running(65, project), job_table.failed()
    data = operator.json("jobs", "show", job.id)
    assert_documented(data)
    assert (data["id"], data["project_id"], data["status"]) == (job.id, project, "running")
    shown = operator("jobs", "show", failed.id).stdout
    assert all(part in shown for part in ("failed", "provider_unavailable The provider is down.", "0.006150"))
    for unknown in ("job_" + "0" * 24, "job_x", "x" * 300):
        assert "No project has a job" in operator("jobs", "show", unknown, code=1).stderr


def test_an_open_entry_without_a_job_is_listed(
    operator: Operator, job_table: JobTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a start that crashed after its first write, or a deletion before its last."""
    monkeypatch.setattr(Gateway, "now_ms", int(time.time() * 1000))  # both commands must show the same age
    job = job_table.job(500)
    job_table.store.finish(job, "cancelled", at_ms=1)
    job_table.store.delete(replace(job, status="cancelled"))
    (seen,) = operator.json("jobs", "list")["data"]
    assert (seen["id"], seen["status"], seen["open"], seen["key_id"]) == (job.id, "unknown", True, None)
    assert operator.json("jobs", "show", job.id) == seen
    assert "unknown" in operator("jobs", "list").stdout


def test_a_job_is_cancelled_after_a_confirmation(operator: Operator, job_table: JobTable) -> None:
    job = job_table.running()
    assert "Nothing was changed" in operator("jobs", "cancel", job.id, code=1, answer="n\n").stderr
    assert operator.json("jobs", "show", job.id)["cancel_asked"] is False
    assert "within two minutes" in operator("jobs", "cancel", job.id, answer="y\n").stdout
    data = operator.json("jobs", "cancel", job.id, "--yes")  # safe to repeat
    assert_documented(data)
    assert (data["status"], data["cancel_asked"]) == ("running", True)
    assert "being cancelled" in operator("jobs", "list").stdout


def test_an_ended_job_is_not_cancelled(operator: Operator, job_table: JobTable) -> None:
    failed, settling = job_table.failed(), job_table.job()
    job_table.store.finish(settling, "succeeded", at_ms=int(time.time() * 1000))
    for job, status in ((failed, "failed"), (settling, "succeeded")):
        assert f"has ended ({status})" in operator("jobs", "cancel", job.id, "--yes", code=1).stderr
    assert "being settled" in operator("jobs", "list").stdout
