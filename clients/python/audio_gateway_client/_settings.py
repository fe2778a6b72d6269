"""What a caller can choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

DEFAULT_THRESHOLD: Final = 4 * 1024 * 1024
"""Bytes. A request can carry about 4.5 MB through API Gateway and Lambda."""

DEFAULT_RETRIES: Final = 3

Job: TypeAlias = dict[str, Any]
"""An `audio.job` as the gateway answers it: `id`, `status`, `progress` with `completed` and `total`, …"""


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How big files and long texts are handled.

    `threshold` is the largest file, in bytes, that is sent within the request. `on_upload` is told of the bytes sent
    and of all bytes; after a broken connection it begins again at 0. `on_job` is told of the job about every two
    seconds. `wait_seconds` is how long a job is waited for, None for as long as it takes. `retries` is how often each
    step is tried again.

    Raises:
        ValueError: a number makes no sense.
    """

    threshold: int = DEFAULT_THRESHOLD
    on_upload: Callable[[int, int], None] | None = None
    on_job: Callable[[Job], None] | None = None
    wait_seconds: float | None = None
    retries: int = DEFAULT_RETRIES

    def __post_init__(self) -> None:
        if self.threshold < 0:
            raise ValueError(f"threshold is {self.threshold}: it is a number of bytes, from 0.")
        if self.retries < 0:
            raise ValueError(f"retries is {self.retries}: it is a number of times, from 0.")
        if self.wait_seconds is not None and self.wait_seconds <= 0:
            raise ValueError(f"wait_seconds is {self.wait_seconds}: it is a time above 0, or None for no end.")
