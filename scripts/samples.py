"""The samples of the API reference, by operation: what to type into a shell, and the same with OpenAI's Python SDK."""

from __future__ import annotations

from typing import Final

from scripts.samples_admin import ADMIN_SAMPLES
from scripts.samples_jobs import JOB_SAMPLES
from scripts.samples_webhooks import WEBHOOK_SAMPLES

_PHRASE: Final = "Good morning. Thank you for listening."  # pocketsphinx hears it as it was said
_AUTH: Final = '-H "Authorization: Bearer $OPENAI_API_KEY"'
_ADMIN_AUTH: Final = '-H "Authorization: Bearer $OPENAI_ADMIN_KEY"'

SAMPLES: Final[dict[str, dict[str, str]]] = {
    "createSpeech": {
        "sh": f"""
curl -L "$OPENAI_BASE_URL/audio/speech" {_AUTH} -H "Content-Type: application/json" -o morning.wav \\
  -d '{{"model": "espeak-ng", "voice": "ash", "response_format": "wav", "input": "{_PHRASE}"}}'
""",
        "python": """
from openai import OpenAI

client = OpenAI()
speech = client.audio.speech.create(
    model="espeak-ng", voice="ash", input="Good morning. Thank you for listening.", response_format="wav"
)
speech.write_to_file("morning.wav")
""",
    },
    "createTranscription": {
        "sh": f"""
curl -L "$OPENAI_BASE_URL/audio/transcriptions" {_AUTH} \\
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
curl -L "$OPENAI_BASE_URL/audio/translations" {_AUTH} -F model=pocketsphinx -F file=@morning.wav
""",
        "python": """
from pathlib import Path

from openai import OpenAI

client = OpenAI()
print(client.audio.translations.create(model="pocketsphinx", file=Path("morning.wav")).text)
""",
    },
    "createUpload": {
        "sh": f"""
curl -L "$OPENAI_BASE_URL/audio/uploads" {_AUTH} -H "Content-Type: application/json" \\
  -d '{{"filename": "morning.wav", "bytes": 10000000}}'
""",
        "python": """
from pathlib import Path

import httpx2
from openai import OpenAI, omit

client, file = OpenAI(), Path("morning.wav")
about = {"filename": file.name, "bytes": file.stat().st_size}
upload = client.post("/audio/uploads", body=about, cast_to=object)
with file.open("rb") as data:
    httpx2.post(upload["url"], data=upload["fields"], files={"file": data}, timeout=900).raise_for_status()
named = {"upload_id": upload["id"]}
print(client.audio.transcriptions.create(model="pocketsphinx", file=omit, extra_body=named).text)
""",
    },
    "retrieveUpload": {
        "sh": f"""
curl -L "$OPENAI_BASE_URL/audio/uploads/$UPLOAD_ID" {_AUTH}
""",
    },
    "deleteUpload": {
        "sh": f"""
curl -L -X DELETE "$OPENAI_BASE_URL/audio/uploads/$UPLOAD_ID" {_AUTH}
""",
    },
    "listVoices": {
        "sh": f"""
curl -L "$OPENAI_BASE_URL/audio/voices?model=espeak-ng" {_AUTH}
""",
    },
    "listModels": {
        "sh": f"""
curl -L "$OPENAI_BASE_URL/models" {_AUTH}
""",
        "python": """
from openai import OpenAI

client = OpenAI()
print([model.id for model in client.models.list()])
""",
    },
    "ownUsage": {
        "sh": f"""
curl -L "$OPENAI_BASE_URL/usage" {_AUTH}
""",
    },
    "usageSpeeches": {
        "sh": f"""
curl -g -L "$OPENAI_BASE_URL/organization/usage/audio_speeches?start_time=1793491200&group_by[]=model" {_ADMIN_AUTH}
""",
        "python": """
import time

from openai import OpenAI

client = OpenAI()
an_hour_ago = int(time.time()) - 3600
usage = client.admin.organization.usage.audio_speeches(start_time=an_hour_ago, bucket_width="1m", group_by=["model"])
for bucket in usage.data:
    for result in bucket.results:
        print(bucket.start_time, result.model, result.characters)
""",
    },
    "usageTranscriptions": {
        "sh": f"""
curl -L "$OPENAI_BASE_URL/organization/usage/audio_transcriptions?start_time=1793491200&bucket_width=1h" {_ADMIN_AUTH}
""",
    },
    "costs": {
        "sh": f"""
curl -g -L "$OPENAI_BASE_URL/organization/costs?start_time=1793491200&group_by[]=line_item" {_ADMIN_AUTH}
""",
        "python": """
from openai import OpenAI

client = OpenAI()
costs = client.admin.organization.usage.costs(start_time=1793491200, group_by=["project_id", "line_item"], limit=31)
for bucket in costs.data:
    for result in bucket.results:
        print(result.project_id, result.line_item, result.quantity, result.amount.value)
""",
    },
    "ledger": {
        "sh": f"""
curl -L "$OPENAI_BASE_URL/organization/ledger?month=2026-11" {_ADMIN_AUTH} -o ledger-2026-11.csv
""",
    },
    "retrieveModel": {
        "sh": f"""
curl -L "$OPENAI_BASE_URL/models/espeak-ng" {_AUTH}
""",
    },
    "checkHealth": {
        "sh": """
curl -L "$OPENAI_BASE_URL/health"
""",
    },
    **JOB_SAMPLES,
    **WEBHOOK_SAMPLES,
    **ADMIN_SAMPLES,
}
