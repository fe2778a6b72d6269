"""The bucket of answers that are too big for Lambda, in memory."""

from __future__ import annotations

from typing import NamedTuple

from audio_gateway.errors import StorageUnavailable


class Stored(NamedTuple):
    """An answer that was put there."""

    body: bytes
    content_type: str
    project_id: str


class FakeResults:
    """Keeps what would be in the bucket, and gives a new key each time. While it is `broken`, it takes nothing."""

    def __init__(self) -> None:
        self.stored: list[Stored] = []
        self.broken = False

    def put(self, body: bytes, content_type: str, *, project_id: str) -> str:
        if self.broken:
            raise StorageUnavailable("no bucket")
        self.stored.append(Stored(body, content_type, project_id))
        return f"results/{project_id}/{len(self.stored)}"

    def link(self, key: str) -> str:
        return f"https://bucket.example.com/{key}"
