"""Every five minutes: derives the aggregates from the ledger."""

import os

from audio_gateway import init_phase
from audio_gateway.api.scheduled import rolls_up
from audio_gateway.api.settings import RollupSettings
from audio_gateway.metering.dynamodb import patient_dynamodb_client
from audio_gateway.metering.rollup import Rollup

settings = RollupSettings.from_env(os.environ)
rollup = Rollup(patient_dynamodb_client(), settings.table, settings.lag)
handler = init_phase.done(rolls_up(rollup))
