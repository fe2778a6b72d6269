"""How much input one job takes.

The catalogue says how long the parts of a model are, and a job has `MOST_PIECES` of them at most. More input than they
hold is refused: at the start where the amount is known by then, otherwise when the input is split.
"""

from __future__ import annotations

from typing import Final

from audio_gateway.jobs.plan import MOST_PIECES

_FILLED: Final = 3 / 4  # of the parts, on average: they end where a sentence or a pause does


def surely_filled(amount_of_a_part: float) -> int:
    """How much input surely fits into the parts of a job, of parts that hold so much at most."""
    return int(amount_of_a_part * MOST_PIECES * _FILLED)
