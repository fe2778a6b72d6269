"""An example of each object, derived from its schema: the fields that are always present, with realistic values.

`_VALUES` has the values that tell a reader something. Those of other fields are derived from the schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reference.openapi.build import Schema

_AT: Final = 1_796_083_140
_DAY: Final = 86_400
_DIGITS: Final = "0192f5c4a1b87c3e9d2f4a6b"

# By "Schema.field", or by the name of the field alone.
_VALUES: Final[dict[str, Any]] = {
    "created_at": _AT,
    "updated_at": _AT,
    "expires_at": None,
    "name": "website",
    "text": "Good morning.",
    "role": "member",
    "redacted_value": "sk-Ab...wxyz",
    "first_id": None,
    "last_id": None,
    # transcripts
    "DurationUsage.seconds": 2,
    "duration": 1.21,
    "language": "english",
    "start": 0.0,
    "end": 1.21,
    "Segment.text": " Good morning.",
    "Word.word": "Good",
    "Word.end": 0.44,
    "DiarizedSegment.id": "seg_0",
    "DiarizedSegment.text": " Good morning.",
    "DiarizedSegment.speaker": "A",
    # models
    "Model.id": "hibari",
    "Model.created": 1_700_000_000,
    "Model.owned_by": "embedded",
    "Model.alias_of": None,
    "Model.endpoints": ["speech"],
    "Model.voices": None,
    "Model.response_formats": ["mp3", "opus", "aac", "flac", "wav", "pcm"],
    "Model.languages": None,
    "Model.capabilities": ["speed"],
    "Model.limits": {"max_bytes": None, "max_seconds": None, "max_characters": 4096},
    "Model.price": {"usd_per_million_characters": "0"},
    "Voice.id": "alloy",
    "Voice.name": "Alloy",
    "Voice.language": "en-US",
    "Voice.gender": "neutral",
    "Voice.openai_name": "alloy",
    "VoiceList.voices": [{"id": "alloy", "name": "Alloy"}],
    # jobs and uploads
    "Job.id": f"job_{_DIGITS}",
    "Job.endpoint": "speech",
    "Job.model": "hibari",
    "Job.status": "running",
    "Job.progress": {"completed": 2, "total": 5},
    "Job.completed_at": None,
    "Job.expires_at": _AT + 7 * _DAY,
    "Job.usage": None,
    "Job.error": None,
    "DeletedJob.id": f"job_{_DIGITS}",
    "Upload.id": f"upload_{_DIGITS}",
    "Upload.status": "completed",
    "Upload.filename": "morning.wav",
    "Upload.bytes": 57_644,
    "Upload.expires_at": _AT + _DAY,
    "NewUpload.id": f"upload_{_DIGITS}",
    "NewUpload.status": "pending",
    "NewUpload.filename": "morning.wav",
    "NewUpload.bytes": 57_644,
    "NewUpload.expires_at": _AT + _DAY,
    "NewUpload.url": "https://bucket.s3.eu-central-1.amazonaws.com/",
    "NewUpload.fields": {"key": f"uploads/default/upload_{_DIGITS}", "policy": "eyJ...", "x-amz-signature": "9f86..."},
    "DeletedUpload.id": f"upload_{_DIGITS}",
    # webhooks
    "WebhookEndpoint.id": f"webhook_{_DIGITS}",
    "WebhookEndpoint.url": "https://example.com/hooks",
    "WebhookEndpoint.signing_secret_hint": "whsec_…kM8=",
    "NewWebhookEndpoint.id": f"webhook_{_DIGITS}",
    "NewWebhookEndpoint.url": "https://example.com/hooks",
    "NewWebhookEndpoint.signing_secret_hint": "whsec_…kM8=",
    "NewWebhookEndpoint.signing_secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD1GwQh7hukM8=",
    "DeletedWebhookEndpoint.id": f"webhook_{_DIGITS}",
    "WebhookEventTypes.data": ["audio.job.succeeded", "audio.job.failed", "audio.job.cancelled"],
    "webhook_endpoint_id": f"webhook_{_DIGITS}",
    "event_type": "audio.job.succeeded",
    "event_types": ["audio.job.succeeded"],
    "status_code": 200,
    "success": True,
    "WebhookDelivery.id": f"whd_{_DIGITS}",
    "WebhookDelivery.event_id": "evt_5d41402abc4b2a76b9719d911017c592",
    "WebhookDelivery.data": {"id": f"job_{_DIGITS}"},
    "WebhookDelivery.attempt": 1,
    "WebhookDelivery.error": None,
    "WebhookDelivery.next_attempt_at": None,
    # usage
    "OwnUsage.limits": {"requests_per_minute": 60, "monthly_budget_usd": "25"},
    "used.requests_per_minute": 3,
    "used.concurrent_requests": 1,
    "used.characters_per_minute": 420,
    "used.audio_seconds_per_minute": 61,
    "used.monthly_budget_usd": "1.25",
    "resets_at.requests_per_minute": _AT + 60,
    "resets_at.monthly_budget_usd": _AT + 2_592_060,
    "start_time": _AT - _AT % _DAY,
    "end_time": _AT - _AT % _DAY + _DAY,
    "has_more": False,
    "next_page": None,
    "num_model_requests": 12,
    "characters": 4_200,
    "seconds": 310,
    "quantity": None,
    "quantity_unit": None,
    "Dollars.value": 0.063,
    # projects and keys
    "Project.id": f"proj_{_DIGITS}",
    "Project.name": "customer 1",
    "Project.archived_at": None,
    "ServiceAccount.id": f"svc_acct_{_DIGITS}",
    "NewServiceAccount.id": f"svc_acct_{_DIGITS}",
    "NewKey.id": f"key_{_DIGITS}",
    "NewKey.value": "sk-AbCdEf...",
    "ProjectKey.id": f"key_{_DIGITS}",
    "ProjectKey.last_used_at": _AT + 600,
    "ProjectKey.owner": {
        "type": "service_account",
        "service_account": {"id": f"svc_acct_{_DIGITS}", "name": "website", "role": "member", "created_at": _AT},
    },
    "NewKey.limits": {"monthly_budget_usd": "25", "concurrent_requests": 4},
    "ProjectKey.limits": {"monthly_budget_usd": "25", "concurrent_requests": 4},
    "AdminKey.id": f"key_{_DIGITS}",
    "AdminKey.name": "night shift",
    "AdminKey.redacted_value": "sk-admin-Ab...wxyz",
    "NewAdminKey.id": f"key_{_DIGITS}",
    "NewAdminKey.name": "night shift",
    "NewAdminKey.redacted_value": "sk-admin-Ab...wxyz",
    "NewAdminKey.value": "sk-admin-AbCdEf...",
    "AdminKeyOwner.id": "user-operator",
    "AdminKeyOwner.name": "operator",
    "Deleted.id": f"key_{_DIGITS}",
    "Deleted.object": "organization.project.api_key.deleted",
}
_ALSO: Final = frozenset({"VerboseTranscription.segments", "VerboseTranscription.words"})
"""Optional fields that are shown, too."""


def with_examples(schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """The schemas, with an example in each that is used in responses."""
    return {
        name: {**schema, "examples": [_example(schema, name, schemas)]}
        if "properties" in schema and not name.endswith("Request")
        else schema
        for name, schema in schemas.items()
    }


def _example(schema: Schema, name: str, schemas: Mapping[str, Schema]) -> Any:
    """`name` is the name of the schema, or of the field that contains it."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return _example(schemas[name], name, schemas)
    if "const" in schema:
        return schema["const"]
    if "oneOf" in schema:
        return _example(schema["oneOf"][0], name, schemas)
    if "properties" in schema:
        shown = [field for field in schema["properties"] if field in schema["required"] or f"{name}.{field}" in _ALSO]
        made = {field: _value(schema["properties"][field], name, field, schemas) for field in shown}
        ids = [each["id"] for each in made.get("data", ()) if isinstance(each, dict) and "id" in each]
        return made | {"first_id": ids[0], "last_id": ids[-1]} if ids and "first_id" in made else made
    return _simple(schema, name, schemas)


def _value(schema: Schema, name: str, field: str, schemas: Mapping[str, Schema]) -> Any:
    if "const" in schema:
        return schema["const"]
    for key in (f"{name}.{field}", field):
        if key in _VALUES:
            return _VALUES[key]
    return _example(schema, field, schemas)


def _simple(schema: Schema, name: str, schemas: Mapping[str, Schema]) -> Any:
    kind = schema.get("type", "null")
    if isinstance(kind, list):
        return None
    if "enum" in schema:
        return schema["enum"][0]
    if kind == "array":
        return [_example(schema["items"], name, schemas)] if "$ref" in schema["items"] else []
    return {"string": "...", "integer": 0, "number": 0.0, "boolean": False, "object": {}}.get(kind)
