"""The reports of the contract profile."""

import os
from typing import Any

from stub import meaningful_query

from audio_gateway.api.http.app import lambda_handler
from audio_gateway.wiring.settings import StorageSettings
from audio_gateway.wiring.usage import usage_on_aws

_handle = lambda_handler(usage_on_aws(StorageSettings.from_env(os.environ)), "usage")


def handler(event: dict[str, Any], context: Any) -> Any:
    """The real handler, on a query that means something."""
    return _handle(meaningful_query(event), context)
