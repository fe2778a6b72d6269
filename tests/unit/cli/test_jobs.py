"""`jobs`: what is open in all projects, what became of the others, and how to end one."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from audio_gateway.jobs.job import JOB_KEPT_SECONDS, Job, JobError, new_job_id
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.jobs.plan import ChunkSpan, JobPlan
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from tests.unit.cli.operator import Operator, operator
from tests.unit.cli.shapes import assert_documented
from tests.unit.metering.tables import TABLE, dynamodb

__all__ = ["dynamodb", "operator"]


class Board:
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
def board(operator: Operator) -> Board:
    return Board(operator)


def test_open_jobs_of_all_projects_are_listed_the_oldest_first(operator: Operator, board: Board) -> None:
    project = operator.directory.projects.create("tenant").id
    young, old = board.job(10), board.running(7300, project)
    board.failed()
    data = operator.json("jobs", "list")
    assert_documented(data)
    assert [each["id"] for each in data["data"]] == [old.id, young.id]
    stuck = data["data"][0]
    assert (stuck["status"], stuck["project_id"], stuck["key_id"]) == ("running", project, board.key.record.id)
    assert (stuck["model"], stuck["progress"]) == ("whisper-1", {"completed": 0, "total": 3})
    assert 7300 <= stuck["age_seconds"] < 7400
    assert (stuck["open"], stuck["held_usd"], stuck["price_usd"], stuck["error"]) == (True, "0.006150", None, None)
    assert [each["id"] for each in operator.json("jobs", "list", "--project", project)["data"]] == [old.id]
    (line,) = (line for line in operator("jobs", "list").stdout.splitlines() if old.id in line)
    assert all(part in line for part in ("running", "2 h 1 min", project, "ACME production", "whisper-1", "0 of 3"))


def test_an_empty_list_says_that_it_is_empty(operator: Operator) -> None:
    operator.key()
    assert "There are no open jobs." in operator("jobs", "list").stderr
    assert "There are no jobs." in operator("jobs", "list", "--all").stderr
    assert "There are no endpoints." in operator("webhooks", "list").stderr


def test_all_jobs_are_listed_with_what_became_of_them(operator: Operator, board: Board) -> None:
    failed, young = board.failed(100), board.job(10)
    data = operator.json("jobs", "list", "--all")["data"]
    assert [(each["id"], each["status"]) for each in data] == [(young.id, "queued"), (failed.id, "failed")]
    assert data[1]["error"] == {"code": "provider_unavailable", "message": "The provider is down."}
    assert (data[1]["open"], data[1]["age_seconds"]) == (False, 30)
    assert len(operator.json("jobs", "list", "--all", "--limit", "1")["data"]) == 1
    assert "provider_unavailable: The provider is down." in operator("jobs", "list", "--all").stdout


def test_a_job_is_shown_whatever_its_project(operator: Operator, board: Board) -> None:
    project = operator.directory.projects.create("tenant").id
    job, failed = board.running(65, project), board.failed()
    data = operator.json("jobs", "show", job.id)
    assert_documented(data)
    assert (data["id"], data["project_id"], data["status"]) == (job.id, project, "running")
    shown = operator("jobs", "show", failed.id).stdout
    assert all(part in shown for part in ("failed", "provider_unavailable The provider is down.", "0.006150"))
    for unknown in ("job_" + "0" * 24, "job_x", "x" * 300):
        assert "No project has a job" in operator("jobs", "show", unknown, code=1).stderr


def test_what_is_open_without_a_job_is_seen(operator: Operator, board: Board) -> None:
    """A start that died after its first write, or a deletion before its last."""
    job = board.job(500)
    board.store.finish(job, "cancelled", at_ms=1)
    board.store.delete(replace(job, status="cancelled"))
    (seen,) = operator.json("jobs", "list")["data"]
    assert (seen["id"], seen["status"], seen["open"], seen["key_id"]) == (job.id, "unknown", True, None)
    assert operator.json("jobs", "show", job.id) == seen
    assert "unknown" in operator("jobs", "list").stdout


def test_an_operator_cancels_a_job_after_a_question(operator: Operator, board: Board) -> None:
    job = board.running()
    assert "Nothing was changed" in operator("jobs", "cancel", job.id, code=1, answer="n\n").stderr
    assert operator.json("jobs", "show", job.id)["cancel_asked"] is False
    assert "within two minutes" in operator("jobs", "cancel", job.id, answer="y\n").stdout
    data = operator.json("jobs", "cancel", job.id, "--yes")  # safe to repeat
    assert_documented(data)
    assert (data["status"], data["cancel_asked"]) == ("running", True)
    assert "being cancelled" in operator("jobs", "list").stdout


def test_a_job_that_is_over_is_not_cancelled(operator: Operator, board: Board) -> None:
    failed, settling = board.failed(), board.job()
    board.store.finish(settling, "succeeded", at_ms=int(time.time() * 1000))
    for job, status in ((failed, "failed"), (settling, "succeeded")):
        assert f"has ended ({status})" in operator("jobs", "cancel", job.id, "--yes", code=1).stderr
    assert "being settled" in operator("jobs", "list").stdout
