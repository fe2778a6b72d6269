"""What the operator reads when the stack is ready."""

from __future__ import annotations

from pathlib import Path

from local.stack_file import StackInfo


def welcome(info: StackInfo, path: Path) -> str:
    """Addresses, keys, and commands that work when pasted."""
    return f"""
audio-gateway is ready.

  base URL   {info.base_url}
  API key    {info.api_key}
  admin key  {info.admin_key}
  all of it  {path}

Try it in a shell:

curl {info.base_url}/audio/speech -H "Authorization: Bearer {info.api_key}" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "espeak-ng", "voice": "alloy", "input": "Hello from your own audio gateway."}}' -o hello.mp3

curl {info.base_url}/audio/transcriptions -H "Authorization: Bearer {info.api_key}" \\
  -F model=pocketsphinx -F file=@hello.mp3

or in Python:

from openai import OpenAI
client = OpenAI(base_url="{info.base_url}", api_key="{info.api_key}")
client.audio.speech.create(model="espeak-ng", voice="alloy", input="Hello.").write_to_file("hello.mp3")

Keys, limits, usage and costs, from the project's folder (once: make cli):

.venv/bin/audio-gateway keys list

Ctrl-C stops it.
"""
