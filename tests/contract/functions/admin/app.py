"""The admin API of the contract profile."""

import os
from typing import Any

from placeholders import existing
from stub import meaningful_query

from audio_gateway.api.admin.app import admin_app
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.aws.dynamodb import dynamodb_client
from audio_gateway.identity.directory import Directory
from audio_gateway.wiring.settings import TableSettings

settings = TableSettings.from_env(os.environ)
directory = Directory(dynamodb_client(), settings.table)
_handle = lambda_handler(admin_app(directory=directory), "admin")


def handler(event: dict[str, Any], context: Any) -> Any:
    """The real handler, on an event that means something."""
    return _handle(existing(directory, meaningful_query(event)), context)
