"""The environment variables that a model catalogue reads, and its validation by the layer's own code."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from local.settings import StackError

_PREFIX: Final = "env:"
_CHECK_SECONDS: Final = 30
# Runs with the packages of the functions' layer, which this process does not have.
_CHECK: Final = """
import sys
from audio_gateway.catalog.load import load_catalog
from audio_gateway.errors import ConfigurationError
try:
    load_catalog(sys.argv[1])
except ConfigurationError as error:
    sys.exit(error.message)
"""


class CatalogueCheck:
    """Validates the catalogue in a separate process while the stack starts."""

    def __init__(self, path: Path, python_path: Sequence[Path]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", _CHECK, path],
            env={"PYTHONPATH": os.pathsep.join(map(str, python_path))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self) -> None:
        """Wait for the result. Raises `StackError` with every mistake in the catalogue."""
        _, problems = self._process.communicate(timeout=_CHECK_SECONDS)
        if self._process.returncode:
            raise StackError(f"the catalogue is invalid: {problems.strip()}")

    def stop(self) -> None:
        """End the process if it is still running."""
        self._process.kill()
        self._process.wait()


def variables_named(path: Path) -> tuple[str, ...]:
    """Return the NAME of every `env:NAME` in the catalogue, sorted.

    Raises `StackError` if the file cannot be read or is not TOML.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StackError(f"the catalogue {path} cannot be read: {error}; correct it and start again") from error
    names = (text.removeprefix(_PREFIX).strip() for text in _strings(document) if text.startswith(_PREFIX))
    return tuple(sorted({name for name in names if name}))


def unreadable_keys(path: Path, environ: Mapping[str, str], *, aws_is_ours: bool) -> list[str]:
    """Return a line for each provider of a valid catalogue whose key the functions cannot read.

    `aws_is_ours` means that the local AWS was started with the stack, so it holds no secrets yet.
    """
    document = tomllib.loads(path.read_text("utf-8"))
    lines = []
    for provider_id, provider in document.get("providers", {}).items():
        models = [model["id"] for model in document["models"] if model["provider"] == provider_id]
        reference = provider.get("api_key", "")
        kind, _, name = reference.partition(":")
        if not models or not (environ.get(name, "") == "" if kind == "env" else kind and aws_is_ours):
            continue
        if kind == "env":
            why = f"{name} is not set: stop the stack, `export {name}=…`, and start it again"
        else:
            why = (
                f"the local AWS starts without secrets: store {reference} there, or use env:NAME in the local catalogue"
            )
        lines.append(f"{', '.join(models)} cannot be served by '{provider_id}', whose key cannot be read: {why}.")
    return lines


def first_model(path: Path, endpoint: str) -> dict[str, Any] | None:
    """Return the first model of a valid catalogue that serves the endpoint."""
    models: list[dict[str, Any]] = tomllib.loads(path.read_text("utf-8")).get("models", [])
    return next((model for model in models if endpoint in model["endpoints"]), None)


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from _strings(value)
