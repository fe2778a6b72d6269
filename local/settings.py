"""The operator's settings, from environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CATALOGUE_VARIABLE: Final = "AUDIO_GATEWAY_CATALOG"
CONCURRENCY_VARIABLE: Final = "LOCAL_LAMBDA_CONCURRENCY"
API_KEY_VARIABLE: Final = "AUDIO_GATEWAY_API_KEY"
ADMIN_KEY_VARIABLE: Final = "AUDIO_GATEWAY_ADMIN_KEY"
# Passed to every function that declares the variable in the template.
PASSED_THROUGH: Final = ("AUDIO_GATEWAY_HOLD_SECONDS", "AUDIO_GATEWAY_SWEEP_SECONDS", "AUDIO_GATEWAY_ALLOW_HOSTS")

_DEFAULT_PORT: Final = "8080"
_DEFAULT_REGION: Final = "us-east-1"
_HIGHEST_PORT: Final = 65535
_API_KEY: Final = re.compile(r"sk-(?!admin-)[A-Za-z0-9_-]+", re.ASCII)
_ADMIN_KEY: Final = re.compile(r"sk-admin-[A-Za-z0-9_-]+", re.ASCII)


class StackError(Exception):
    """The stack cannot start or continue. The message is one line and names the next step."""


@dataclass(frozen=True, slots=True)
class ExternalAws:
    """An emulator that the operator runs (LocalStack, moto server), and its credentials."""

    endpoint_url: str
    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, slots=True)
class StackSettings:
    """The settings of a run. `root` is the project folder. `operator` is the whole environment of `make run`.

    `lambda_concurrency` is the simulated account's quota, or None for no quota. `keys` are the values of the API key
    and of the admin key, or None for random ones.
    """

    root: Path
    port: int
    stack_file: Path
    catalogue: Path | None
    region: str
    external_aws: ExternalAws | None
    operator: Mapping[str, str]
    lambda_concurrency: int | None = None
    keys: tuple[str | None, str | None] = (None, None)

    @property
    def template(self) -> Path:
        """The SAM template."""
        return self.root / "template.yaml"

    @property
    def installed(self) -> Path:
        """The folder where `make install` puts the layers' dependencies and the runtime client."""
        return self.root / ".local"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], root: Path, cwd: Path) -> StackSettings:
        """Read and validate the variables. Raises `StackError` for an invalid value."""
        external = _external_aws(environ)
        operators_region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
        return cls(
            root=root,
            port=_port(environ.get("PORT", "")),
            stack_file=cwd / (environ.get("STACK_FILE") or root / ".local" / "stack.json"),
            catalogue=_catalogue(environ.get(CATALOGUE_VARIABLE, ""), cwd),
            # The operator's region for the real AWS does not apply to our own emulator.
            region=(operators_region if external else None) or _DEFAULT_REGION,
            external_aws=external,
            operator=dict(environ),
            lambda_concurrency=_concurrency(environ.get(CONCURRENCY_VARIABLE, "")),
            keys=(_key(environ, API_KEY_VARIABLE, _API_KEY), _key(environ, ADMIN_KEY_VARIABLE, _ADMIN_KEY)),
        )


def _port(text: str) -> int:
    text = text.strip() or _DEFAULT_PORT
    if not (text.isascii() and text.isdigit() and int(text) <= _HIGHEST_PORT):
        raise StackError(f"PORT={text} is not a port number: give one from 1 to 65535, or 0 for any free one")
    return int(text)


def _concurrency(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise StackError(f"{CONCURRENCY_VARIABLE}={text} is not a number of environments: correct it, or unset it")
    return int(text)


def _key(environ: Mapping[str, str], name: str, shape: re.Pattern[str]) -> str | None:
    """Read a key's value. A message must not repeat it."""
    text = environ.get(name, "").strip()
    if not text:
        return None
    if not shape.fullmatch(text):
        example = "sk-admin-local" if name == ADMIN_KEY_VARIABLE else "sk-local"
        raise StackError(f"{name} is not a valid key: use its prefix, then letters, digits, - and _, such as {example}")
    return text


def _catalogue(text: str, cwd: Path) -> Path | None:
    if not text.strip():
        return None
    path = cwd / Path(text).expanduser()
    if not path.is_file():
        raise StackError(
            f"{CATALOGUE_VARIABLE}={text} is not a file: correct the path, or unset it to use the shipped catalogue"
        )
    return path.resolve()


def _external_aws(environ: Mapping[str, str]) -> ExternalAws | None:
    endpoint_url = environ.get("AWS_ENDPOINT_URL", "").strip()
    if not endpoint_url:
        return None
    if not endpoint_url.startswith(("http://", "https://")):
        raise StackError(f"AWS_ENDPOINT_URL={endpoint_url} is not an http(s) URL: correct it, or unset it")
    # Emulators accept any credentials. Their documentation uses "test".
    return ExternalAws(
        endpoint_url.rstrip("/"),
        environ.get("AWS_ACCESS_KEY_ID") or "test",
        environ.get("AWS_SECRET_ACCESS_KEY") or "test",
    )
