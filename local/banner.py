"""The text that `make run` prints when the stack is ready."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any, Final

from local.catalogue import first_model
from local.stack_file import StackInfo

PHRASE: Final = "Good morning. Thank you for listening."
_CLEAREST_VOICE: Final = "ash"
"""The voice of the embedded engine whose PHRASE the embedded transcription engine recognises without an error."""


def banner(info: StackInfo, path: Path, catalogue: Path) -> str:
    """Return addresses, keys, and commands to copy, with models of this catalogue."""
    speaks, listens = first_model(catalogue, "speech"), first_model(catalogue, "transcriptions")
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


def _speech(info: StackInfo, model: dict[str, Any]) -> str:
    asked = {"model": model["id"], "voice": _voice(model), "input": PHRASE}
    body = json.dumps(asked, ensure_ascii=False)
    return f"""curl -L {info.base_url}/audio/speech -H "Authorization: Bearer {info.api_key}" \\
  -H "Content-Type: application/json" \\
  -d {shlex.quote(body)} -o hello.mp3"""


def _transcription(info: StackInfo, model: dict[str, Any]) -> str:
    return f"""curl -L {info.base_url}/audio/transcriptions -H "Authorization: Bearer {info.api_key}" \\
  -F {shlex.quote("model=" + model["id"])} -F file=@hello.mp3"""


def _python(info: StackInfo, model: dict[str, Any]) -> str:
    named = f"model={json.dumps(model['id'])}, voice={json.dumps(_voice(model))}"
    return f"""from openai import OpenAI
client = OpenAI(base_url="{info.base_url}", api_key="{info.api_key}")
client.audio.speech.create({named}, input={json.dumps(PHRASE)}).write_to_file("hello.mp3")"""


def _voice(model: dict[str, Any]) -> str:
    voices: list[str] = list(model.get("voices") or [])
    return _CLEAREST_VOICE if not voices or _CLEAREST_VOICE in voices else voices[0]
