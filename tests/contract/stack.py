"""Starts the contract profile: the local stack on a folder like the project's, with the two functions from here."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROFILE = ROOT / ".local" / "contract"


def prepare() -> Path:
    """A folder that looks like the project, made anew; everything in it but two functions is the project's."""
    shutil.rmtree(PROFILE, ignore_errors=True)
    (PROFILE / "functions").mkdir(parents=True)
    for name in ("template.yaml", "layers", ".local", "local"):
        (PROFILE / name).symlink_to(ROOT / name)
    for function in (ROOT / "functions").iterdir():
        if function.is_dir():
            (PROFILE / "functions" / function.name).symlink_to(function)
    for function in (HERE / "functions").iterdir():
        own = PROFILE / "functions" / function.name
        own.unlink()
        shutil.copytree(function, own, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(HERE / "stub.py", own)
    return PROFILE


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from local.__main__ import main

    os.environ["AUDIO_GATEWAY_CATALOG"] = str(HERE / "catalog.toml")
    sys.exit(main(prepare()))
