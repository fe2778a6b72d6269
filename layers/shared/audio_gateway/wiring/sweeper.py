"""The sweeper on AWS."""

from __future__ import annotations

from audio_gateway.aws.dynamodb import patient_dynamodb_client
from audio_gateway.clock import now_ms
from audio_gateway.identity.archive import Archive
from audio_gateway.identity.directory import Directory
from audio_gateway.jobs.end_function import EndFunction
from audio_gateway.jobs.executions import Executions
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.pending_settlements import PendingSettlementStore
from audio_gateway.metering.sweeper import Sweeper
from audio_gateway.metering.work_outcomes import WorkOutcomes
from audio_gateway.uploads.upload_store import UploadStore
from audio_gateway.use_cases.archived_projects import ArchivedProjects
from audio_gateway.use_cases.jobs.orphaned import OrphanedJobs
from audio_gateway.wiring.late_rows import late_rows_on_aws
from audio_gateway.wiring.settings import SweeperSettings


def sweeper_on_aws(settings: SweeperSettings) -> tuple[Sweeper, OrphanedJobs, ArchivedProjects]:
    """Holds, jobs and uploads in the table, the state machine of jobs, and the function that ends jobs."""
    client, table = patient_dynamodb_client(), settings.table
    jobs = JobStore(client, table)
    sweeper = Sweeper(
        client,
        table,
        Directory(client, table).api_keys,
        WorkOutcomes(jobs, PendingSettlementStore(settings.bucket, patient=True)),
        late_rows_on_aws(client, table, settings.lateness),
    )
    ending = EndFunction(settings.end_function)
    orphaned = OrphanedJobs(
        jobs,
        Executions(settings.machine_arn),
        ending.end,
        ending.cancel,
        patience_s=2 * settings.lateness.sweep_s,
        now_s=_now_s,
    )
    archived = ArchivedProjects(Archive(client, table), jobs, UploadStore(client, table, settings.bucket), now_s=_now_s)
    return sweeper, orphaned, archived


def _now_s() -> int:
    return now_ms() // 1000
