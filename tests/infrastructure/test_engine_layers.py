"""The layers of the engines: what is installed, what is refused, and what starts without the rest."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.intrinsics import Resolver
from scripts.engine_files import LayerRefused, install_files, with_uv
from scripts.engine_layers import installed_layers, models_with, read_layer, read_layers
from scripts.install_engines import install_engines
from tests.infrastructure.engines import WEIGHTS, make_layer, make_uv
from tests.infrastructure.template import ROOT

OTHER_HASH = "0" * 64
UNAVAILABLE = "warning: something else\nerror: No solution found\n  cause: hears-weights was not found in the index"
MISMATCH = "error: Failed to download `hears-weights`\n  cause: Hash mismatch for `hears-weights`\n\nExpected: 0"


@pytest.fixture
def uv(tmp_path: Path) -> Path:
    return make_uv(tmp_path / "uv")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a layer that another one needs, and one that needs nothing."""
    made = tmp_path / "project"
    make_layer(made, "runs")
    make_layer(made, "hears", models="listener", needs="runs")
    make_layer(made, "speaks", models="speaker")
    return made


def refuse(uv: Path, **messages: str) -> None:
    """From now on these packages cannot be had."""
    for file in (uv.parent / "refused").iterdir():
        file.unlink()
    for name, message in messages.items():
        (uv.parent / "refused" / name.replace("_", "-")).write_text(message)


def calls(uv: Path) -> list[str]:
    """The locks that were installed since the last look, sorted."""
    log = uv.parent / "calls.txt"
    found = sorted("/".join(Path(line).parts[-2:]) for line in log.read_text().splitlines()) if log.exists() else []
    log.unlink(missing_ok=True)
    return found


def installed(project: Path) -> list[str]:
    return [layer.name for layer in installed_layers(project, project / ".local")]


def models(project: Path) -> list[str]:
    return models_with(installed_layers(project, project / ".local"))


def test_a_layer_gets_its_packages_and_the_files_of_its_model_in_one_piece(project: Path, uv: Path) -> None:
    install_engines(project, str(uv), retry=False)
    packages = project / ".local/layers/engines/hears/python"
    assert (packages / "hears-code").is_dir()
    assert (packages / "engine_models/hears/weights").read_bytes() == WEIGHTS
    assert not (packages / "hears-weights").exists()
    assert models(project) == ["listener", "speaker"]


def test_what_is_installed_is_left_alone(project: Path, uv: Path) -> None:
    install_engines(project, str(uv), retry=False)
    assert len(calls(uv)) == len(["requirements.txt", "weights.txt"]) * 3
    install_engines(project, str(uv), retry=True)
    assert calls(uv) == []


def test_a_layer_is_installed_again_when_its_lock_changes(project: Path, uv: Path) -> None:
    install_engines(project, str(uv), retry=False)
    calls(uv)
    (project / "layers/engines/speaks/requirements.txt").write_text("speaks-code==2\n")
    install_engines(project, str(uv), retry=False)
    assert calls(uv) == ["speaks/requirements.txt", "speaks/weights.txt"]


def test_an_interrupted_installation_is_begun_again(project: Path, uv: Path) -> None:
    install_engines(project, str(uv), retry=False)
    (project / ".local/layers/engines/speaks/installed.txt").unlink()
    assert installed(project) == ["hears", "runs"]
    install_engines(project, str(uv), retry=False)
    assert installed(project) == ["hears", "runs", "speaks"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param(UNAVAILABLE, "hears-weights was not found in the index", id="unavailable"),
        pytest.param(MISMATCH, "its hash differs", id="another file"),
        pytest.param("", "failed without a message", id="silent"),
    ],
)
def test_without_one_engine_the_others_are_installed_and_its_models_are_named(
    message: str, reason: str, project: Path, uv: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse(uv, hears_weights=message)
    install_engines(project, str(uv), retry=False)
    said = capsys.readouterr().out
    assert re.search(f"warning: the engine layer hears is not installed: .*{reason}", said)
    assert "something else" not in said
    assert "these models are missing: listener. To try again: make install" in said
    assert (installed(project), models(project)) == (["runs", "speaks"], ["speaker"])


def test_models_that_need_a_missing_layer_are_missing_too(
    project: Path, uv: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse(uv, runs_code=UNAVAILABLE)
    install_engines(project, str(uv), retry=False)
    assert "these models are missing: listener." in capsys.readouterr().out
    assert (installed(project), models(project)) == (["hears", "speaks"], ["speaker"])


def test_a_missing_engine_is_named_at_each_start_and_tried_again_by_make_install(
    project: Path, uv: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse(uv, hears_weights=UNAVAILABLE)
    install_engines(project, str(uv), retry=False)
    first = capsys.readouterr().out.splitlines()[-2:]
    calls(uv)
    install_engines(project, str(uv), retry=False)
    assert capsys.readouterr().out.splitlines() == first
    assert calls(uv) == []
    refuse(uv)
    install_engines(project, str(uv), retry=True)
    assert calls(uv) == ["hears/requirements.txt", "hears/weights.txt"]
    assert "warning" not in capsys.readouterr().out
    assert models(project) == ["listener", "speaker"]


def test_a_file_with_another_hash_is_refused(tmp_path: Path, uv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tmp_path / "project"
    make_layer(project, "hears", models="listener", sha256=OTHER_HASH)
    install_engines(project, str(uv), retry=False)
    assert "engine_models/hears/weights is not the locked file (its hash differs), and was refused" in (
        capsys.readouterr().out
    )
    assert not (project / ".local/layers/engines/hears/python").exists()


def test_a_file_that_its_package_does_not_contain_is_named(tmp_path: Path, uv: Path) -> None:
    folder = make_layer(tmp_path / "project", "hears")
    description = (folder / "files.toml").read_text()
    (folder / "files.toml").write_text(description.replace("part2", "part3"))
    with pytest.raises(LayerRefused, match=r"weights\.txt do not contain hears-weights/part3"):
        install_files(read_layer(folder), tmp_path / "packages", with_uv(str(uv)))


def test_licences_beside_the_lock_are_part_of_the_layer(tmp_path: Path, uv: Path) -> None:
    folder = make_layer(tmp_path / "project", "speaks")
    (folder / "licences").mkdir()
    (folder / "licences" / "COPYING").write_text("terms")
    install_files(read_layer(folder), tmp_path / "packages", with_uv(str(uv)))
    assert (tmp_path / "packages/licences/COPYING").read_text() == "terms"


def test_a_build_for_lambda_ends_at_a_refused_file(tmp_path: Path) -> None:
    """The command as `scripts/build-layer` calls it, without network: a layer with no packages, but with a file."""
    folder = make_layer(tmp_path / "project", "hears", sha256=OTHER_HASH)
    (folder / "weights.txt").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "scripts.engine_files", str(folder), str(tmp_path / "packages")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("hears: the packages in weights.txt do not contain hears-weights/part1")


# ------------------------------------------------------------------------------------------------ the real layers
def test_every_engine_is_installed() -> None:
    """Otherwise tests of that engine prove nothing: `make install` says why one is missing."""
    assert installed_layers(ROOT, ROOT / ".local") == read_layers(ROOT)


def test_layers_need_layers_that_exist() -> None:
    layers = read_layers(ROOT)
    assert {name for layer in layers for name in layer.needs} <= {layer.name for layer in layers}


def test_every_package_is_locked_with_hashes() -> None:
    for layer in read_layers(ROOT):
        for lock in (layer.requirements, layer.weights):
            text = lock.read_text().replace("\\\n", " ")
            packages = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
            assert all("==" in line and "--hash=sha256:" in line for line in packages), lock


def test_a_file_is_in_one_layer_only() -> None:
    """A function mounts its layers in one folder."""
    names = [file.to for layer in read_layers(ROOT) for file in layer.files]
    assert len(names) == len(set(names))


IMPORTS = """
import onnxruntime, numpy
numpy.fft, numpy.linalg, numpy.random, numpy.lib.stride_tricks
import hibari, pocketsphinx, ctranslate2, espeakng_loader
"""


def test_pruned_packages_can_be_imported_without_a_warning() -> None:
    """In a process that has nothing else."""
    folders = [ROOT / ".local/layers/engines" / layer.name / "python" for layer in read_layers(ROOT)]
    done = subprocess.run(
        [ROOT / ".local/venv/bin/python", "-S", "-W", "error", "-c", IMPORTS],
        env={"PYTHONPATH": ":".join(map(str, folders))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


OUR_IMPORTS = """
import importlib, pkgutil
from audio_gateway.providers import embedded
for module in pkgutil.walk_packages(embedded.__path__, embedded.__name__ + "."):
    importlib.import_module(module.name)
"""


def test_our_engines_import_nothing_that_the_layers_lack() -> None:
    """The packages of the tests' environment are not pruned."""
    installed = ROOT / ".local/layers"
    folders = [ROOT / "layers/shared", installed / "shared/python", *installed.glob("engines/*/python")]
    done = subprocess.run(
        [ROOT / ".local/venv/bin/python", "-S", "-c", OUR_IMPORTS],
        env={"PYTHONPATH": ":".join(map(str, folders))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stack_has_layers_of_all_engines_but_whisper(source: dict[str, Any]) -> None:
    folders = {
        Path(found["Properties"]["ContentUri"]).name
        for found in source["Resources"].values()
        if found["Type"] == "AWS::Serverless::LayerVersion"
    }
    assert folders - {"shared"} == {layer.name for layer in read_layers(ROOT)} - {"whisper"}


@pytest.mark.parametrize(
    ("engines", "espeak_ng", "left_out"),
    [
        ("true", "true", {"whisper"}),
        ("true", "false", {"whisper", "espeak_ng"}),
        ("false", "true", {layer.name for layer in read_layers(ROOT)}),
    ],
)
def test_functions_on_aws_know_which_engines_their_stack_has(
    engines: str, espeak_ng: str, left_out: set[str], source: dict[str, Any]
) -> None:
    resolver = Resolver({"EmbeddedEngines": engines, "EspeakNg": espeak_ng}, {}, source["Conditions"], {})
    values = {
        resolver.resolve(variables["AUDIO_GATEWAY_ENGINES"])
        for found in source["Resources"].values()
        if found["Type"] == "AWS::Serverless::Function"
        if "AUDIO_GATEWAY_ENGINES" in (variables := found["Properties"]["Environment"]["Variables"])
    }
    (value,) = values
    deployed = [layer for layer in read_layers(ROOT) if layer.name not in left_out]
    assert sorted(value.split()) == sorted(models_with(deployed))
