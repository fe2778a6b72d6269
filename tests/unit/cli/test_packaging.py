"""The command line is installed by one make command, and is not in the layer."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.docs.pages import ROOT

LAYERS = sorted(ROOT.glob("layers/**/requirements.txt"))


@pytest.mark.parametrize("lock", LAYERS, ids=lambda path: path.parent.name)
def test_no_layer_has_the_libraries_of_the_command_line(lock: Path) -> None:
    assert not re.search(r"^(typer|rich)==", lock.read_text(), flags=re.MULTILINE)


@pytest.mark.slow
def test_the_command_line_is_not_in_the_layer(tmp_path: Path) -> None:
    layer, artifacts = tmp_path / "layer", tmp_path / "artifacts"
    shutil.copytree(ROOT / "layers" / "shared" / "audio_gateway", layer / "audio_gateway")
    (layer / "requirements.txt").touch()
    artifacts.mkdir()
    command = [ROOT / "scripts" / "build-layer", layer, artifacts, "165"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True, cwd=ROOT)
    built = artifacts / "python" / "audio_gateway"
    assert (built / "identity" / "directory.py").is_file()
    assert not (built / "cli").exists()
    assert not (built / "__main__.py").exists()


def test_without_its_libraries_the_error_names_the_next_step(tmp_path: Path) -> None:
    """With only the layer's packages."""
    program = (
        "import runpy, sys; sys.modules['typer'] = None; sys.argv[0] = 'audio_gateway'; "
        f"sys.path.insert(0, {str(ROOT / 'layers' / 'shared')!r}); "
        "runpy.run_module('audio_gateway', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert "make cli" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".venv" / "bin" / "audio-gateway").exists(), reason="not the environment of make")
def test_the_command_line_runs_in_any_folder(tmp_path: Path) -> None:
    for command in ([ROOT / ".venv/bin/audio-gateway"], [ROOT / ".venv/bin/python", "-m", "audio_gateway"]):
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True, cwd=tmp_path, env={})
        assert done.stdout.startswith("audio-gateway ")
