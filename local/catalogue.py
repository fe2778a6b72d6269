"""The environment variables that a model catalogue reads, and what the layer's own code makes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.settings import StackError

_PREFIX: Final = "env:"
_CHECK_SECONDS: Final = 30
# Runs with the packages of the functions' layer, which this process does not have.
_CHECK: Final = """
import json, sys
from audio_gateway.catalog.load import load_catalog
from audio_gateway.errors import ConfigurationError
try:
    catalog = load_catalog(sys.argv[1], sys.argv[2:])
except ConfigurationError as error:
    sys.exit(error.message)
models = [(m.names, sorted(m.endpoints), list(m.voices or ())) for m in catalog.models.values()]
json.dump({"models": models, "missing": [(m.id, m.reason) for m in catalog.missing]}, sys.stdout)
"""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that the stack serves: its names, the id first, its endpoints, and the names of voices that it maps."""

    names: tuple[str, ...]
    endpoints: tuple[str, ...]
    voices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServedCatalogue:
    """The models that the stack serves, in the order of the file, and a line for each that it cannot serve."""

    models: tuple[ServedModel, ...] = ()
    missing: tuple[str, ...] = ()

    def first(self, endpoint: str) -> ServedModel | None:
        """Return the first model that serves an endpoint."""
        return next((model for model in self.models if endpoint in model.endpoints), None)


class CatalogueCheck:
    """Validates the catalogue in a separate process while the stack starts. `engines` are those that are installed."""

    def __init__(self, path: Path, python_path: Sequence[Path], engines: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", _CHECK, path, *engines],
            env={"PYTHONPATH": os.pathsep.join(map(str, python_path))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self) -> ServedCatalogue:
        """Wait for the result. Raises `StackError` with every mistake in the catalogue."""
        served, problems = self._process.communicate(timeout=_CHECK_SECONDS)
        if self._process.returncode:
            raise StackError(f"the catalogue is invalid: {problems.strip()}")
        found = json.loads(served)
        return ServedCatalogue(
            tuple(ServedModel(*map(tuple, fields)) for fields in found["models"]),
            tuple(f"{model_id} is missing. {reason}" for model_id, reason in found["missing"]),
        )

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


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from _strings(value)
