"""All checks, in the order in which they are made: calls first, so that what they leave behind can be looked at."""

from __future__ import annotations

from typing import Final

from audio_gateway.cli.doctor.check import Group
from audio_gateway.cli.doctor.checks.calls import CALLS
from audio_gateway.cli.doctor.checks.clock import CLOCK
from audio_gateway.cli.doctor.checks.data import DATA
from audio_gateway.cli.doctor.checks.functions import FUNCTIONS
from audio_gateway.cli.doctor.checks.keys import KEYS
from audio_gateway.cli.doctor.checks.limits import LIMITS
from audio_gateway.cli.doctor.checks.machine import MACHINE
from audio_gateway.cli.doctor.checks.money import MONEY
from audio_gateway.cli.doctor.checks.queues import QUEUES
from audio_gateway.cli.doctor.checks.refusals import REFUSALS
from audio_gateway.cli.doctor.checks.rights import RIGHTS
from audio_gateway.cli.doctor.checks.watch import WATCH

GROUPS: Final[tuple[Group, ...]] = (
    CALLS,
    REFUSALS,
    KEYS,
    MONEY,
    FUNCTIONS,
    RIGHTS,
    LIMITS,
    DATA,
    QUEUES,
    CLOCK,
    MACHINE,
    WATCH,
)
"""Every check."""
