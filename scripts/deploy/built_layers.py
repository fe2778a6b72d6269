"""Checks the architecture of the layers that were built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.deploy.errors import DeployRefused

_ELF: Final = b"\x7fELF"
_MACHINES: Final = {0x3E: "x86_64", 0xB7: "arm64"}
"""e_machine, the two bytes at offset 18 of an ELF file."""


def machines(folder: Path) -> dict[str, Path]:
    """Return the architectures of the compiled files below a folder, each with one such file."""
    found: dict[str, Path] = {}
    for path in _compiled(folder):
        with path.open("rb") as file:
            head = file.read(20)
        if head.startswith(_ELF):
            found.setdefault(_MACHINES.get(int.from_bytes(head[18:20], "little"), "another architecture"), path)
    return found


def _compiled(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.so*") if path.is_file() and not path.is_symlink())


def check_built(built: Path, architecture: str) -> None:
    """Raise `DeployRefused` if no layer was built, or one is empty or has code for another architecture."""
    layers = sorted(built.glob("*Layer"))
    if not layers:
        raise DeployRefused(f"{built} has no layers: sam build made nothing")
    for layer in layers:
        wrong = [f"{path} is for {name}" for name, path in machines(layer).items() if name != architecture]
        if not any(path.is_file() for path in layer.rglob("*")):
            wrong = ["it is empty"]
        if wrong:
            raise DeployRefused(
                f"{layer.name} was not built for {architecture}: {wrong[0]}. Remove .aws-sam, then deploy again."
            )
