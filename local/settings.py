"""What the operator can set: environment variables, as docs and design name them."""

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
# Handed to every function whose template environment declares a variable of that name.
HANDED_THROUGH: Final = ("AUDIO_GATEWAY_HOLD_SECONDS", "AUDIO_GATEWAY_SWEEP_SECONDS", "AUDIO_GATEWAY_ALLOW_HOSTS")

_DEFAULT_PORT: Final = "8080"
_DEFAULT_REGION: Final = "us-east-1"
_HIGHEST_PORT: Final = 65535
_API_KEY: Final = re.compile(r"sk-(?!admin-)[A-Za-z0-9_-]+", re.ASCII)
_ADMIN_KEY: Final = re.compile(r"sk-admin-[A-Za-z0-9_-]+", re.ASCII)


class StackError(Exception):
    """The stack cannot start or go on. The message is one line and names the next step."""


@dataclass(frozen=True, slots=True)
class ExternalAws:
    """An emulator that somebody else runs (LocalStack, moto server), and the credentials for it."""

    endpoint_url: str
    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, slots=True)
class Settings:
    """One start of the stack. `root` is the project's folder; `operator` the whole environment it was started with.

    `lambda_concurrency` is Lambda's quota of the account that is played; None for one that is never used up.
    `keys` are the values of the API key and of the admin key; None for a random one.
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
        """The SAM template that everything is read from."""
        return self.root / "template.yaml"

    @property
    def installed(self) -> Path:
        """Where `make install` puts the layers' dependencies and the runtime client."""
        return self.root / ".local"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], root: Path, cwd: Path) -> Settings:
        """Read and check the variables.

        Raises:
            StackError: a value cannot be used.
        """
        external = _external_aws(environ)
        operators_region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
        return cls(
            root=root,
            port=_port(environ.get("PORT", "")),
            stack_file=cwd / (environ.get("STACK_FILE") or root / ".local" / "stack.json"),
            catalogue=_catalogue(environ.get(CATALOGUE_VARIABLE, ""), cwd),
            # What the operator's shell says of the real AWS is nothing to an AWS of our own.
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
    """A key's value, which a message must not repeat."""
    text = environ.get(name, "").strip()
    if not text:
        return None
    if not shape.fullmatch(text):
        example = "sk-admin-local" if name == ADMIN_KEY_VARIABLE else "sk-local"
        raise StackError(f"{name} is no key: write letters, digits, - and _ behind its prefix, such as {example}")
    return text


def _catalogue(text: str, cwd: Path) -> Path | None:
    if not text.strip():
        return None
    path = cwd / Path(text).expanduser()
    if not path.is_file():
        raise StackError(
            f"{CATALOGUE_VARIABLE}={text} is not a file: correct the path, or unset it to use the catalogue in the repo"
        )
    return path.resolve()


def _external_aws(environ: Mapping[str, str]) -> ExternalAws | None:
    endpoint_url = environ.get("AWS_ENDPOINT_URL", "").strip()
    if not endpoint_url:
        return None
    if not endpoint_url.startswith(("http://", "https://")):
        raise StackError(f"AWS_ENDPOINT_URL={endpoint_url} is not an http(s) URL: correct it, or unset it")
    # Emulators take any pair; "test" is what their manuals use.
    return ExternalAws(
        endpoint_url.rstrip("/"),
        environ.get("AWS_ACCESS_KEY_ID") or "test",
        environ.get("AWS_SECRET_ACCESS_KEY") or "test",
    )
