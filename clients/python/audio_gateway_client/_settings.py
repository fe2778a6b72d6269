"""The client's settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

DEFAULT_THRESHOLD: Final = 4 * 1024 * 1024
"""In bytes. A request through API Gateway and Lambda can carry about 4.5 MB."""

DEFAULT_RETRIES: Final = 3

Job: TypeAlias = dict[str, Any]
"""An `audio.job` object of the gateway: `id`, `status`, `progress` with `completed` and `total`, …"""


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How big files and long texts are handled. Raises `ValueError` for an invalid number.

    `threshold` is the largest file, in bytes, that is sent in the request. `on_upload` gets the number of bytes sent
    and the size of the file; it restarts at 0 if the connection breaks. `on_job` gets the job about every two seconds.
    `wait_seconds` is the longest time to wait for a job, or None for no limit. `retries` is the number of retries of
    each step.
    """

    threshold: int = DEFAULT_THRESHOLD
    on_upload: Callable[[int, int], None] | None = None
    on_job: Callable[[Job], None] | None = None
    wait_seconds: float | None = None
    retries: int = DEFAULT_RETRIES

    def __post_init__(self) -> None:
        if self.threshold < 0:
            raise ValueError(f"threshold must be at least 0 bytes, not {self.threshold}.")
        if self.retries < 0:
            raise ValueError(f"retries must be at least 0, not {self.retries}.")
        if self.wait_seconds is not None and self.wait_seconds <= 0:
            raise ValueError(f"wait_seconds must be greater than 0, or None for no limit, not {self.wait_seconds}.")
