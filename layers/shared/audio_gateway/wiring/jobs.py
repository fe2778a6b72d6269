"""The jobs function on AWS."""

from __future__ import annotations

from audio_gateway.api.active_key import active_caller
from audio_gateway.api.http.app import App
from audio_gateway.api.jobs import jobs_app
from audio_gateway.aws.dynamodb import dynamodb_client
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.metering.pending_settlements import PendingSettlementStore
from audio_gateway.metering.waiting_polls import WaitingPolls
from audio_gateway.storage.results import ResultStore
from audio_gateway.wiring.job_starting import job_service_on_aws
from audio_gateway.wiring.job_stopping import job_stopping_on_aws
from audio_gateway.wiring.settings import JobsSettings


def jobs_on_aws(settings: JobsSettings) -> App:
    """Jobs in the table, their results in the bucket, and the state machine that runs them."""
    client, table = dynamodb_client(), settings.table
    job_service = job_service_on_aws(
        client,
        table,
        settings.bucket,
        settings.machine_arn,
        PendingSettlementStore(settings.bucket),
        settings.lateness,
    )
    stopping = job_stopping_on_aws(
        job_service,
        catalog=settings.catalog,
        end_function=settings.end_function,
        webhook_queue_url=settings.webhook_queue_url,
    )
    return jobs_app(
        stopping=stopping,
        results=ResultStore(settings.bucket),
        waits=WaitingPolls(client, table),
        writer_of=active_caller(AccountStore(client, table)),
    )
