"""Makes the contract profile: a folder that the local stack takes for the project, with some functions from here."""

from __future__ import annotations

import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CATALOG = HERE / "catalog.toml"


def make_profile(folder: Path) -> Path:
    """Fill an empty folder; everything in it but the functions of `functions/` here is the project's own."""
    (folder / ".local").mkdir()  # not the project's: the rendered template is kept there
    for name in ("template.yaml", "statemachine", "layers", ".local/layers", ".local/runtime"):
        (folder / name).symlink_to(ROOT / name)
    ours = {function.name for function in (HERE / "functions").iterdir()}
    for function in (ROOT / "functions").iterdir():
        target = folder / "functions" / function.name
        target.parent.mkdir(exist_ok=True)
        if function.name not in ours:
            target.symlink_to(function)
            continue
        shutil.copytree(HERE / "functions" / function.name, target, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(HERE / "stub.py", target)
    return folder
