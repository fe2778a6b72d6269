"""Every minute: settles expired holds, and ends jobs that have stopped or are to be cancelled."""

import os

from audio_gateway import init_phase
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
from audio_gateway.workers.scheduled import sweeps

settings = SweeperSettings.from_env(os.environ)
client = patient_dynamodb_client()
jobs = JobStore(client, settings.table)
sweeper = Sweeper(
    client,
    settings.table,
    Directory(client, settings.table),
    WorkOutcomes(jobs, PendingSettlementStore(settings.bucket, patient=True)),
    late_rows_on_aws(client, settings.table, settings.lateness),
)
ending = EndFunction(settings.end_function)
lost_jobs = OrphanedJobs(
    jobs,
    Executions(settings.machine_arn),
    ending.end,
    ending.cancel,
    patience_s=2 * settings.lateness.sweep_s,
    now_s=lambda: now_ms() // 1000,
)
archived = ArchivedProjects(
    Archive(client, settings.table),
    jobs,
    UploadStore(client, settings.table, settings.bucket),
    now_s=lambda: now_ms() // 1000,
)
handler = init_phase.done(sweeps(sweeper, lost_jobs, archived))
