"""GET /v1/organization/usage/…, /v1/organization/costs, /v1/organization/ledger and /v1/usage."""

import os

from audio_gateway import init_phase
from audio_gateway.api.app import lambda_handler
from audio_gateway.api.results import ResultStore
from audio_gateway.api.settings import StorageSettings
from audio_gateway.api.usage.app import usage_app
from audio_gateway.api.usage.ledger_export import Source
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.metering.books import DynamoBooks
from audio_gateway.metering.dynamodb import patient_dynamodb_client
from audio_gateway.metering.frontier import Frontier
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.names import DirectoryNames
from audio_gateway.metering.table import Table

settings = StorageSettings.from_env(os.environ)
client = patient_dynamodb_client(attempts=3)
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
handler = init_phase.done(lambda_handler(app, "usage", settings.origins))
