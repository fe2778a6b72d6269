"""The errors of a known key that cannot be used. Imports little, as every function needs this module."""

from __future__ import annotations

import time
from typing import Final

NOT_USABLE: Final = "This API key may not be used. {} Ask the operator of this service for another one."
"""The braces are for a sentence that says why. template.yaml has the same text for refusals of the authorizer."""

DISABLED: Final = "It is disabled."
DELETED: Final = "It was deleted."
ARCHIVED: Final = "Its project is archived."


def expired(expires_at: int | None, now_s: int) -> str | None:
    """The sentence that a key expired, if it did. Both times are Unix seconds."""
    if expires_at is None or now_s < expires_at:
        return None
    return time.strftime("It expired on %Y-%m-%d at %H:%M UTC.", time.gmtime(expires_at))
