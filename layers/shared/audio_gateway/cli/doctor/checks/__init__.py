"""All checks, in the order in which they run: calls come first, because later checks inspect their effects."""

from __future__ import annotations

from typing import Final

from audio_gateway.cli.doctor.check import CheckGroup
from audio_gateway.cli.doctor.checks.alarms_and_logs import ALARMS_AND_LOGS
from audio_gateway.cli.doctor.checks.calls import CALLS
from audio_gateway.cli.doctor.checks.functions import FUNCTIONS
from audio_gateway.cli.doctor.checks.jobs import JOBS
from audio_gateway.cli.doctor.checks.keys import KEYS
from audio_gateway.cli.doctor.checks.limits import LIMITS
from audio_gateway.cli.doctor.checks.money import MONEY
from audio_gateway.cli.doctor.checks.queues import QUEUES
from audio_gateway.cli.doctor.checks.refusals import REFUSALS
from audio_gateway.cli.doctor.checks.rights import RIGHTS
from audio_gateway.cli.doctor.checks.schedules import SCHEDULES
from audio_gateway.cli.doctor.checks.storage import STORAGE

GROUPS: Final[tuple[CheckGroup, ...]] = (
    CALLS,
    REFUSALS,
    KEYS,
    MONEY,
    FUNCTIONS,
    RIGHTS,
    LIMITS,
    STORAGE,
    QUEUES,
    SCHEDULES,
    JOBS,
    ALARMS_AND_LOGS,
)
"""Every check."""
