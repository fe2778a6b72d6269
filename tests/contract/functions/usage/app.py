"""The reports of the contract profile."""

import os
from typing import Any

from stub import meaningful_query

from audio_gateway.api.app import lambda_handler
from audio_gateway.api.results import ResultStore
from audio_gateway.api.settings import StorageSettings
from audio_gateway.api.usage.app import usage_app
from audio_gateway.api.usage.ledger_export import Source
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.metering.books import DynamoBooks
from audio_gateway.metering.dynamodb import dynamodb_client
from audio_gateway.metering.frontier import Frontier
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.names import DirectoryNames
from audio_gateway.metering.table import Table

settings = StorageSettings.from_env(os.environ)
client = dynamodb_client()
app = usage_app(
    books=DynamoBooks(client, settings.table),
    exports=Source(
        ledger=LedgerStore(client, settings.table),
        names=lambda: DirectoryNames(client, settings.table),
        results=ResultStore(settings.bucket),
        beginning_ms=Frontier(Table(client, settings.table)).beginning_ms,
    ),
    accounts=AccountStore(client, settings.table),
)
_handle = lambda_handler(app, "usage")


def handler(event: dict[str, Any], context: Any) -> Any:
    """The real handler, on a query that means something."""
    return _handle(meaningful_query(event), context)
