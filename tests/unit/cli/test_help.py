"""`--help` explains every command and option."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import audio_gateway
from audio_gateway.cli.app import app, main
from tests.unit.cli.commands import COMMANDS
from tests.unit.cli.operator import run

FOR_PEOPLE = {("transcribe",), ("speak",), ("env",)}
"""Commands without --json: they output a transcript, audio or shell commands."""


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_and_option_is_explained_and_can_answer_in_json(words: tuple[str, ...]) -> None:
    shown = run(*words, "--help").stdout
    command: Any = COMMANDS[words]
    assert command.help
    assert ("--json" in shown) == (words not in FOR_PEOPLE)
    for parameter in command.params:
        assert parameter.help, f"{words}: {parameter.name}"


def test_without_a_command_there_is_help() -> None:
    assert "keys" in run(code=2).output


def test_usage_shows_the_program_name(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/audio_gateway/__main__.py", "keys", "nothing"])
    with pytest.raises(SystemExit):
        main()
    assert "Usage: audio-gateway keys" in capsys.readouterr().err


def test_the_shell_can_complete_its_commands() -> None:
    assert "--install-completion" in run("--help").stdout


def test_the_version_is_the_package_s() -> None:
    assert run("--version").stdout == f"{app.info.name} {audio_gateway.__version__}\n"
