"""A small project for the stack: the template of this folder, with our layers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from tests.stack.conftest import ROOT

_HERE: Final = Path(__file__).parent


def tiny_project(folder: Path) -> Path:
    """Make the folder a small project; returns it."""
    (folder / "functions" / "tiny").mkdir(parents=True)
    shutil.copy(_HERE / "app.py", folder / "functions" / "tiny")
    for name in ("template.yaml", "machine.asl.json"):
        shutil.copy(_HERE / name, folder)
    (folder / "layers").symlink_to(ROOT / "layers")
    (folder / ".local").mkdir()
    for name in ("layers", "runtime"):
        (folder / ".local" / name).symlink_to(ROOT / ".local" / name)
    return folder
