"""A look at a caller's limits before work that costs the operator, and that no provider does (ADR 0031).

What is held is decided later, by one write, when the length of the audio is known. Who has nothing left is told so
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

MOST_UNASKED_S: Final = 0.25
"""A file that came along is decoded for so long before anybody is asked: a look takes some 3 ms, which is as long as
five seconds of MP3 do. All but a few are decoded by then."""


class EarlyLimitCheck:
    """The look of one request, for the model that it names: there is one at most."""

    def __init__(
        self, billing: Billing, context: RequestContext, endpoint: Endpoint, model: Model, *, as_job: bool = False
    ) -> None:
        self._look = partial(billing.look, context, endpoint, model, MIN_MS, as_job=as_job)
        self._done = False

    def run(self) -> None:
        """Check now, unless that was done. Raises as `Billing.look`."""
        if not self._done:
            self._done = True
            self._look()

    def after_a_while(self) -> Callable[[], None]:
        """What is to be called now and then by work that begins now: it looks once that has gone on for long."""
        due = Deadline.after(MOST_UNASKED_S)

        def meanwhile() -> None:
            if not self._done and due.passed:
                self.run()

        return meanwhile
