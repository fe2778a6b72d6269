"""Idempotency as the functions use it: claims in the table, answers in the bucket, payments in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.table import Table
from audio_gateway.metering.unsettled import Unsettled
from audio_gateway.replay.answer_store import AnswerStore
from audio_gateway.replay.claim_store import ClaimStore
from audio_gateway.replay.idempotency import Idempotency
from audio_gateway.replay.payments import LedgerPayments

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


def idempotency_on_aws(client: DynamoDBClient, table: str, bucket: str, unsettled: Unsettled) -> Idempotency:
    """All that an Idempotency-Key needs. Nothing is called, and nothing more imported, before one comes."""
    payments = LedgerPayments(Table(client, table), unsettled, JobStore(client, table))
    return Idempotency(ClaimStore(client, table), AnswerStore(bucket), payments)
