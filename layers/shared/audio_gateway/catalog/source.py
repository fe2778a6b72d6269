"""Where a function finds its catalogue."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CatalogSource:
    """The path of a catalogue, and the engines that the stack has; None for all that exist.

    An engine has the name of its model: the `upstream` of the catalogue.
    """

    path: str
    engines: frozenset[str] | None = None
