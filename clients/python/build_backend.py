"""Builds a reproducible wheel and sdist (PEP 517) with the standard library only."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any, Final

_HERE: Final = Path(__file__).resolve().parent
_PACKAGE: Final = "audio_gateway_client"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can store
_TAG: Final = "py3-none-any"


def build_wheel(
    wheel_directory: str, config_settings: dict[str, Any] | None = None, metadata_directory: str | None = None
) -> str:
    """Write the wheel and return its name."""
    del config_settings, metadata_directory
    project = _project()
    info = f"{_PACKAGE}-{project['version']}.dist-info"
    files = _sources() | {
        f"{info}/METADATA": _metadata(project),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: {_PACKAGE}\nRoot-Is-Purelib: true\nTag: {_TAG}\n".encode(),
    }
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    name = f"{_PACKAGE}-{project['version']}-{_TAG}.whl"
    with zipfile.ZipFile(Path(wheel_directory) / name, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            wheel.writestr(entry, content)
    return name


def build_sdist(sdist_directory: str, config_settings: dict[str, Any] | None = None) -> str:
    """Write the sdist and return its name."""
    del config_settings
    project = _project()
    root = f"{_PACKAGE}-{project['version']}"
    own = {name: (_HERE / name).read_bytes() for name in ("pyproject.toml", "README.md", "build_backend.py")}
    with (
        (Path(sdist_directory) / f"{root}.tar.gz").open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for path, content in (_sources() | own | {"PKG-INFO": _metadata(project)}).items():
            entry = tarfile.TarInfo(f"{root}/{path}")
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return f"{root}.tar.gz"


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((_HERE / "pyproject.toml").read_text("utf-8"))["project"]
    return project


def _sources() -> dict[str, bytes]:
    found = sorted(path for path in (_HERE / _PACKAGE).iterdir() if path.suffix == ".py" or path.name == "py.typed")
    return {f"{_PACKAGE}/{path.name}": path.read_bytes() for path in found}


def _metadata(project: dict[str, Any]) -> bytes:
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {needed}" for needed in project["dependencies"]),
        "Description-Content-Type: text/markdown",
        "",
        (_HERE / project["readme"]).read_text("utf-8"),
    ]
    return "\n".join(lines).encode()


def _record(files: dict[str, bytes], own: str) -> bytes:
    lines = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content)}")
    return "\n".join([*lines, f"{own},,", ""]).encode()
