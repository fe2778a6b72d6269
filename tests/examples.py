"""How many examples a property is tried with."""

from __future__ import annotations

from typing import Final

from hypothesis import settings

_USUAL: Final = 100
"""Hypothesis's own number, which the usual profile keeps."""


def examples(count: int) -> settings:
    """So many with the usual profile; with another one as many times more or less as its own number is."""
    return settings(max_examples=max(1, count * settings().max_examples // _USUAL))
