"""The clients' packages: built without a network, complete, and with the project's version."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PYTHON_CLIENT = ROOT / "clients" / "python"
UV = ROOT / ".local" / "uv" / "bin" / "uv"
PIP = ROOT / ".local" / "uv" / "bin" / "python"


@pytest.fixture(scope="module")
def backend() -> Any:
    spec = importlib.util.spec_from_file_location("build_backend", PYTHON_CLIENT / "build_backend.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_wheel_has_every_module_and_is_the_same_each_time(backend: Any, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    wheel = tmp_path / backend.build_wheel(str(tmp_path))
    again = tmp_path / "again" / backend.build_wheel(str(tmp_path / "again"))
    assert wheel.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    sources = {path.name for path in (PYTHON_CLIENT / "audio_gateway_client").glob("*") if path.is_file()}
    assert {f"audio_gateway_client/{name}" for name in sources} <= names
    assert "audio_gateway_client/py.typed" in names


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own, in which pip has installed the client without an index; its packages."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    environment = os.environ | {
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    command: list[str | Path] = [
        PIP,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        packages,
        PYTHON_CLIENT,
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return packages


NEEDS_PIP = pytest.mark.skipif(not PIP.exists(), reason="make installs pip below .local")


@pytest.mark.slow
@NEEDS_PIP
def test_pip_installs_it_without_an_index(installed: Path, tmp_path: Path) -> None:
    program = "import audio_gateway_client as c; print(c.__file__); c.http_client().close()"
    found = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(installed)}, cwd=tmp_path,
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert found.startswith(str(installed))
    assert next(installed.glob("*.dist-info/METADATA")).read_text().startswith("Metadata-Version")


@pytest.mark.slow
@NEEDS_PIP
def test_mypy_knows_the_types_of_the_installed_package(installed: Path, tmp_path: Path) -> None:
    """As it does by `py.typed`: without it, a package is not looked into."""
    program = tmp_path / "program.py"
    program.write_text(
        "from audio_gateway_client import JobTimedOut\n\n\n"
        "def job(error: JobTimedOut) -> str:\n    return error.job_id\n\n\nreveal_type(job)\n"
    )
    python = installed.parents[2] / "bin" / "python"
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        f"--python-executable={python}",
        program,
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout
    assert "audio_gateway_client._errors.JobTimedOut" in done.stdout


def test_pip_builds_it_from_the_sdist(backend: Any, tmp_path: Path) -> None:
    sdist = tmp_path / backend.build_sdist(str(tmp_path))
    command = ["tar", "-xzf", sdist, "-C", tmp_path]
    subprocess.run(command, check=True)
    folder = tmp_path / sdist.name.removesuffix(".tar.gz")
    program = "import build_backend; print(build_backend.build_wheel('.'))"
    made = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    assert made.strip().endswith("-py3-none-any.whl")


def test_one_version_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert tomllib.loads((PYTHON_CLIENT / "pyproject.toml").read_text())["project"]["version"] == version
    assert json.loads((ROOT / "clients" / "node" / "package.json").read_text())["version"] == version


def test_the_node_package_has_all_its_files() -> None:
    package = json.loads((ROOT / "clients" / "node" / "package.json").read_text())
    there = {path.name for path in (ROOT / "clients" / "node").iterdir()} - {"package.json"}
    assert set(package["files"]) == there


def test_the_public_names_are_sorted_and_exist() -> None:
    import audio_gateway_client

    names = audio_gateway_client.__all__
    assert all(hasattr(audio_gateway_client, name) for name in names)
    assert len(set(names)) == len(names)
