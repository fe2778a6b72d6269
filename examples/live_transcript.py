"""A transcript while it is made: `live_transcript.py talk.mp3` prints each part of the text as it arrives.

Set OPENAI_BASE_URL and OPENAI_API_KEY.
"""

import os
import sys
from pathlib import Path

from openai import APIError, OpenAI

MODEL = os.environ.get("TRANSCRIPTION_MODEL", "gpt-4o-transcribe")


def transcribe(recording: Path) -> None:
    """Print the text as it arrives. Raises `APIError`, also in the middle."""
    stream = OpenAI().audio.transcriptions.create(model=MODEL, file=recording, stream=True)
    for event in stream:
        if event.type == "transcript.text.delta":
            print(event.delta, end="", flush=True)
        elif event.type == "transcript.text.done":
            print(f"\n{len(event.text)} characters", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        transcribe(Path(sys.argv[1]))
    except APIError as error:
        sys.exit(f"\nbroken off: {error.message}")
