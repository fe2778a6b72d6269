"""The usage function on AWS."""

from __future__ import annotations

from audio_gateway.api.http.app import App
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


def usage_on_aws(settings: StorageSettings) -> App:
    """The ledger, the aggregates and the accounts in the table, large exports in the bucket."""
    client, table = patient_dynamodb_client(attempts=3), settings.table
    return usage_app(
        reports=DynamoUsageReports(client, table),
        exports=ExportSource(
            ledger=LedgerStore(client, table),
            names=lambda: DirectoryNames(client, table),
            results=ResultStore(settings.bucket),
            beginning_ms=Watermark(Table(client, table)).beginning_ms,
        ),
        accounts=AccountStore(client, table),
    )
