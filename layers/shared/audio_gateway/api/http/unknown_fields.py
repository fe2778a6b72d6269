"""Unknown fields of a form: accepted, and reported in a header (ADR 0010), which must stay small."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

MAX_ANNOUNCED: Final = 10
_MAX_NAME: Final = 50
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9_.\[\]-]")


def announced(names: Iterable[str]) -> tuple[str, ...]:
    """The first of the names, shortened, without characters that are unsafe in a header."""
    shown = dict.fromkeys(_NO_NAME.sub("?", name[:_MAX_NAME]) for name in names)
    return tuple(shown)[:MAX_ANNOUNCED]
