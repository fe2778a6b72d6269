"""Every five minutes: computes the aggregates from the ledger."""

import os

from audio_gateway import init_phase
from audio_gateway.wiring.rollup import rollup_on_aws
from audio_gateway.wiring.settings import RollupSettings
from audio_gateway.workers.scheduled import rolls_up

settings = RollupSettings.from_env(os.environ)
rollup, spend_alerts = rollup_on_aws(settings)
handler = init_phase.done(rolls_up(rollup, spend_alerts))
