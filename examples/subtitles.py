"""Write the subtitles of a recording: `subtitles.py talk.mp3 talk.srt` (or .vtt).

Set OPENAI_BASE_URL and OPENAI_API_KEY.
"""

import os
import sys
from pathlib import Path
from typing import Literal

from openai import APIStatusError, OpenAI

MODEL = os.environ.get("TRANSCRIPTION_MODEL", "whisper-1")
FORMATS: dict[str, Literal["srt", "vtt"]] = {".srt": "srt", ".vtt": "vtt"}


def main(recording: Path, subtitles: Path) -> None:
    """Transcribe and write the subtitles; exit with the gateway's message if it refuses."""
    response_format = FORMATS.get(subtitles.suffix)
    if response_format is None:
        sys.exit(f"{subtitles} must end in .srt or .vtt")
    try:
        text = OpenAI().audio.transcriptions.create(model=MODEL, file=recording, response_format=response_format)
    except APIStatusError as error:
        sys.exit(f"{error.status_code}: {error.message}")
    subtitles.write_text(text, encoding="utf-8")
    print(f"{subtitles}: {text.count('-->')} subtitles")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
