"""Checks a caller's limits before work that costs the operator, such as fetching or decoding a file (ADR 0031).

The hold comes later, in one write, when the length of the audio is known. A caller who has nothing left is refused
before a file is fetched, and before one is decoded for long.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from audio_gateway.audio.measure import MIN_MS
from audio_gateway.catalog.models import Endpoint, Model
from audio_gateway.deadline import Deadline
from audio_gateway.use_cases.reservation import Billing, RequestContext

UNCHECKED_DECODING_S: Final = 0.25
"""Seconds for which a file in the request is decoded before the limits are checked. A check takes some 3 ms, as long as
decoding five seconds of MP3. Nearly all files are decoded by then."""


class EarlyLimitCheck:
    """The check of one request, for the model that it names. It is made once at most."""

    def __init__(
        self, billing: Billing, context: RequestContext, endpoint: Endpoint, model: Model, *, as_job: bool = False
    ) -> None:
        self._check = partial(billing.check, context, endpoint, model, MIN_MS, as_job=as_job)
        self._done = False

    def run(self) -> None:
        """Check now, unless that was done. Raises as `Billing.check`."""
        if not self._done:
            self._done = True
            self._check()

    def after_a_while(self) -> Callable[[], None]:
        """A callback for work that starts now: it checks once the work has taken `UNCHECKED_DECODING_S`."""
        due = Deadline.after(UNCHECKED_DECODING_S)

        def meanwhile() -> None:
            if not self._done and due.passed:
                self.run()

        return meanwhile
