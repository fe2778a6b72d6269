"""The banner of the ready stack: its commands work with the catalogue in use."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from local.banner import banner
from local.stack_file import StackInfo

ROOT = Path(__file__).parents[3]
INFO = StackInfo("http://127.0.0.1:1/v1", "sk-1", "sk-admin-1", "http://127.0.0.1:2", "r", "id", "secret", "b", "t", 1)
PROVIDER = '[providers.own]\nadapter = "openai"\nbase_url = "http://127.0.0.1:9/v1"\n'
SPEAKER = """[[models]]
id = "o'speaker"
provider = "own"
endpoints = ["speech"]
voices = ["anna", "bert"]
price = { usd_per_million_characters = "0" }
"""
LISTENER = """[[models]]
id = "listener"
provider = "own"
endpoints = ["translations", "transcriptions"]
price = { usd_per_minute = "0" }
"""


def text_with(tmp_path: Path, *entries: str) -> str:
    path = tmp_path / "catalog.toml"
    path.write_text("".join(entries), "utf-8")
    return banner(INFO, Path("stack.json"), path)


def commands(text: str) -> list[list[str]]:
    blocks = [block for block in text.split("\n\n") if block.startswith("curl ")]
    return [shlex.split(block) for block in blocks]


def test_the_commands_for_the_shipped_catalogue_use_its_engines() -> None:
    text = banner(INFO, Path("stack.json"), ROOT / "layers" / "shared" / "catalog.toml")
    speech, transcription = commands(text)
    assert json.loads(speech[speech.index("-d") + 1]) == {
        "model": "espeak-ng", "voice": "ash", "input": "Good morning. Thank you for listening.",
    }  # fmt: skip
    assert "model=moonshine-tiny" in transcription
    assert all("-L" in command for command in (speech, transcription))
    assert 'create(model="espeak-ng", voice="ash", input="Good morning. Thank you for listening.")' in text


def test_the_commands_for_an_own_catalogue_use_its_models_and_voices(tmp_path: Path) -> None:
    text = text_with(tmp_path, PROVIDER, LISTENER, SPEAKER)
    speech, transcription = commands(text)
    asked = json.loads(speech[speech.index("-d") + 1])
    assert (asked["model"], asked["voice"]) == ("o'speaker", "anna")
    assert "model=listener" in transcription


@pytest.mark.parametrize(("entries", "count"), [((PROVIDER, LISTENER), 1), ((PROVIDER, SPEAKER), 1), ((PROVIDER,), 0)])
def test_unsupported_commands_are_left_out(tmp_path: Path, entries: tuple[str, ...], count: int) -> None:
    assert len(commands(text_with(tmp_path, *entries))) == count
