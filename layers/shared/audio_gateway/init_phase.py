"""The init phase of a function: everything that it imports and makes before its first request.

Python looks for cyclic garbage again and again while objects are made, and imports make some hundred thousand of them,
none of which is garbage. So it does not look until the function is ready: that is a tenth of a cold start. A function
imports this module first and passes its handler through `done` last.
"""

from __future__ import annotations

import gc
from typing import TypeVar

_Handler = TypeVar("_Handler")

gc.disable()


def done(handler: _Handler) -> _Handler:
    """The handler itself. From now on garbage is looked for, but not in what is there already.

    All of that lives as long as the process. To look through it would hold a request up for 20 ms now and then.
    """
    gc.freeze()
    gc.enable()
    return handler
