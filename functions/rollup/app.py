"""Every five minutes: computes the aggregates from the ledger."""

import os

from audio_gateway import init_phase
from audio_gateway.aws.dynamodb import patient_dynamodb_client
from audio_gateway.usage.rollup import Rollup
from audio_gateway.usage.spend_alerts import SpendAlerts
from audio_gateway.wiring.settings import RollupSettings
from audio_gateway.workers.scheduled import rolls_up

settings = RollupSettings.from_env(os.environ)
client = patient_dynamodb_client()
rollup = Rollup(client, settings.table, settings.lateness)
handler = init_phase.done(rolls_up(rollup, SpendAlerts(client, settings.table)))
