"""Answers in the gateway's bucket: `answers/<project id>/<SHA-256 of the key>/<request id>`, encrypted, for a day.

An object is one line of JSON (headers, length and SHA-256 of the body, the hold that pays) followed by the body. It is
one object, so there is never half of an answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from audio_gateway.aws.clients import ObjectAbsent, aws_client, map_aws_errors, map_object_errors, put_in_parts
from audio_gateway.errors import IdempotencyUnavailable
from audio_gateway.idempotency.idempotency import ApiResponse, Claim, StoredAnswer
from audio_gateway.metering.account_item import hold_from_text, hold_text
from audio_gateway.spool import Spool

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

_READ_BYTES: Final = 1_048_576  # with each read; the first line is shorter
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
        head, body = _head(stored), stored.answer.body
        with map_aws_errors(IdempotencyUnavailable, _UNAVAILABLE.format("stored")):
            if isinstance(body, Spool):
                parts = _parts(head, body)
                put_in_parts(self._client, self._bucket, _name(claim), parts, ServerSideEncryption="AES256")
            else:
                self._client.put_object(
                    Bucket=self._bucket, Key=_name(claim), Body=head + body, ServerSideEncryption="AES256"
                )

    def find(self, claim: Claim) -> StoredAnswer | None:
        """See `Answers.find`."""
        key, message = _name(claim), _UNAVAILABLE.format("read")
        with (
            suppress(ObjectAbsent),
            map_object_errors(self._client, self._bucket, key, IdempotencyUnavailable, message),
        ):
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
            return _unpacked(iter(lambda: body.read(_READ_BYTES), b""))
        return None


def _name(claim: Claim) -> str:
    return f"answers/{claim.project_id}/{claim.key_sha256}/{claim.request_id}"


def _head(stored: StoredAnswer) -> bytes:
    answer, hold = stored.answer, stored.hold
    length, sha256 = 0, hashlib.sha256()
    for piece in answer.body.pieces() if isinstance(answer.body, Spool) else (answer.body,):
        length += len(piece)
        sha256.update(piece)
    head = {
        "headers": dict(answer.headers),
        "ignored": answer.ignored,
        "length": length,
        "sha256": sha256.hexdigest(),
        "key_id": hold.caller.key_id,
        "request_id": hold.work.request_id,
        "hold": hold_text(hold),
        "status": answer.status,
    }
    return json.dumps(head, separators=(",", ":")).encode() + b"\n"


def _parts(head: bytes, body: Spool) -> Iterator[bytes]:
    pieces = body.pieces()
    yield head + next(pieces)
    yield from pieces


def _unpacked(data: Iterator[bytes]) -> StoredAnswer | None:
    line, _, beginning = next(data, b"").partition(b"\n")
    try:
        head: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    spool, sha256 = Spool(), hashlib.sha256()
    try:
        for piece in chain((beginning,), data):
            spool.write(piece)
            sha256.update(piece)
    except BaseException:
        spool.close()
        raise
    body = spool.body()
    is_whole = (spool.size, sha256.hexdigest()) == (head["length"], head["sha256"])
    if isinstance(body, bytes) or not is_whole:
        spool.close()
    if not is_whole:
        return None
    hold = hold_from_text(head["key_id"], head["request_id"], head["hold"])
    # Answers of earlier versions have no status, which was 200.
    return StoredAnswer(ApiResponse(head["headers"], body, tuple(head["ignored"]), head.get("status", 200)), hold)
