"""The text that `make run` prints when the stack is ready."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Final

from local.catalogue import ServedCatalogue, ServedModel
from local.stack_file import StackInfo

PHRASE: Final = "Good morning. Thank you for listening."
_VOICE: Final = "alloy"
"""The voice of OpenAI's own examples."""


def banner(info: StackInfo, path: Path, served: ServedCatalogue) -> str:
    """Return addresses, keys, and commands to copy, with models that the stack serves."""
    speaks, listens = served.first("speech"), served.first("transcriptions")
    shell = [] if speaks is None else [_speech(info, speaks)]
    shell += [] if listens is None else [_transcription(info, listens)]
    tried = "\n\n".join(["Try it in a shell:", *shell]) if shell else "Its catalogue has no model to try."
    if speaks is not None:
        tried += f"\n\nor in Python:\n\n{_python(info, speaks)}"
    return f"""
audio-gateway is ready.

  base URL   {info.base_url}
  API key    {info.api_key}
  admin key  {info.admin_key}
  stack file {path}

{tried}

Keys, limits, usage and costs, from the project folder (run `make cli` once):

.venv/bin/audio-gateway keys list

Ctrl-C stops it.
"""


def _speech(info: StackInfo, model: ServedModel) -> str:
    asked = {"model": _name(model), "voice": _voice(model), "input": PHRASE}
    body = json.dumps(asked, ensure_ascii=False)
    return f"""curl -L {info.base_url}/audio/speech -H "Authorization: Bearer {info.api_key}" \\
  -H "Content-Type: application/json" \\
  -d {shlex.quote(body)} -o hello.mp3"""


def _transcription(info: StackInfo, model: ServedModel) -> str:
    return f"""curl -L {info.base_url}/audio/transcriptions -H "Authorization: Bearer {info.api_key}" \\
  -F {shlex.quote("model=" + _name(model))} -F file=@hello.mp3"""


def _python(info: StackInfo, model: ServedModel) -> str:
    named = f"model={json.dumps(_name(model))}, voice={json.dumps(_voice(model))}"
    return f"""from openai import OpenAI
client = OpenAI(base_url="{info.base_url}", api_key="{info.api_key}")
client.audio.speech.create({named}, input={json.dumps(PHRASE)}).write_to_file("hello.mp3")"""


def _name(model: ServedModel) -> str:
    """The first alias, which in the shipped catalogue is OpenAI's name, or else the id."""
    return model.names[1] if len(model.names) > 1 else model.names[0]


def _voice(model: ServedModel) -> str:
    return _VOICE if not model.voices or _VOICE in model.voices else model.voices[0]
