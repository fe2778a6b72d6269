"""The samples of the API reference, by operation: what to type into a shell, and the same with OpenAI's Python SDK."""

from __future__ import annotations

from typing import Final

_AUTH: Final = '-H "Authorization: Bearer $OPENAI_API_KEY"'

SAMPLES: Final[dict[str, dict[str, str]]] = {
    "createSpeech": {
        "sh": f"""
curl -L "$OPENAI_BASE_URL/audio/speech" {_AUTH} -H "Content-Type: application/json" \\
  -d '{{"model": "espeak-ng", "voice": "alloy", "input": "Good morning.", "response_format": "wav"}}' -o morning.wav
""",
        "python": """
from openai import OpenAI

client = OpenAI()
speech = client.audio.speech.create(model="espeak-ng", voice="alloy", input="Good morning.", response_format="wav")
speech.write_to_file("morning.wav")
""",
    },
    "createTranscription": {
        "sh": f"""
curl "$OPENAI_BASE_URL/audio/transcriptions" {_AUTH} \\
  -F model=pocketsphinx -F file=@morning.wav -F response_format=srt
""",
        "python": """
from pathlib import Path

from openai import OpenAI

client = OpenAI()
transcript = client.audio.transcriptions.create(
    model="pocketsphinx",
    file=Path("morning.wav"),
    response_format="verbose_json",
    timestamp_granularities=["word"],
)
for word in transcript.words or []:
    print(f"{word.start:6.2f}  {word.word}")
""",
    },
    "createTranslation": {
        "sh": f"""
curl "$OPENAI_BASE_URL/audio/translations" {_AUTH} -F model=pocketsphinx -F file=@morning.wav
""",
        "python": """
from pathlib import Path

from openai import OpenAI

client = OpenAI()
print(client.audio.translations.create(model="pocketsphinx", file=Path("morning.wav")).text)
""",
    },
    "listVoices": {
        "sh": f"""
curl "$OPENAI_BASE_URL/audio/voices?model=espeak-ng" {_AUTH}
""",
    },
    "listModels": {
        "sh": f"""
curl "$OPENAI_BASE_URL/models" {_AUTH}
""",
        "python": """
from openai import OpenAI

client = OpenAI()
print([model.id for model in client.models.list()])
""",
    },
    "retrieveModel": {
        "sh": f"""
curl "$OPENAI_BASE_URL/models/espeak-ng" {_AUTH}
""",
    },
}
