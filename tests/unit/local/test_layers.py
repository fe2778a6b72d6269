from __future__ import annotations

from pathlib import Path

import pytest

from local.layers import python_path


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    package = tmp_path / "layers" / "shared" / "audio_gateway"
    for folder in ("api", "cli", "__pycache__"):
        (package / folder).mkdir(parents=True)
    for file in ("__init__.py", "__main__.py", "api/app.py", "cli/app.py"):
        (package / file).touch()
    return package.parent


def deployed(layer: Path) -> Path:
    own, packages = python_path(layer, layer.parents[1], layer.parents[1] / ".local")
    assert packages == layer.parents[1] / ".local" / "layers" / "shared" / "python"
    return own / "audio_gateway"


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_undeployed_modules_cannot_be_imported(layer: Path) -> None:
    assert names(deployed(layer)) == {"__init__.py", "api"}


def test_edits_additions_and_removals_of_modules_take_effect(layer: Path) -> None:
    found = deployed(layer)
    (found / "__pycache__").mkdir()  # as Python creates it
    (layer / "audio_gateway" / "api" / "app.py").write_text("edited")
    (layer / "audio_gateway" / "text.py").touch()
    assert (found / "api" / "app.py").read_text() == "edited"

    assert names(deployed(layer)) == {"__init__.py", "__pycache__", "api", "text.py"}
    (layer / "audio_gateway" / "text.py").unlink()
    assert names(deployed(layer)) == {"__init__.py", "__pycache__", "api"}


def test_a_copy_of_the_project_with_shared_layers_links_to_its_own_source(tmp_path: Path, layer: Path) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "layers").symlink_to(layer.parent)
    own, _ = python_path(other / "layers" / "shared", other, other / ".local")
    assert (own / "audio_gateway" / "api").readlink() == layer / "audio_gateway" / "api"
    assert own.is_relative_to(other)


def test_a_layer_without_our_package_has_only_its_packages(tmp_path: Path) -> None:
    layer = tmp_path / "layers" / "engines" / "hibari"
    layer.mkdir(parents=True)
    assert python_path(layer, tmp_path, tmp_path / ".local") == [
        tmp_path / ".local" / "layers" / "engines" / "hibari" / "python"
    ]
