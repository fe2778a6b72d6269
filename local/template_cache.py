"""Caches a rendered template: the translator takes more than a second, and the template changes rarely."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class TemplateCache:
    """A file with the last rendering, valid for the same files, translator and region."""

    def __init__(self, file: Path, *, translator: str, region: str) -> None:
        self._file = file
        self._environment = {"translator": translator, "region": region}

    def get(self, template: Path) -> dict[str, Any] | None:
        """Return the cached rendering of this template, or None if one of its inputs has changed."""
        try:
            kept = json.loads(self._file.read_text("utf-8"))
            valid = (
                kept["circumstances"] == self._environment
                and str(template) in kept["inputs"]
                and all(_digest(Path(path)) == digest for path, digest in kept["inputs"].items())
            )
            rendered: dict[str, Any] = kept["rendered"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return rendered if valid else None

    def put(self, inputs: Iterable[Path], rendered: dict[str, Any]) -> None:
        """Store a rendering and its inputs. A cache that cannot be written is skipped."""
        with contextlib.suppress(OSError):
            document = {
                "circumstances": self._environment,
                "inputs": {str(path): _digest(path) for path in inputs},
                "rendered": rendered,
            }
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self._file.parent, prefix=f".{self._file.name}.")
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(document, file)
            Path(temporary).replace(self._file)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
