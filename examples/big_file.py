"""Transcribe a recording of any size, with progress: `big_file.py talk.mp3 talk.srt`.

Set OPENAI_BASE_URL and OPENAI_API_KEY. Needs the client: pip install ./clients/python
"""

import os
import sys
from pathlib import Path

from openai import APIConnectionError, APIStatusError, OpenAI

import audio_gateway_client

MODEL = os.environ.get("TRANSCRIPTION_MODEL", "whisper-1")


def show_upload(sent: int, total: int) -> None:
    """Called during the upload, with numbers of bytes."""
    print(f"uploaded {sent} of {total} bytes", end="\r")


def show_job(job: audio_gateway_client.Job) -> None:
    """Called about every two seconds while the gateway works."""
    print(f"{job['status']}: {job['progress']['completed']} of {job['progress']['total']} parts")


def main(recording: Path, subtitles: Path) -> None:
    """Upload, wait and write the subtitles; exit with the gateway's message if it refuses."""
    client = OpenAI(http_client=audio_gateway_client.http_client(on_upload=show_upload, on_job=show_job))
    try:
        with recording.open("rb") as file:
            text = client.audio.transcriptions.create(model=MODEL, file=file, response_format="srt")
    except (APIStatusError, APIConnectionError) as error:
        sys.exit(str(error))
    subtitles.write_text(text, encoding="utf-8")
    print(f"{subtitles}: {text.count('-->')} subtitles")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
