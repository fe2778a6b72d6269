"""The second argument of a handler: AWS Lambda developer guide, "Using the Lambda context object for Python"."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Final

from audio_gateway.lambda_runtime.runtime_api import Invocation

_CLIENT: Final = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


class LambdaContext:
    """What a handler may ask about the function and the invocation."""

    def __init__(self, invocation: Invocation, environ: Mapping[str, str]) -> None:
        self.aws_request_id = invocation.request_id
        self.invoked_function_arn = invocation.function_arn
        self.tenant_id = invocation.tenant_id
        self.function_name = environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.client_context = _client_context(_parsed(invocation.client_context))
        identity = _parsed(invocation.cognito_identity) or {}
        self.identity = SimpleNamespace(
            cognito_identity_id=identity.get("cognitoIdentityId"),
            cognito_identity_pool_id=identity.get("cognitoIdentityPoolId"),
        )
        self._deadline = invocation.deadline

    def get_remaining_time_in_millis(self) -> int:
        """Return how many milliseconds remain until Lambda ends the invocation, and 0 after that."""
        return max(0, int((self._deadline - time.time()) * 1000))


def _parsed(header: str | None) -> Any:
    """Parse a header in JSON, which is UTF-8. Raises `ValueError`."""
    return json.loads(header.encode("latin-1")) if header else None


def _client_context(sent: Any) -> SimpleNamespace | None:
    if sent is None:
        return None
    client = sent.get("client")
    return SimpleNamespace(
        custom=sent.get("custom"),
        env=sent.get("env"),
        client=None if client is None else SimpleNamespace(**{name: client.get(name) for name in _CLIENT}),
    )
