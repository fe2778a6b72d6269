"""What a stranger reads is true: links, commands, code, trees, versions."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

import audio_gateway
from tests.unit.docs.pages import ROOT, blocks, files, markdown, texts, without_blocks

PAGES = markdown()
README = PAGES[Path("README.md")]


def anchors(text: str) -> set[str]:
    """The ids that a Markdown viewer gives to headings."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(text), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_blocks(PAGES[page])):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        aim = (ROOT / page.parent / path).resolve() if path else ROOT / page
        assert aim.exists(), f"{page}: {target}"
        if anchor:
            assert anchor in anchors(aim.read_text()), f"{page}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_python_blocks_compile_and_json_blocks_parse(page: Path) -> None:
    for block in blocks(PAGES[page], "python"):
        compile(block, str(page), "exec")
    for block in blocks(PAGES[page], "json"):
        json.loads(block)
    for block in blocks(PAGES[page], "toml"):
        tomllib.loads(block)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(PAGES[page], "sh")], ids=str)
def test_shell_blocks_are_shell(page: Path) -> None:
    for block in blocks(PAGES[page], "sh"):
        done = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)
        assert not done.returncode, f"{page}: {done.stderr}"


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_make_command_is_one_that_make_help_lists(page: Path) -> None:
    code = "\n".join([*blocks(PAGES[page], "sh"), *re.findall(r"`([^`\n]+)`", without_blocks(PAGES[page]))])
    named = set(re.findall(r"(?:^|[ =])make ([a-z][a-z-]*)", code, flags=re.MULTILINE))
    assert named <= make_targets(), page


def test_contributing_names_every_make_command() -> None:
    named = set(re.findall(r"^\| `make ([a-z-]+)", PAGES[Path("CONTRIBUTING.md")], flags=re.MULTILINE))
    assert named == make_targets() - {"help"}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_scripts_that_are_named_exist(page: Path) -> None:
    for name in re.findall(r"(?:^|[ `])((?:scripts|examples)/[\w./-]*\w)", PAGES[page], flags=re.MULTILINE):
        assert (ROOT / name).exists() or (ROOT / page.parent / name).exists(), f"{page}: {name}"


def test_the_tree_in_the_readme_is_the_tree() -> None:
    (tree,) = (block for block in blocks(README, "text") if "template.yaml" in block)
    listed, parent = set(), Path()
    for line in tree.splitlines():
        name = line.split()[0]
        if line.startswith("  "):
            listed.add(parent / name)
        else:
            parent = Path(name)
            listed.add(parent)
    for path in listed:
        assert (ROOT / path).exists(), path
    package = ROOT / "layers" / "shared" / "audio_gateway"
    ours = {path.relative_to(ROOT).parts[0] for path in files() if len(path.relative_to(ROOT).parts) > 1}
    assert ours - {".ci", ".github"} <= {path.parts[0] for path in listed}
    inside = {path.relative_to(ROOT) for path in package.iterdir() if (path / "__init__.py").exists()}
    assert inside == {path for path in listed if path.parent == package.relative_to(ROOT)}


def test_the_decisions_are_listed_short_and_of_one_form() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text()
    records = sorted(folder.glob("[0-9]*.md"))
    numbers = [record.name[:4] for record in records]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    for record in records:
        text = record.read_text()
        title = text.splitlines()[0].removeprefix("# ")
        assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == [
            "Context", "Decision", "Consequences", "Rejected",
        ], record.name  # fmt: skip
        assert len(text.splitlines()) <= 100
        assert "```" not in text
        assert not re.search(r"(?<!x-)\bshould\b", text), record.name
        assert "- \\+ " in text
        assert "- \u2212 " in text
        number, _, name = title.partition(": ")
        assert f"| [{number}]({record.name}) | {name} | " in index


def test_one_version_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    newest = re.search(r"^## \[([^\]]+)\]", PAGES[Path("CHANGELOG.md")], flags=re.MULTILINE)
    assert newest is not None
    assert project["version"] == audio_gateway.__version__ == newest[1]


def test_no_file_names_a_package_registry_or_a_place_on_somebodys_machine() -> None:
    registries = ["py" + "pi.org", "pythonhosted" + ".org", "registry." + "npmjs", "registry." + "yarnpkg"]
    places = ["/ro" + "ot/", "/wo" + "rk/", "/opt/whe" + "els"]
    named = re.compile("|".join([*map(re.escape, registries), *(rf"(?<![\w.}}]){place}" for place in places)]))
    for path, text in texts().items():
        found = named.search(text)
        assert found is None, f"{path}: {text[max(0, found.start() - 40) : found.end() + 40]}"


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_no_emoji(page: Path) -> None:
    assert not re.search("[\U0001f000-\U0001faff\u2600-\u27bf]", PAGES[page])
