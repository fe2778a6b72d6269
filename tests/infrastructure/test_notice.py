"""NOTICE names everything of others that the layers contain, and the layers contain its licences."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.engine_layers import installed_layers, read_layers
from tests.infrastructure.template import ROOT

NOTICE = (ROOT / "NOTICE").read_text()
LOCKS = [
    ROOT / "layers/shared/requirements.txt",
    *(lock for layer in read_layers(ROOT) for lock in (layer.requirements, layer.weights)),
]
SECTION = re.compile(r'^(?:Layer|Engine) "(\w+)":(.*?)(?=\n\n\n|\Z)', re.MULTILINE | re.DOTALL)
SECTIONS: dict[str, str] = dict(SECTION.findall(NOTICE))


def packages(lock: Path) -> list[str]:
    return re.findall(r"^([A-Za-z0-9._-]+)==", lock.read_text(), re.MULTILINE)


def named(package: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(package)}(?![\w-])", text) is not None


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: f"{lock.parent.name}/{lock.name}")
def test_each_package_is_named_under_its_layer(lock: Path) -> None:
    section = SECTIONS[lock.parent.name]
    assert [name for name in packages(lock) if not named(name, section)] == []


def test_nothing_is_named_that_no_layer_has() -> None:
    locked = {name for lock in LOCKS for name in packages(lock)}
    titles = {
        name.strip()
        for section in SECTIONS.values()
        for title in re.findall(r"^([a-z][\w, \n-]*?) \([A-Z]", section.partition("---\n")[2], re.MULTILINE)
        for name in title.split(",")
    }
    assert titles - locked == set()


def test_there_is_a_section_for_each_layer() -> None:
    assert SECTIONS.keys() == {"shared"} | {layer.name for layer in read_layers(ROOT)}


def test_the_licence_files_that_are_named_are_in_the_layers() -> None:
    for layer in installed_layers(ROOT, ROOT / ".local"):
        folder = ROOT / ".local/layers/engines" / layer.name / "python"
        for path in re.findall(
            r"[\w/]+/(?:LICENSE|NOTICE|COPYING)(?:\.[\w-]+)?|\w+/\w+Notices\.txt", SECTIONS[layer.name]
        ):
            assert (folder / path).is_file(), path


def test_models_come_with_the_licence_of_their_package() -> None:
    """A package whose code is not installed leaves no other trace of its licence."""
    for layer in read_layers(ROOT):
        if layer.files:
            assert any(file.to.endswith("/LICENSE") for file in layer.files), layer.name
