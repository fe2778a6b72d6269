"""Evidence of answers that were given although they could not be settled.

An expired hold alone does not say whether its request was answered: a process may have died before it gave anything
away. So a handler that gives an answer which it could not write into the ledger leaves this behind, in another service
than the one that just failed, and the sweeper charges the hold by it.
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
    """The work that was done for a hold, and the moment in unix milliseconds that its ledger row is stamped with.

    That is the moment of admission for a request, and the end of a job: one that runs for hours is written into the
    part of the ledger that is still open.
    """

    work: MeteredRequest
    at_ms: int


class PendingSettlements(Protocol):
    """Keeps the work that was done for a hold, until somebody settles it."""

    def keep(self, hold: Hold, work: MeteredRequest, at_ms: int | None = None) -> None:
        """Leave evidence that the hold's request was answered with this work. Safe to repeat.

        `at_ms` is the stamp of its row where that is not the moment of admission.

        Raises:
            MeteringUnavailable: it cannot be written; nobody will charge the hold.
        """
        ...

    def find(self, hold: Hold) -> PendingSettlement | None:
        """What was done for the hold, None if nobody left evidence.

        Raises:
            MeteringUnavailable: it cannot be read now, so nothing can be said.
        """
        ...

    def forget(self, hold: Hold) -> None:
        """Remove the evidence of a hold that is settled. Safe to repeat; raises `MeteringUnavailable`."""
        ...


# Seconds. S3 takes a small object within some 50 ms, and a connection as fast. Behind a request's deadline are 2.5 s
# (api/http/app.py), of which the ledger row that could not be written took 1.75 (dynamodb.py).
_TIMEOUT_S: Final = 0.34
_ATTEMPTS: Final = 2
_PAUSE_S: Final = 0.05  # between two tries, at most

LONGEST_KEEP_S: Final = _ATTEMPTS * _TIMEOUT_S + _PAUSE_S
"""What it takes at most to find out that evidence cannot be kept: 0.73 s. A try fails to connect, or gets no answer."""

# Where nobody waits.
_PATIENT_CONNECT_TIMEOUT_S: Final = 1.0
_PATIENT_READ_TIMEOUT_S: Final = 3.0
_PATIENT_ATTEMPTS: Final = 3


class PendingSettlementStore:
    """Small objects `unsettled/<key id>/<request id>` in the gateway's bucket: ids, numbers and a model, no content.

    `patient` is for those for whom nobody waits: the ends of jobs, and the sweeper.
    """

    def __init__(self, bucket: str, *, patient: bool = False) -> None:
        self._bucket = bucket
        self._patient = patient

    @cached_property
    def _client(self) -> S3Client:
        # Made on first use: a request whose settling fails is rare, and a client costs much of a cold start.
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
        # Evidence of versions before this one ends earlier: without the last, the line items, or the stamp, too.
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
