"""What the holder of a known key reads when it may not be used. No import that costs: every function needs this."""

from __future__ import annotations

import time
from typing import Final

NOT_USABLE: Final = "This API key may not be used. {} Ask the operator of this service for another one."
"""In the braces goes a sentence that says why. template.yaml says the same where the authorizer refuses."""

DISABLED: Final = "It is disabled."
DELETED: Final = "It was deleted."
ARCHIVED: Final = "Its project is archived."


def expired(expires_at: int | None, now_s: int) -> str | None:
    """The sentence that a key expired, if it did. Both are unix seconds."""
    if expires_at is None or now_s < expires_at:
        return None
    return time.strftime("It expired on %Y-%m-%d at %H:%M UTC.", time.gmtime(expires_at))
