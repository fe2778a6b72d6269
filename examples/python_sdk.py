"""Speech and transcription with OpenAI's Python SDK, and the fields of an error.

Set OPENAI_BASE_URL and OPENAI_API_KEY: the SDK reads them itself.
"""

import os
from pathlib import Path

from openai import BadRequestError, OpenAI

SPEECH_MODEL = os.environ.get("SPEECH_MODEL", "tts-1")
TRANSCRIPTION_MODEL = os.environ.get("TRANSCRIPTION_MODEL", "whisper-1")

client = OpenAI()

for model in client.models.list():
    print(f"{model.id} serves {', '.join(model.model_dump()['endpoints'])}")

speech = client.audio.speech.create(
    model=SPEECH_MODEL, voice="alloy", input="Good morning. Thank you for listening.", response_format="flac"
)
speech.write_to_file("hello.flac")
print("spoken to hello.flac")

transcript = client.audio.transcriptions.create(
    model=TRANSCRIPTION_MODEL,
    file=Path("hello.flac"),
    response_format="verbose_json",
    timestamp_granularities=["word"],
)
for word in transcript.words or []:
    print(f"{word.start:6.2f} s  {word.word}")

try:
    client.audio.speech.create(model=SPEECH_MODEL, voice="nobody", input="Hello.")
except BadRequestError as error:
    # The operator can find this request_id in the log.
    print(f"refused: param={error.param} code={error.code} request_id={error.request_id}")
