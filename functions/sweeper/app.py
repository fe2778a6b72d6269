"""Every minute: settles holds that have expired."""

import os

from audio_gateway import init_phase
from audio_gateway.api.scheduled import sweeps
from audio_gateway.api.settings import SweeperSettings
from audio_gateway.metering.directory import Directory
from audio_gateway.metering.dynamodb import patient_dynamodb_client
from audio_gateway.metering.lag import Lag
from audio_gateway.metering.sweeper import Sweeper
from audio_gateway.metering.unsettled import UnsettledStore

settings = SweeperSettings.from_env(os.environ)
client = patient_dynamodb_client()
sweeper = Sweeper(
    client,
    settings.table,
    Directory(client, settings.table),
    UnsettledStore(settings.bucket),
    Lag(settings.hold_seconds, settings.sweep_seconds),
)
handler = init_phase.done(sweeps(sweeper))
