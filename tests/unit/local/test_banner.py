"""The banner of the ready stack: its commands work with the catalogue in use."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from local.banner import banner
from local.catalogue import ServedCatalogue, ServedModel
from local.stack_file import StackInfo

INFO = StackInfo("http://127.0.0.1:1/v1", "sk-1", "sk-admin-1", "http://127.0.0.1:2", "r", "id", "secret", "b", "t", 1)
SPEAKER = ServedModel(("o'speaker",), ("speech",), ("anna", "bert"))
LISTENER = ServedModel(("listener",), ("transcriptions", "translations"), ())


def text_with(*models: ServedModel) -> str:
    return banner(INFO, Path("stack.json"), ServedCatalogue(models))


def commands(text: str) -> list[list[str]]:
    blocks = [block for block in text.split("\n\n") if block.startswith("curl ")]
    return [shlex.split(block) for block in blocks]


def test_the_commands_use_openais_names_where_models_have_them() -> None:
    hibari = ServedModel(("hibari", "tts-1", "tts-1-hd"), ("speech",), ("ash", "alloy"))
    moonshine = ServedModel(("moonshine-tiny", "gpt-4o-transcribe"), ("transcriptions",), ())
    text = text_with(hibari, moonshine)
    speech, transcription = commands(text)
    assert json.loads(speech[speech.index("-d") + 1]) == {
        "model": "tts-1", "voice": "alloy", "input": "Good morning. Thank you for listening.",
    }  # fmt: skip
    assert "model=gpt-4o-transcribe" in transcription
    assert all("-L" in command for command in (speech, transcription))
    assert 'create(model="tts-1", voice="alloy", input="Good morning. Thank you for listening.")' in text


def test_the_commands_for_an_own_catalogue_use_its_models_and_voices() -> None:
    speech, transcription = commands(text_with(LISTENER, SPEAKER))
    asked = json.loads(speech[speech.index("-d") + 1])
    assert (asked["model"], asked["voice"]) == ("o'speaker", "anna")
    assert "model=listener" in transcription


@pytest.mark.parametrize(("models", "count"), [((LISTENER,), 1), ((SPEAKER,), 1), ((), 0)])
def test_unsupported_commands_are_left_out(models: tuple[ServedModel, ...], count: int) -> None:
    assert len(commands(text_with(*models))) == count
