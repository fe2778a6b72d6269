"""Cached speech, found by everything that changes its sound, and by its owner (ADR 0014)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from audio_gateway.aws.clients import aws_client
from audio_gateway.fingerprint import fingerprint

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

ENCODING_VERSION: Final = 2
"""Increase it when the gateway encodes audio differently, so audio cached before is not found."""

_CONNECT_TIMEOUT_S: Final = 1.0
_READ_TIMEOUT_S: Final = 1.5
_ATTEMPTS: Final = 2
_PAUSE_S: Final = 0.05  # between two tries, at most
LONGEST_CACHE_WRITE_S: Final = _ATTEMPTS * max(_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S) + _PAUSE_S
"""The longest that a failed `keep` takes, in seconds. A request with less time left does not cache its speech."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Everything that decides the bytes of a speech answer, and its owner: a project, or None for all projects.

    `format` and `speed` are what the caller gets, `provider_format` and `provider_speed` what the provider is asked
    for; the gateway converts between them.
    """

    adapter: str
    provider: str
    base_url: str | None
    upstream: str
    voice: str
    text: str
    instructions: str | None
    format: str
    speed: float
    provider_format: str
    provider_speed: float
    project_id: str | None

    @property
    def key(self) -> str:
        """SHA-256 in hex of all of it."""
        return fingerprint(ENCODING_VERSION, self)


class SpeechCache(Protocol):
    """The speech of one organisation. Raises nothing: a cache that cannot be reached is treated as empty."""

    def find(self, sound: Sound, *, max_age_s: int) -> bytes | None:
        """The whole file, at most `max_age_s` old; None if there is none."""
        ...

    def keep(self, sound: Sound, audio: bytes) -> None:
        """Store the whole file, replacing an existing one."""
        ...


class SpeechCaches(Protocol):
    """The caches of all organisations."""

    def of(self, organization_id: str) -> SpeechCache:
        """The cache of one of them."""
        ...


class SpeechCacheStore:
    """Objects `cache/<organisation>/<key>` in the gateway's bucket, encrypted. `now_s` is the clock, Unix seconds."""

    def __init__(self, bucket: str, now_s: Callable[[], float] = time.time) -> None:
        self._bucket = bucket
        self._now_s = now_s

    def of(self, organization_id: str) -> SpeechCache:
        """See `SpeechCaches.of`."""
        return _OrganizationCache(self, organization_id)

    @cached_property
    def client(self) -> S3Client:
        """Made on first use: models without a cache do not need it."""
        # A miss is cheaper than a long wait.
        client: S3Client = aws_client(
            "s3", connect_timeout=_CONNECT_TIMEOUT_S, read_timeout=_READ_TIMEOUT_S, attempts=_ATTEMPTS
        )
        return client

    def find(self, organization_id: str, key: str, max_age_s: int) -> bytes | None:
        """The object, if it is complete, was stored under this key, and is young enough."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            found = self.client.get_object(Bucket=self._bucket, Key=_name(organization_id, key))
            audio, metadata = found["Body"].read(), found["Metadata"]
        except (BotoCoreError, ClientError):
            return None
        stored_at = metadata.get("stored-at", "")
        if not stored_at.isdecimal() or metadata != _metadata(key, audio, stored_at):
            return None
        return audio if self._now_s() - int(stored_at) <= max_age_s else None

    def keep(self, organization_id: str, key: str, audio: bytes) -> None:
        """Write the object. Raises nothing, as the answer must not be withheld if it cannot be cached."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.client.put_object(
                Bucket=self._bucket,
                Key=_name(organization_id, key),
                Body=audio,
                Metadata=_metadata(key, audio, str(int(self._now_s()))),
                ServerSideEncryption="AES256",
            )
        except (BotoCoreError, ClientError):
            return


class _OrganizationCache:
    def __init__(self, store: SpeechCacheStore, organization_id: str) -> None:
        self._store = store
        self._organization_id = organization_id

    def find(self, sound: Sound, *, max_age_s: int) -> bytes | None:
        return self._store.find(self._organization_id, sound.key, max_age_s)

    def keep(self, sound: Sound, audio: bytes) -> None:
        self._store.keep(self._organization_id, sound.key, audio)


def _name(organization_id: str, key: str) -> str:
    return f"cache/{organization_id}/{key}"


def _metadata(key: str, audio: bytes, stored_at: str) -> dict[str, str]:
    """The metadata that an object must have: it shows an object under a wrong name, and a truncated one."""
    return {
        "key": key,
        "length": str(len(audio)),
        "sha256": hashlib.sha256(audio).hexdigest(),
        "stored-at": stored_at,
    }
