"""The text that the project itself has written: its pages, and every file that is neither installed nor generated."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]

# What commands make, and .git; everything else that begins with a dot is ours.
NOT_OURS = {"node_modules", "__pycache__", "build", "dist"}
OURS_WITH_A_DOT = {".ci", ".editorconfig", ".gitignore", ".gitattributes", ".github", ".pre-commit-config.yaml"}


def files(folder: Path = ROOT) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in NOT_OURS or (path.name.startswith(".") and path.name not in OURS_WITH_A_DOT):
            continue
        if path.is_dir():
            yield from files(path)
        else:
            yield path


@functools.cache
def texts() -> dict[Path, str]:
    """Every text file by its path from the root."""
    found = {}
    for path in files():
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            found[path.relative_to(ROOT)] = data.decode("utf-8")
    return found


def markdown() -> dict[Path, str]:
    return {path: text for path, text in texts().items() if path.suffix == ".md"}


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block as it is printed; `not_run` is the reason in the comment before it, which readers do not see."""

    language: str
    source: str
    not_run: str | None


def programs(text: str) -> list[Block]:
    """What a reader of the page can type in or run, in order."""
    comment = r"(?:<!-- not run by the tests: ([^\n]+) -->\n)?"
    found = re.findall(rf"^{comment}```(sh|python|js)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [Block(language, source, reason or None) for reason, language, source in found]


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
