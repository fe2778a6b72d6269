"""Says who holds an API key: one read of DynamoDB, and nothing imported that this does not need.

API Gateway caches the answer per Authorization header for the time that template.yaml states, so a key that is
disabled stays usable for that long. The policy allows the whole stage, because the cached one serves every path.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from audio_gateway.identity.key_store import KeyStore
from audio_gateway.identity.keys import KeyRecord, hash_key

_MAX_HEADER = 512


class Unauthorized(Exception):
    """API Gateway answers 401 if the authorizer fails with exactly this word, and 500 for any other failure."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class Authorizer:
    """Turns a REQUEST authorizer event into a policy; `now_s` is the clock in Unix seconds."""

    def __init__(self, keys: KeyStore, now_s: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._now_s = now_s

    def handle(self, event: Mapping[str, Any], _context: object) -> dict[str, Any]:
        """A policy with the key's ids as context, and why a known key is refused. An unknown one raises."""
        value = bearer_token(event)
        record = None if value is None else self._keys.get(hash_key(value))
        if record is None:
            raise Unauthorized
        return _policy(record, record.refusal_at(int(self._now_s())), _whole_stage(event["methodArn"]))


def bearer_token(event: Mapping[str, Any]) -> str | None:
    """The key in the Authorization header, whatever the case of its name and scheme; None if there is none."""
    headers = event.get("headers") or {}
    header = next((value for name, value in headers.items() if name.lower() == "authorization"), None)
    if not header or len(header) > _MAX_HEADER:
        return None
    scheme, _, value = header.strip().partition(" ")
    value = value.strip()
    return value if scheme.lower() == "bearer" and value else None


def _whole_stage(method_arn: str) -> str:
    """`arn:aws:execute-api:region:account:api/stage/*` from the ARN of one method."""
    return "/".join([*method_arn.split("/")[:2], "*"])


def _policy(record: KeyRecord, refusal: str | None, resource: str) -> dict[str, Any]:
    effect = "Allow" if refusal is None else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    context = {
        "key_id": record.id,
        "kind": record.kind,
        "project_id": record.project_id,
        "organization_id": record.organization_id,
    }
    if refusal is not None:
        context["refusal"] = refusal  # for the gateway response ACCESS_DENIED
    elif record.expires_at is not None:
        context["expires_at"] = str(record.expires_at)  # for the functions: the policy is remembered for a while
    return {
        "principalId": record.id,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }
