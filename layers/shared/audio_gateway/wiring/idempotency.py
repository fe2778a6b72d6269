"""Idempotency on AWS: claims, attempts and payments in the table, responses in the bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audio_gateway.aws.table import Table
from audio_gateway.idempotency.answer_store import AnswerStore
from audio_gateway.idempotency.attempt_store import CallAttemptStore
from audio_gateway.idempotency.claim_store import ClaimStore
from audio_gateway.idempotency.idempotency import Idempotency
from audio_gateway.idempotency.payments import LedgerPayments
from audio_gateway.idempotency.repetition import Repetitions
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.pending_settlements import PendingSettlements

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


def idempotency_on_aws(
    client: DynamoDBClient, table: str, bucket: str, pending_settlements: PendingSettlements
) -> Idempotency:
    """What an Idempotency-Key needs. Clients are created when a request first has one."""
    payments = _payments(client, table, pending_settlements)
    return Idempotency(ClaimStore(client, table), AnswerStore(bucket), payments)


def repetitions_on_aws(client: DynamoDBClient, table: str, pending_settlements: PendingSettlements) -> Repetitions:
    """What a repeated call without an Idempotency-Key needs."""
    payments = _payments(client, table, pending_settlements)
    return Repetitions(CallAttemptStore(client, table), JobStore(client, table), payments)


def _payments(client: DynamoDBClient, table: str, pending_settlements: PendingSettlements) -> LedgerPayments:
    return LedgerPayments(Table(client, table), pending_settlements, JobStore(client, table))
