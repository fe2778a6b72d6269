"""The authorizer on AWS. It reads its own settings: all those of `settings.py` would slow its cold start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from audio_gateway.aws.dynamodb import dynamodb_client
from audio_gateway.identity.authorizer import Authorizer
from audio_gateway.identity.key_store import KeyStore
from audio_gateway.wiring.environment import required


@dataclass(frozen=True, slots=True)
class AuthorizerSettings:
    """The `table` that holds the keys."""

    table: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, which names the variable that is missing."""
        return cls(required(env, "TABLE_NAME"))


def authorizer_on_aws(settings: AuthorizerSettings) -> Authorizer:
    """Keys in the table."""
    return Authorizer(KeyStore(dynamodb_client(), settings.table))
