"""Speech while it is made: `live_speech.py "Good morning." | ffplay -nodisp -autoexit -` plays it as it arrives.

`live_speech.py TEXT FILE` writes it to a file. Set OPENAI_BASE_URL and OPENAI_API_KEY.
"""

import os
import sys
import time
from pathlib import Path
from typing import BinaryIO

from openai import APIStatusError, OpenAI

MODEL = os.environ.get("SPEECH_MODEL", "tts-1")


def speak(text: str, target: BinaryIO) -> None:
    """Write the pieces as they arrive. Raises if the connection is lost: then the target has only a part."""
    started, size = time.monotonic(), 0
    speech = OpenAI().audio.speech.with_streaming_response.create(model=MODEL, voice="alloy", input=text)
    with speech as response:
        for piece in response.iter_bytes():
            if not size:
                print(f"first bytes after {time.monotonic() - started:.2f} s", file=sys.stderr)
            size += len(piece)
            target.write(piece)
            target.flush()
    print(f"{size} bytes after {time.monotonic() - started:.2f} s", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        if len(sys.argv) == 3:
            with Path(sys.argv[2]).open("wb") as file:
                speak(sys.argv[1], file)
        else:
            speak(sys.argv[1], sys.stdout.buffer)
    except APIStatusError as error:
        sys.exit(f"{error.status_code}: {error.message}")
