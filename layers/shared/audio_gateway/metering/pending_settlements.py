"""Pending settlements: answers that were given although they could not be written into the ledger.

An expired hold alone does not say whether its request was answered: its process may have died before. So a handler that
gives an answer which it could not write into the ledger stores a pending settlement, in another service than the one
that just failed. The sweeper charges the hold with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from audio_gateway.aws.clients import ObjectAbsent, aws_client, map_aws_errors, map_object_errors, timeout_s
from audio_gateway.catalog.line_items import line_items_from, line_items_text
from audio_gateway.errors import MeteringUnavailable
from audio_gateway.metering.account import Hold, MeteredRequest

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client


@dataclass(frozen=True, slots=True)
class PendingSettlement:
    """The work that was done for a hold, and the stamp of its ledger row in Unix milliseconds.

    The stamp is the moment of admission for a request, and the end for a job: a job that runs for hours is written into
    the part of the ledger that is still open.
    """

    work: MeteredRequest
    at_ms: int


class PendingSettlements(Protocol):
    """Stores the work that was done for a hold, until the hold is settled."""

    def keep(self, hold: Hold, work: MeteredRequest, at_ms: int | None = None) -> None:
        """Store that the hold's request was answered with this work. Safe to repeat.

        `at_ms` is the stamp of its row if that is not the moment of admission.

        Raises:
            MeteringUnavailable: it cannot be written; the hold will not be charged.
        """
        ...

    def find(self, hold: Hold) -> PendingSettlement | None:
        """The pending settlement of the hold, None if there is none.

        Raises:
            MeteringUnavailable: it cannot be read now.
        """
        ...

    def forget(self, hold: Hold) -> None:
        """Remove the pending settlement of a hold that is settled. Safe to repeat; raises `MeteringUnavailable`."""
        ...


# Seconds. S3 stores a small object within some 50 ms, and connecting takes as long. Behind a request's deadline are
# 2.5 s (api/http/app.py), of which the failed write of the ledger row took 1.75 (dynamodb.py).
_TIMEOUT_S: Final = 0.34
_ATTEMPTS: Final = 2
_PAUSE_S: Final = 0.05  # between two tries, at most

LONGEST_SETTLEMENT_WRITE_S: Final = _ATTEMPTS * _TIMEOUT_S + _PAUSE_S
"""The longest that a failed `keep` takes: 0.73 s. Each try fails to connect, or gets no answer."""

# For background work.
_PATIENT_CONNECT_TIMEOUT_S: Final = 1.0
_PATIENT_READ_TIMEOUT_S: Final = 3.0
_PATIENT_ATTEMPTS: Final = 3


class PendingSettlementStore:
    """Small objects `unsettled/<key id>/<request id>` in the gateway's bucket: ids, numbers and a model, no content.

    `patient` is for background work: the ends of jobs, and the sweeper.
    """

    def __init__(self, bucket: str, *, patient: bool = False) -> None:
        self._bucket = bucket
        self._patient = patient

    @cached_property
    def _client(self) -> S3Client:
        # Made on first use: settling rarely fails, and a client takes much of a cold start.
        connect_s = _PATIENT_CONNECT_TIMEOUT_S if self._patient else timeout_s(_TIMEOUT_S)
        read_s = _PATIENT_READ_TIMEOUT_S if self._patient else timeout_s(_TIMEOUT_S)
        attempts = _PATIENT_ATTEMPTS if self._patient else _ATTEMPTS
        client: S3Client = aws_client("s3", connect_timeout=connect_s, read_timeout=read_s, attempts=attempts)
        return client

    def keep(self, hold: Hold, work: MeteredRequest, at_ms: int | None = None) -> None:
        """See `PendingSettlements.keep`."""
        stamp = hold.admitted_ms if at_ms is None else at_ms
        items = line_items_text(work.items)
        done = [
            work.model, work.amount, work.price_microusd, work.cost_microusd, stamp, items, work.unbilled_cost_microusd,
        ]  # fmt: skip
        body = json.dumps(done, ensure_ascii=False)
        with map_aws_errors(MeteringUnavailable):
            self._client.put_object(Bucket=self._bucket, Key=_name(hold), Body=body.encode())

    def find(self, hold: Hold) -> PendingSettlement | None:
        """See `PendingSettlements.find`."""
        try:
            with map_object_errors(self._client, self._bucket, _name(hold), MeteringUnavailable):
                body = self._client.get_object(Bucket=self._bucket, Key=_name(hold))["Body"].read()
        except ObjectAbsent:
            return None
        # Earlier versions wrote fewer values: without the last one, the line items, or the stamp.
        model, amount, price, cost, *more = json.loads(body)
        stamp = more[0] if more else hold.admitted_ms
        items = line_items_from(more[1]) if more[1:] else ()
        unbilled = more[2] if more[2:] else 0
        held = hold.work
        work = MeteredRequest(held.request_id, held.endpoint, model, held.unit, amount, price, cost, items, unbilled)
        return PendingSettlement(work, stamp)

    def forget(self, hold: Hold) -> None:
        """See `PendingSettlements.forget`."""
        with map_aws_errors(MeteringUnavailable):
            self._client.delete_object(Bucket=self._bucket, Key=_name(hold))


def _name(hold: Hold) -> str:
    return f"unsettled/{hold.caller.key_id}/{hold.work.request_id}"
