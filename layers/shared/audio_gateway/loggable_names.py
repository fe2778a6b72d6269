"""The names of fields, parameters and headers that may be logged. Any other name is the caller's own text."""

from __future__ import annotations

from typing import Final

_LIST: Final = """
Content-Encoding Idempotency-Key
after background bucket_width bytes chunking_strategy create_service_account_only end_time endpoint_id event_type
event_types expires_in_seconds file file_url filename group_by hop id include include_archived input instructions
job_id keep_old_secret_active_for_24_hours key_id keywords known_speaker_names known_speaker_references language
languages limit limits model month name order owner_project_access page partial project_id prompt response_format
role scopes service_account_id speed start_time status stream stream_format temperature timestamp_granularities type
upload_id url value voice wait webhook_endpoint_id api_key_ids line_items models project_ids user_ids
audio_seconds_per_minute characters_per_minute concurrent_jobs concurrent_requests expires_at monthly_budget_usd
pending_upload_bytes requests_per_minute
"""
KNOWN: Final = frozenset(_LIST.split())


def is_known(name: str) -> bool:
    """Whether a name, such as `limits.models`, may be logged."""
    return all(part in KNOWN for part in name.split("."))
