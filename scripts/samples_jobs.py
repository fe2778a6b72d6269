"""The samples of jobs, by operation."""

from __future__ import annotations

from typing import Final

_CURL: Final = 'curl -L {flags}"$OPENAI_BASE_URL/audio/jobs{path}" -H "Authorization: Bearer $OPENAI_API_KEY"'


def _curl(path: str, flags: str = "") -> dict[str, str]:
    return {"sh": _CURL.format(path=path, flags=f"{flags} " if flags else "")}


JOB_SAMPLES: Final[dict[str, dict[str, str]]] = {
    "listJobs": _curl("?limit=100"),
    "retrieveJob": _curl("/$JOB"),
    "deleteJob": _curl("/$JOB", "-X DELETE"),
    "cancelJob": _curl("/$JOB/cancel", "-X POST"),
    "retrieveJobContent": _curl("/$JOB/content?response_format=srt", "-L"),
}
