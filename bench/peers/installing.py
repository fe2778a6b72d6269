"""Installs the other gateways into bench/.work, with pip and npm as this machine has them configured."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
WORK: Final = HERE.parent / ".work"
PINS: Final[dict[str, Any]] = tomllib.loads((HERE / "peers.toml").read_text())
_PATIENCE_S: Final = 1200


class NotInstalled(Exception):
    """A gateway cannot be installed here. The message says why."""


def install_litellm() -> Path:
    """Install LiteLLM's proxy once, and return its folder. Raises `NotInstalled`."""
    requirement = PINS["litellm"]["requirement"]
    folder = WORK / "litellm"
    if not _is_installed(folder, requirement):
        _run([sys.executable, "-m", "venv", str(folder)], WORK)
        _run([str(folder / "bin" / "pip"), "install", "--quiet", requirement], folder)
        _mark(folder, requirement)
    return folder


def install_portkey() -> Path:
    """Install Portkey's gateway once, and return its folder. Raises `NotInstalled`."""
    pins = PINS["portkey"]
    package = {
        "private": True,
        "dependencies": {pins["package"]: pins["version"]},
        "overrides": pins["overrides"],
    }
    wanted, folder = json.dumps(package), WORK / "portkey"
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NotInstalled("Node.js is not installed")
    if not _is_installed(folder, wanted):
        folder.mkdir()
        (folder / "package.json").write_text(wanted)
        _run([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts"], folder)
        _mark(folder, wanted)
    return folder


def litellm_versions(folder: Path) -> dict[str, str]:
    """Return the versions of LiteLLM and of the packages that serve with it."""
    listed = _run([str(folder / "bin" / "pip"), "list", "--format", "json"], folder)
    found = {each["name"].lower(): each["version"] for each in json.loads(listed)}
    return {name: found[name] for name in PINS["litellm"]["reports"] if name in found}


def portkey_versions(folder: Path) -> dict[str, str]:
    """Return the versions of Portkey's gateway, of its HTTP server and of Node.js."""
    names = (PINS["portkey"]["package"], *PINS["portkey"]["overrides"])
    files = {name: folder / "node_modules" / name / "package.json" for name in names}
    versions = {name: str(json.loads(file.read_text())["version"]) for name, file in files.items()}
    return versions | {"node": _run(["node", "--version"], folder).strip().removeprefix("v")}


def _is_installed(folder: Path, wanted: str) -> bool:
    """Whether the folder has what is wanted. If not, there is no folder any more."""
    stamp = folder / ".stamp"
    if stamp.is_file() and stamp.read_text() == wanted:
        return True
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(exist_ok=True)
    return False


def _mark(folder: Path, wanted: str) -> None:
    (folder / ".stamp").write_text(wanted)


def _run(command: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(str(error)) from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise NotInstalled(f"{Path(command[0]).name} failed: {' '.join(last)[:200]}")
    return done.stdout
