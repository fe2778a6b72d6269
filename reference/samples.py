"""The samples of the API reference, by operation: shell commands, and the same with OpenAI's Python SDK.

Each sample may use what the samples above it in docs/api.md have created; tests/stack runs them in this order.
"""

from __future__ import annotations

from typing import Final

from reference.samples_admin import ADMIN_SAMPLES
from reference.samples_curl import LISTENER, PHRASE, SPEAKER, VOICE, curl
from reference.samples_jobs import JOB_SAMPLES, UPLOAD_SAMPLES
from reference.samples_webhooks import WEBHOOK_SAMPLES

_SPEAK: Final = f'{{"model": "{SPEAKER}", "voice": "{VOICE}", "response_format": "wav", "input": "{PHRASE}"}}'
_SINCE: Final = "start_time=1793491200"

SAMPLES: Final[dict[str, dict[str, str]]] = {
    "createSpeech": {
        "sh": curl("audio/speech", fields=_SPEAK, more=" -o morning.wav"),
        "python": f"""
from openai import OpenAI

client = OpenAI()
speech = client.audio.speech.create(
    model="{SPEAKER}", voice="{VOICE}", input="{PHRASE}", response_format="wav"
)
speech.write_to_file("morning.wav")
""",
    },
    "createTranscription": {
        "sh": curl(
            "audio/transcriptions",
            more=f" \\\n  -F model={LISTENER} -F file=@morning.wav -F response_format=srt",
        ),
        "python": f"""
from pathlib import Path

from openai import OpenAI

client = OpenAI()
transcript = client.audio.transcriptions.create(
    model="{LISTENER}",
    file=Path("morning.wav"),
    response_format="verbose_json",
    timestamp_granularities=["word"],
)
for word in transcript.words or []:
    print(f"{{word.start:6.2f}}  {{word.word}}")
""",
    },
    "createTranslation": {
        "sh": curl("audio/translations", more=f" -F model={LISTENER} -F file=@morning.wav"),
        "python": f"""
from pathlib import Path

from openai import OpenAI

client = OpenAI()
print(client.audio.translations.create(model="{LISTENER}", file=Path("morning.wav")).text)
""",
    },
    "listModels": {
        "sh": curl("models"),
        "python": """
from openai import OpenAI

client = OpenAI()
print([model.id for model in client.models.list()])
""",
    },
    "retrieveModel": {"sh": curl(f"models/{SPEAKER}")},
    "listVoices": {"sh": curl(f"audio/voices?model={SPEAKER}")},
    "ownUsage": {"sh": curl("usage")},
    "usageSpeeches": {
        "sh": curl(f"organization/usage/audio_speeches?{_SINCE}&group_by[]=model", more=" -g", admin=True),
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
        "sh": curl(f"organization/usage/audio_transcriptions?{_SINCE}&bucket_width=1h", admin=True)
    },
    "costs": {
        "sh": curl(f"organization/costs?{_SINCE}&group_by[]=line_item", more=" -g", admin=True),
        "python": """
from openai import OpenAI

client = OpenAI()
costs = client.admin.organization.usage.costs(start_time=1793491200, group_by=["project_id", "line_item"], limit=31)
for bucket in costs.data:
    for result in bucket.results:
        print(result.project_id, result.line_item, result.quantity, result.amount.value)
""",
    },
    "ledger": {"sh": curl("organization/ledger?month=2026-11", more=" -o ledger-2026-11.csv", admin=True)},
    "checkHealth": {"sh": 'curl -L "$OPENAI_BASE_URL/health"'},
    **UPLOAD_SAMPLES,
    **JOB_SAMPLES,
    **WEBHOOK_SAMPLES,
    **ADMIN_SAMPLES,
}
