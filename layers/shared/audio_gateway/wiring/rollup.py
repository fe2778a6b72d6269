"""The roll-up on AWS."""

from __future__ import annotations

from audio_gateway.aws.dynamodb import patient_dynamodb_client
from audio_gateway.usage.rollup import Rollup
from audio_gateway.usage.spend_alerts import SpendAlerts
from audio_gateway.wiring.settings import RollupSettings


def rollup_on_aws(settings: RollupSettings) -> tuple[Rollup, SpendAlerts]:
    """The ledger, the aggregates and the accounts in the table."""
    client = patient_dynamodb_client()
    return Rollup(client, settings.table, settings.lateness), SpendAlerts(client, settings.table)
