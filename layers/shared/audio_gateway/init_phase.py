"""The init phase of a function: all that it imports and creates before its first request.

Python searches for cyclic garbage repeatedly while objects are created, and imports create about a hundred thousand,
none of which is garbage. So the search is off until the function is ready, which saves a tenth of a cold start. A
function imports this module first and passes its handler through `done` last.
"""

from __future__ import annotations

import gc
from typing import TypeVar

_Handler = TypeVar("_Handler")

gc.disable()


def done(handler: _Handler) -> _Handler:
    """The handler itself. Turns the garbage collector on again, but not for existing objects.

    They live as long as the process. Searching them would delay some requests by 20 ms.
    """
    gc.freeze()
    gc.enable()
    return handler
