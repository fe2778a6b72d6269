"""How much input one job takes.

The catalogue says how long the parts of a model are, and a job has `MOST_PIECES` of them at most. More input than they
hold is refused: at the start where the amount is known by then, otherwise when the input is split.
"""

from __future__ import annotations

from typing import Final

from audio_gateway.jobs.plan import MOST_PIECES

_FILLED: Final = 3 / 4  # of the parts, on average: a part ends at the end of a sentence or in a pause


def surely_filled(amount_of_a_part: float) -> int:
    """The amount of input that surely fits into one job, whose parts hold up to `amount_of_a_part` each."""
    return int(amount_of_a_part * MOST_PIECES * _FILLED)
