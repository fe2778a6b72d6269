"""The samples of uploads and jobs, by operation."""

from __future__ import annotations

from typing import Final

from reference.samples_curl import LISTENER, SPEAKER, VOICE, curl, kept

_SPEAK: Final = (
    f'{{"model": "{SPEAKER}", "voice": "{VOICE}", "response_format": "wav", "input": "Good morning.",'
    ' "background": true}'
)
_READ: Final = f'{{"model": "{SPEAKER}", "voice": "{VOICE}", "input": "\'"$TEXT"\'", "background": true}}'

UPLOAD_SAMPLES: Final[dict[str, dict[str, str]]] = {
    "createUpload": {
        "sh": "\n".join([
            curl(
                "audio/uploads",
                fields='{"filename": "morning.wav", "bytes": 10000000}',
                more=" -o upload.json",
            ),
            "",
            "# Send the form to the bucket, without the key, then refer to the upload instead of sending the file.",
            "UPLOAD=$(jq -r .id upload.json)",
            "jq -r '.fields | to_entries[] | \"form-string = \\\"\\(.key)=\\(.value)\\\"\"' upload.json \\",
            '  | curl -L --config - -F file=@morning.wav "$(jq -r .url upload.json)"',
            curl("audio/transcriptions", more=f' \\\n  -F model={LISTENER} -F "upload_id=$UPLOAD"'),
        ]),
        "python": f"""
from pathlib import Path

import httpx2
from openai import OpenAI, omit

client, file = OpenAI(), Path("morning.wav")
new = {{"filename": file.name, "bytes": file.stat().st_size}}
upload = client.post("/audio/uploads", body=new, cast_to=object)
with file.open("rb") as data:
    httpx2.post(upload["url"], data=upload["fields"], files={{"file": data}}, timeout=900).raise_for_status()
source = {{"upload_id": upload["id"]}}
print(client.audio.transcriptions.create(model="{LISTENER}", file=omit, extra_body=source).text)
""",
    },
    "retrieveUpload": {"sh": curl("audio/uploads/$UPLOAD")},
    "deleteUpload": {"sh": curl("audio/uploads/$UPLOAD", method="DELETE")},
}  # fmt: skip

JOB_SAMPLES: Final[dict[str, dict[str, str]]] = {
    "retrieveJob": {"sh": f"{kept('JOB', 'audio/speech', fields=_SPEAK)}\n{curl('audio/jobs/$JOB')}"},
    "listJobs": {"sh": curl("audio/jobs?limit=100")},
    "retrieveJobContent": {"sh": curl("audio/jobs/$JOB/content", more=" -o job.wav")},
    "cancelJob": {
        "sh": "\n".join([
            "TEXT=$(printf 'Good morning. %.0s' {1..2000})",
            kept("LONG_JOB", "audio/speech", fields=_READ),
            curl("audio/jobs/$LONG_JOB/cancel", method="POST"),
        ])
    },
    "deleteJob": {"sh": curl("audio/jobs/$JOB", method="DELETE")},
}  # fmt: skip
