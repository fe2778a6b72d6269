"""GET /v1/organization/usage/…, /v1/organization/costs, /v1/organization/ledger and /v1/usage."""

import os

from audio_gateway import init_phase
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.usage.app import usage_app
from audio_gateway.api.usage.ledger_export import ExportSource
from audio_gateway.aws.dynamodb import patient_dynamodb_client
from audio_gateway.aws.table import Table
from audio_gateway.identity.directory_names import DirectoryNames
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.storage.results import ResultStore
from audio_gateway.usage.reports import DynamoUsageReports
from audio_gateway.usage.watermark import Watermark
from audio_gateway.wiring.settings import StorageSettings

settings = StorageSettings.from_env(os.environ)
client = patient_dynamodb_client(attempts=3)
app = usage_app(
    reports=DynamoUsageReports(client, settings.table),
    exports=ExportSource(
        ledger=LedgerStore(client, settings.table),
        names=lambda: DirectoryNames(client, settings.table),
        results=ResultStore(settings.bucket),
        beginning_ms=Watermark(Table(client, settings.table)).beginning_ms,
    ),
    accounts=AccountStore(client, settings.table),
)
handler = init_phase.done(lambda_handler(app, "usage", settings.origins))
