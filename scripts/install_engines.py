"""Installs the engines for `make run`, each into its own folder: `python -m scripts.install_engines UV [--retry]`.

Only what changed is installed. An engine that cannot be had is named with the reason and left out: it must not keep the
others from starting. It is tried again with `--retry`, which `make install` gives, and whenever its lock changes.
It needs only the standard library and uv, since it runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts import engine_files, engine_layers, prune_layer
from scripts.engine_files import LayerRefused, install_files, run_installer, with_uv
from scripts.engine_layers import STATE, EngineLayer, models_with, read_layers

_PROGRAMS: Final = (__file__, engine_files.__file__, engine_layers.__file__, prune_layer.__file__)
_BYTECODE: Final = ("-q", "--invalidation-mode", "unchecked-hash")
_WIDTH: Final = 12


@dataclass(frozen=True, slots=True)
class Installed:
    """What an attempt to install a layer came to, as it is kept. `reason` says why it failed, or is empty.

    `inputs` is a hash of everything that the result depends on.
    """

    inputs: str
    reason: str

    @staticmethod
    def read(folder: Path) -> Installed | None:
        """What is kept in a layer's folder, or None if it was never tried or the attempt was interrupted."""
        try:
            inputs, reason = (folder / STATE).read_text("utf-8").split("\n", 1)
        except (OSError, ValueError):
            return None
        return Installed(inputs, reason)

    def write(self, folder: Path) -> None:
        """Keep it in a layer's folder, as its last file."""
        (folder / STATE).write_text(f"{self.inputs}\n{self.reason}", encoding="utf-8")


def install_engines(project: Path, uv: str, *, retry: bool) -> None:
    """Install the engines whose locks changed, and print what is done and what is missing."""
    layers = read_layers(project)
    target = project / ".local" / "layers" / "engines"
    known = {layer.name: Installed.read(target / layer.name) for layer in layers}
    stale = [layer for layer in layers if _is_stale(layer, known[layer.name], retry=retry)]
    if stale:
        size = sum(layer.download_mb for layer in stale)
        _say(
            f"installing the engines ({', '.join(layer.name for layer in stale)}), {size} MB unless they are cached ..."
        )
        with ThreadPoolExecutor(len(stale)) as pool:
            started = {pool.submit(_install, layer, target / layer.name, uv): layer for layer in stale}
            for done in as_completed(started):
                known[started[done].name] = done.result()
                _say_result(started[done], done.result(), target)
    reasons = {name: found.reason for name, found in known.items() if found and found.reason}
    if reasons:
        _say_missing(layers, reasons)


def _is_stale(layer: EngineLayer, found: Installed | None, *, retry: bool) -> bool:
    return found is None or found.inputs != _inputs(layer) or (retry and found.reason != "")


def _inputs(layer: EngineLayer) -> str:
    """A hash of the locks, the programs that install them, and the Python version and machine."""
    digest = hashlib.sha256(repr((sys.version_info[:2], sys.platform, platform.machine())).encode())
    for file in (layer.requirements, layer.weights, layer.description, *map(Path, _PROGRAMS)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _install(layer: EngineLayer, target: Path, uv: str) -> Installed:
    """Install a layer from nothing. A failure leaves no packages behind."""
    shutil.rmtree(target, ignore_errors=True)
    packages = target / "python"
    packages.mkdir(parents=True)
    reason = ""
    try:
        run_installer(
            [uv, "pip", "install", "--quiet", "--no-deps", "--python", sys.executable, "--target", str(packages),
             "--require-hashes", "-r", str(layer.requirements)]
        )  # fmt: skip
        install_files(layer, packages, with_uv(uv))
        prune_layer.prune(packages)
        subprocess.run([sys.executable, "-m", "compileall", *_BYTECODE, str(packages)], check=True)
    except LayerRefused as refused:
        shutil.rmtree(packages)
        reason = str(refused)
    result = Installed(_inputs(layer), reason)
    result.write(target)
    return result


def _say_result(layer: EngineLayer, result: Installed, target: Path) -> None:
    if result.reason:
        _say(f"  {layer.name:{_WIDTH}} failed")
    else:
        files = (target / layer.name / "python").rglob("*")
        size = sum(file.stat().st_size for file in files if file.is_file())
        _say(f"  {layer.name:{_WIDTH}} {round(size / 1e6):>4} MB")


def _say_missing(layers: Sequence[EngineLayer], reasons: dict[str, str]) -> None:
    for name, reason in reasons.items():
        _say(f"warning: the engine layer {name} is not installed: {reason}")
    missing = sorted(set(_models(layers)) - set(models_with(layer for layer in layers if layer.name not in reasons)))
    if missing:
        _say(f"warning: these models are missing: {', '.join(missing)}. To try again: make install")


def _models(layers: Iterable[EngineLayer]) -> list[str]:
    return [model for layer in layers for model in layer.models]


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    install_engines(Path.cwd(), sys.argv[1], retry="--retry" in sys.argv[2:])
