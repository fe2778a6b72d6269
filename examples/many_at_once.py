"""Speak the lines of a text file concurrently: `many_at_once.py lines.txt out` writes out/001.mp3, 002.mp3, ...

Set OPENAI_BASE_URL and OPENAI_API_KEY.
"""

import asyncio
import os
import sys
from pathlib import Path

from openai import AsyncOpenAI

MODEL = os.environ.get("SPEECH_MODEL", "tts-1")
CONCURRENCY = 4


async def speak_all(lines: list[str], folder: Path) -> None:
    """Write one file per line, numbered in order."""
    slots = asyncio.Semaphore(CONCURRENCY)
    async with AsyncOpenAI() as client:

        async def speak(number: int, line: str) -> None:
            async with slots:
                speech = await client.audio.speech.create(model=MODEL, voice="nova", input=line)
                path = folder / f"{number:03}.mp3"
                path.write_bytes(speech.content)
                print(path)

        async with asyncio.TaskGroup() as group:
            for number, line in enumerate(lines, start=1):
                group.create_task(speak(number, line))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    out = Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    spoken = [line.strip() for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines() if line.strip()]
    asyncio.run(speak_all(spoken, out))
