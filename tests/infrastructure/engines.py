"""Made-up layers of engines, and a made-up uv that has their packages or fails like the real one."""

from __future__ import annotations

import hashlib
from pathlib import Path

WEIGHTS = b"weights-of-a-model"

# Called like `uv pip install --quiet … --target FOLDER … -r LOCK`. A lock names packages. One with a file in `refused`
# cannot be had, and the file is what uv prints; each other one contains the weights in two parts.
_UV = f"""#!/bin/sh
here=${{0%/*}}
while [ $# -gt 0 ]; do
    case $1 in
        --target) target=$2 ;;
        -r) lock=$2 ;;
    esac
    shift
done
echo "$lock" >>"$here/calls.txt"
while IFS='=' read -r name version; do
    if [ -f "$here/refused/$name" ]; then cat "$here/refused/$name" >&2; exit 2; fi
    mkdir -p "$target/$name"
    printf {WEIGHTS[:5].decode()} >"$target/$name/part1"
    printf {WEIGHTS[5:].decode()} >"$target/$name/part2"
done <"$lock"
"""


def make_uv(folder: Path) -> Path:
    """Write the made-up uv into a folder, where it also keeps its calls and what it refuses."""
    (folder / "refused").mkdir(parents=True)
    uv = folder / "uv"
    uv.write_text(_UV)
    uv.chmod(0o755)
    return uv


def make_layer(project: Path, name: str, models: str = "", needs: str = "", sha256: str = "") -> Path:
    """Write a layer with the package NAME-code and the weights of NAME-weights."""
    folder = project / "layers" / "engines" / name
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text(f"{name}-code==1\n")
    (folder / "weights.txt").write_text(f"{name}-weights==1\n")
    (folder / "files.toml").write_text(
        f"models = {models.split()!r}\nneeds = {needs.split()!r}\ndownload_mb = 7\n"
        f'[[files]]\nto = "engine_models/{name}/weights"\n'
        f'from = ["{name}-weights/part1", "{name}-weights/part2"]\n'
        f'sha256 = "{sha256 or hashlib.sha256(WEIGHTS).hexdigest()}"\n'
    )
    return folder
