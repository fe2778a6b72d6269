"""Every five minutes: computes the aggregates from the ledger."""

import os

from audio_gateway import init_phase
from audio_gateway.api.scheduled import rolls_up
from audio_gateway.api.settings import RollupSettings
from audio_gateway.metering.dynamodb import patient_dynamodb_client
from audio_gateway.metering.rollup import Rollup
from audio_gateway.metering.spend_alerts import SpendAlerts

settings = RollupSettings.from_env(os.environ)
client = patient_dynamodb_client()
rollup = Rollup(client, settings.table, settings.lag)
handler = init_phase.done(rolls_up(rollup, SpendAlerts(client, settings.table)))
