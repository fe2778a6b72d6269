"""Secrets by reference: `env:NAME`, `ssm:/path`, `secret:NAME` or `secret:NAME#key` for one field of a JSON secret.

Values are cached for five minutes: a rotated key is used soon, and a warm function seldom reads it. No error message
and no `repr` contains a value.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from audio_gateway.aws.clients import aws_client
from audio_gateway.errors import ConfigurationError

_KEEP_S: Final = 300.0


class Secrets:
    """Reads secrets; call it with a reference."""

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        client: Callable[[str], Any] | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._client = client or _client
        self._now_s = now_s
        self._known: dict[str, tuple[str, float]] = {}

    def __call__(self, reference: str) -> str:
        """The value of the secret, without surrounding space.

        Raises:
            ConfigurationError: there is none, it is empty, or it may not be read. The message names the reference.
        """
        value, until_s = self._known.get(reference, ("", 0.0))
        if not value or self._now_s() >= until_s:
            value = self._read(reference).strip()
            if not value:
                raise ConfigurationError(f"The secret {reference} is empty")
            self._known[reference] = (value, self._now_s() + _KEEP_S)
        return value

    def _read(self, reference: str) -> str:
        kind, _, name = reference.partition(":")
        if name and kind == "env":
            if name not in self._environ:
                raise ConfigurationError(f"The secret {reference} is not set")
            return self._environ[name]
        if name and kind == "ssm":
            answer = self._ask(reference, "ssm", "get_parameter", Name=name, WithDecryption=True)
            return str(answer["Parameter"]["Value"])
        if name and kind == "secret":
            secret_id, _, key = name.partition("#")
            answer = self._ask(reference, "secretsmanager", "get_secret_value", SecretId=secret_id)
            text = answer.get("SecretString") or ""
            return _field(text, key, reference) if key else text
        raise ConfigurationError("A secret is written env:NAME, ssm:/path or secret:NAME[#key]")

    def _ask(self, reference: str, service: str, operation: str, **arguments: object) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._client(service), operation)(**arguments)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            raise ConfigurationError(f"The secret {reference} cannot be read: {code}") from error
        except BotoCoreError as error:
            raise ConfigurationError(f"The secret {reference} cannot be read: {type(error).__name__}") from error
        return answer


def _client(service: str) -> Any:
    # A caller is waiting: only a few quick attempts.
    patience: dict[str, Any] = {"connect_timeout": 2, "read_timeout": 4, "retries": {"max_attempts": 2}}
    # Both names are literals: a layer keeps only the services that the code names (scripts/prune_layer.py).
    return aws_client("ssm", **patience) if service == "ssm" else aws_client("secretsmanager", **patience)


def _field(text: str, key: str, reference: str) -> str:
    try:
        value = json.loads(text)[key]
    except (ValueError, TypeError, KeyError):
        # Without the cause: a JSON error quotes the document.
        raise ConfigurationError(f"The secret {reference} is not a JSON object with that key") from None
    if not isinstance(value, str):
        raise ConfigurationError(f"The secret {reference} is not a string")
    return value
