"""A layer as Lambda mounts it: the packages that `make install` pruned, and the deployed part of our own package."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from scripts.prune_layer import NOT_DEPLOYED

_OWN: Final = "audio_gateway"


def python_path(layer: Path, project: Path, installed: Path) -> list[Path]:
    """Return the import path of the layer in the folder `layer` of the project, with up-to-date links."""
    packages = installed / layer.relative_to(project) / "python"
    source = (layer / _OWN).resolve()
    if not source.is_dir():
        return [packages]
    deployed = installed / "deployed" / layer.name
    _link(source, deployed / _OWN)
    return [deployed, packages]


def _link(source: Path, target: Path) -> None:
    """Create a folder of links instead of copies, so that an edit takes effect when a function starts next.

    Several stacks may do this at the same time.
    """
    target.mkdir(parents=True, exist_ok=True)
    # Python writes the bytecode of these modules beside the links.
    wanted = {entry.name for entry in source.iterdir()} - NOT_DEPLOYED - {"__pycache__"}
    links = {entry.name: entry for entry in target.iterdir() if entry.is_symlink()}
    for name in links.keys() - wanted:
        links[name].unlink(missing_ok=True)
    for name in wanted:
        if name in links and links[name].readlink() == source / name:
            continue
        fresh = target.parent / f".{name}.{os.getpid()}"
        fresh.symlink_to(source / name)
        fresh.replace(target / name)
