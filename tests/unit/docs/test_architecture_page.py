"""docs/architecture.md and CONTRIBUTING.md name files, functions and tests that exist, and every function and place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from scripts.packages import PACKAGES
from tests.unit.docs.pages import ROOT, blocks, without_blocks

PACKAGE = ROOT / "layers" / "shared" / "audio_gateway"
UNIT = ROOT / "tests" / "unit"
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
WALK = "Where do I change what?"

# A path, with the name of something in a module behind a colon, if there is one.
_PATH = re.compile(r"`([\w.-]*[\w/.-]+(?:\.(?:py|yaml|toml|md|json)|/))(?::([\w.]+))?`")


# A partition of the table or a prefix in the bucket.
_PLACE = "`([A-Z_]+(?:#[*]?)?|[a-z]+/[*]?)`"


def section(title: str) -> str:
    return re.split(r"\n## ", PAGE.split(f"\n## {title}\n", 1)[1], maxsplit=1)[0]


def rows(title: str) -> list[list[str]]:
    """The cells of all tables in a section, without their heads."""
    lines = [line for line in section(title).splitlines() if line.startswith("| ")]
    heads = {line for line, below in zip(section(title).splitlines(), section(title).splitlines()[1:], strict=False)
             if below.startswith("| ---")}  # fmt: skip
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line not in heads and not line.startswith("| ---")
    ]


def places(text: str) -> set[tuple[str, str]]:
    """The paths of a text and the names in them, which may be empty."""
    return set(_PATH.findall(without_blocks(text)))


def found(path: str) -> Path | None:
    """The file or folder, which a page names from the root, from the package or from the tests of units."""
    return next((base / path for base in (ROOT, PACKAGE, UNIT) if (base / path).exists()), None)


def _bound(node: ast.stmt) -> Iterator[tuple[str, ast.stmt]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name, node
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, node
    elif isinstance(node, ast.Assign):
        yield from ((target.id, node) for target in node.targets if isinstance(target, ast.Name))


@cache
def defines(file: Path, dotted: str) -> bool:
    """Whether a module has a function, class or constant, or a class such a member."""
    body: list[ast.stmt] = ast.parse(file.read_text("utf-8")).body
    for name in dotted.split("."):
        node = next((node for node in body for bound, node in _bound(node) if bound == name), None)
        if node is None:
            return False
        body = getattr(node, "body", [])
    return True


@pytest.mark.parametrize(
    ("path", "name"), sorted(places(PAGE) | places(CONTRIBUTING)), ids=lambda value: value or "whole"
)
def test_what_is_named_exists(path: str, name: str) -> None:
    file = found(path)
    assert file is not None, f"{path} does not exist"
    assert not name or defines(file, name), f"{path} has no {name}"


def test_every_test_that_is_named_exists() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    written = {name for source in sources for name in re.findall(r"^ *def (test_\w+)\(", source, flags=re.MULTILINE)}
    named = set(re.findall(r"`(test_\w+)`", CONTRIBUTING))
    assert len(named) >= 10
    assert named <= written


@pytest.mark.parametrize(
    ("dotted", "expected"),
    [("PACKAGE", True), ("_PATH", True), ("section", True), ("sektion", False), ("section.title", False)],
)
def test_a_name_is_found_only_where_it_is(dotted: str, expected: bool) -> None:
    assert defines(Path(__file__), dotted) is expected


def test_paths_are_found_in_a_text() -> None:
    text = "`errors.py`, `api/speech.py:read_speech`, `tests/unit/`, `a` and `key/value`\n```sh\n`x.py`\n```\n"
    assert places(text) == {("errors.py", ""), ("api/speech.py", "read_speech"), ("tests/unit/", "")}
    assert found("errors.py") == PACKAGE / "errors.py"
    assert found("nowhere.py") is None


def test_no_diagram_has_a_semicolon_which_would_end_its_line() -> None:
    diagrams = blocks(PAGE, "mermaid")
    assert len(diagrams) == 4
    assert not [diagram for diagram in diagrams if ";" in diagram]


def test_each_task_names_a_place_and_a_test() -> None:
    tasks = rows(WALK)
    assert len(tasks) >= 10
    for task, where, test in tasks:
        assert places(where), task
        assert all(path.startswith("tests/") and name.startswith("test_") for path, name in places(test)), task
        assert places(test), task


def test_the_readme_lists_every_package() -> None:
    tree = (ROOT / "README.md").read_text("utf-8").split("layers/shared/audio_gateway/", 1)[1]
    listed = re.findall(r"^  (\w+)/ ", tree, flags=re.MULTILINE)
    assert sorted(listed) == sorted(name for name in PACKAGES if (PACKAGE / name).is_dir())


def test_every_function_is_described_once() -> None:
    named = [name for row in rows("The parts") for name in re.findall("`([^`]+)`", row[0])]
    assert sorted(named) == sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))


def test_every_stored_place_has_its_module() -> None:
    security = (ROOT / "SECURITY.md").read_text("utf-8").split("## What is stored", 1)[1]
    cells = [line.split("|")[2] for line in security.splitlines() if line.startswith("| ")]
    kept = {
        name.rstrip("*")
        for cell in cells
        if cell.startswith((" table", " bucket"))
        for name in re.findall(_PLACE, cell)
    }
    named = {}
    for place, module in rows("What is stored where"):
        for name in re.findall(_PLACE, place):
            named[name.rstrip("*")] = module.strip("`")
    assert set(named) == kept
    for name, module in named.items():
        text = (PACKAGE / module).read_text("utf-8")
        assert re.search(rf"[\"']{re.escape(name)}", text), f"{module} does not write {name}"
