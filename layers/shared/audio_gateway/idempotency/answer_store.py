"""Answers in the gateway's bucket: `answers/<project id>/<SHA-256 of the key>/<request id>`, encrypted, for a day.

An object is one line of JSON (headers, length and SHA-256 of the body, the hold that pays) followed by the body. It is
one object, so there is never half of an answer.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from audio_gateway.aws.clients import ObjectAbsent, aws_client, map_aws_errors, map_object_errors
from audio_gateway.errors import IdempotencyUnavailable
from audio_gateway.idempotency.idempotency import ApiResponse, Claim, StoredAnswer
from audio_gateway.metering.account_item import hold_from_text, hold_text

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

_UNAVAILABLE: Final = "The answer to this Idempotency-Key cannot be {} now; nothing is charged. Try again."


class AnswerStore:
    """See `Answers`."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    @cached_property
    def _client(self) -> S3Client:
        # Made on first use: requests without an Idempotency-Key do not pay for it.
        client: S3Client = aws_client("s3", connect_timeout=1.0, read_timeout=1.5, attempts=2)
        return client

    def keep(self, claim: Claim, stored: StoredAnswer) -> None:
        """See `Answers.keep`."""
        with map_aws_errors(IdempotencyUnavailable, _UNAVAILABLE.format("stored")):
            self._client.put_object(
                Bucket=self._bucket, Key=_name(claim), Body=_packed(stored), ServerSideEncryption="AES256"
            )

    def find(self, claim: Claim) -> StoredAnswer | None:
        """See `Answers.find`."""
        key, message = _name(claim), _UNAVAILABLE.format("read")
        with (
            suppress(ObjectAbsent),
            map_object_errors(self._client, self._bucket, key, IdempotencyUnavailable, message),
        ):
            data = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            return _unpacked(data)
        return None


def _name(claim: Claim) -> str:
    return f"answers/{claim.project_id}/{claim.key_sha256}/{claim.request_id}"


def _packed(stored: StoredAnswer) -> bytes:
    answer, hold = stored.answer, stored.hold
    head = {
        "headers": dict(answer.headers),
        "ignored": answer.ignored,
        "length": len(answer.body),
        "sha256": hashlib.sha256(answer.body).hexdigest(),
        "key_id": hold.caller.key_id,
        "request_id": hold.work.request_id,
        "hold": hold_text(hold),
        "status": answer.status,
    }
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + answer.body


def _unpacked(data: bytes) -> StoredAnswer | None:
    line, _, body = data.partition(b"\n")
    try:
        head: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    if (len(body), hashlib.sha256(body).hexdigest()) != (head["length"], head["sha256"]):
        return None
    hold = hold_from_text(head["key_id"], head["request_id"], head["hold"])
    # Answers of earlier versions have no status, which was 200.
    return StoredAnswer(ApiResponse(head["headers"], body, tuple(head["ignored"]), head.get("status", 200)), hold)
