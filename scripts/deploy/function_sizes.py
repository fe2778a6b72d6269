"""Adds up the size of each function and its layers: Lambda refuses what is too large only after the upload."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from scripts.deploy.errors import DeployRefused

MOST_BYTES: Final = 262_144_000
"""Lambda's limit (250 MB) for a function and its layers together, unzipped."""

_FUNCTION: Final = "AWS::Serverless::Function"


def check_sizes(built: Path) -> list[str]:
    """Return a line for each set of layers with its size and functions. `built` is what `sam build` wrote.

    Raises:
        DeployRefused: a function is larger than Lambda allows when the parameters give it all of its layers.
    """
    template = yaml.safe_load((built / "template.yaml").read_text("utf-8"))
    sizes: dict[tuple[str, ...], dict[str, int]] = {}
    for name, resource in template["Resources"].items():
        if resource["Type"] == _FUNCTION:
            layers = max(_lists(resource["Properties"]["Layers"]), key=len)
            code = size_of((built / resource["Properties"]["CodeUri"]).resolve())
            sizes.setdefault(tuple(layers), {})[name] = code
    lines = []
    for names, functions in sorted(sizes.items()):
        total = sum(size_of(built / name) for name in names) + max(functions.values())
        what = f"{' + '.join(names)}: {', '.join(functions)}"
        if total > MOST_BYTES:
            raise DeployRefused(f"Lambda allows {MOST_BYTES:,} bytes, and these have {total:,}: {what}")
        lines.append(f"{total / 1e6:6.1f} of {MOST_BYTES / 1e6:.1f} MB  {what}")
    return lines


def _lists(layers: Any) -> Iterator[list[str]]:
    """All lists of layers that the conditions of a function choose from."""
    if isinstance(layers, list):
        yield [layer["Ref"] for layer in layers]
    else:
        _condition, *branches = layers["Fn::If"]
        yield from itertools.chain.from_iterable(map(_lists, branches))


def size_of(folder: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
