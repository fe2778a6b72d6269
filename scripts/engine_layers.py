"""The layers of the embedded engines, as their folders in `layers/engines` describe them.

It needs only the standard library, since it runs before anything is installed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

STATE: Final = "installed.txt"
"""The last file that is written when a layer is installed."""

_FOLDER: Final = Path("layers", "engines")


@dataclass(frozen=True, slots=True)
class EngineFile:
    """A file of a layer: its path in the layer, the paths of its parts in the packages, in order, and its hash.

    `ranges` are the bytes of each part that are used, from the first up to the one after the last; all if empty.
    """

    to: str
    parts: tuple[str, ...]
    sha256: str
    ranges: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class EngineLayer:
    """A layer of an engine.

    `models` are the names that the catalogue uses for its models; the engine needs the layers `needs`, too.
    `download_mb` is the size of its packages in the index in megabytes. `files` are what it takes from the packages in
    `weights`.
    """

    name: str
    folder: Path
    models: tuple[str, ...]
    needs: tuple[str, ...]
    download_mb: int
    files: tuple[EngineFile, ...]

    @property
    def requirements(self) -> Path:
        """The lock of the packages that the layer contains."""
        return self.folder / "requirements.txt"

    @property
    def weights(self) -> Path:
        """The lock of the packages that contain its files."""
        return self.folder / "weights.txt"

    @property
    def description(self) -> Path:
        """The file that this was read from."""
        return self.folder / "files.toml"


def read_layer(folder: Path) -> EngineLayer:
    """Read the layer in a folder."""
    read = tomllib.loads((folder / "files.toml").read_text("utf-8"))
    return EngineLayer(
        name=folder.name,
        folder=folder,
        models=tuple(read["models"]),
        needs=tuple(read["needs"]),
        download_mb=read["download_mb"],
        files=tuple(_file(file) for file in read["files"]),
    )


def _file(read: dict[str, Any]) -> EngineFile:
    ranges = tuple((start, end) for start, end in read.get("ranges", ()))
    return EngineFile(read["to"], tuple(read["from"]), read["sha256"], ranges)


def read_layers(project: Path) -> list[EngineLayer]:
    """Read all layers of the engines, sorted by name."""
    return [read_layer(file.parent) for file in sorted((project / _FOLDER).glob("*/files.toml"))]


def installed_layers(project: Path, installed: Path) -> list[EngineLayer]:
    """The layers that `make install` installed below the folder `installed`; those that failed have no packages."""
    folders = {layer.name: installed / _FOLDER / layer.name for layer in read_layers(project)}
    whole = {name for name, folder in folders.items() if (folder / STATE).is_file() and (folder / "python").is_dir()}
    return [layer for layer in read_layers(project) if layer.name in whole]


def models_with(layers: Iterable[EngineLayer]) -> list[str]:
    """The names of the models that work with these layers."""
    known = list(layers)
    names = {layer.name for layer in known}
    return [model for layer in known if names.issuperset(layer.needs) for model in layer.models]
