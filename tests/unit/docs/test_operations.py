"""The page for operators names commands and options that there are, and leaves none out."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.commands import COMMANDS
from tests.unit.docs.pages import blocks, markdown

PAGES = markdown()
PAGE = PAGES[Path("docs/operations.md")]
CLIENTS = PAGES[Path("docs/clients.md")]
FOR_PEOPLE = {("transcribe",), ("speak",), ("models",), ("voices",), ("env",), ("webhooks", "listen")}
PROGRAM = re.compile(r"(?:^|[|(;&] *)(?:\.venv/bin/)?audio-gateway (?=[a-z-])(.*?)(?:\)\".*)?$")


def options(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts if option.startswith("-")}


def examples(text: str) -> list[str]:
    """The command lines of a page: those in its blocks for a shell, and those in its sentences."""
    lines = [line for block in blocks(text, "sh") for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return [found[1] for line in lines if (found := PROGRAM.search(line)) is not None]


EXAMPLES = {(str(page), line) for page, text in PAGES.items() for line in examples(text)}


@pytest.mark.parametrize(("page", "line"), sorted(EXAMPLES), ids=str)
def test_an_example_names_a_command_and_options_that_there_are(page: str, line: str) -> None:
    words = shlex.split(re.split(r" [|&>]", line)[0], comments=True)
    if words in (["--help"], ["--version"], ["--install-completion"]):
        return
    length = next((length for length in (2, 1) if tuple(words[:length]) in COMMANDS), None)
    assert length is not None, f"{page}: {line}"
    known = options(COMMANDS[tuple(words[:length])])
    given = {word.split("=")[0] for word in words if word.startswith("-") and word != "-"}
    assert given <= known | {"--help"}, f"{page}: {line}"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_and_each_of_its_options_is_on_the_page(words: tuple[str, ...]) -> None:
    page = CLIENTS if words in FOR_PEOPLE else PAGE
    assert f"audio-gateway {' '.join(words)}" in page
    described = {option for option in options(COMMANDS[words]) if option.startswith("--") and option != "--help"}
    missing = {option for option in described if not re.search(rf"{option}(?![\w-])", page)}
    assert not missing


def test_sentences_name_commands_that_there_are() -> None:
    groups = {words[0] for words in COMMANDS if len(words) > 1}
    for group, name in re.findall(rf"`({'|'.join(groups)}) ([a-z]+)", PAGE):
        assert (group, name) in COMMANDS, f"{group} {name}"
