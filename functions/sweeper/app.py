"""Every minute: settles expired holds, and ends jobs that have stopped or are to be cancelled."""

import os

from audio_gateway import init_phase
from audio_gateway.wiring.settings import SweeperSettings
from audio_gateway.wiring.sweeper import sweeper_on_aws
from audio_gateway.workers.scheduled import sweeps

settings = SweeperSettings.from_env(os.environ)
sweeper, orphaned, archived = sweeper_on_aws(settings)
handler = init_phase.done(sweeps(sweeper, orphaned, archived))
