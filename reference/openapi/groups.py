"""The operations by subject, in the order in which a reader tries them: create first, delete last.

The groups are the tags of the document and the chapters of docs/api.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reference.openapi.build import Schema


@dataclass(frozen=True, slots=True)
class OperationGroup:
    """A tag: its name, a sentence about it, and the ids of its operations."""

    name: str
    description: str
    operations: tuple[str, ...]


def _group(name: str, description: str, operations: str) -> OperationGroup:
    return OperationGroup(name, description, tuple(operations.split()))


GROUPS: Final = (
    _group(
        "Speech and transcripts",
        "OpenAI's audio endpoints.",
        "createSpeech createTranscription createTranslation",
    ),
    _group(
        "Models and voices",
        "The models and voices in the operator's catalogue.",
        "listModels retrieveModel listVoices",
    ),
    _group(
        "Uploads",
        "Files that are too large for a request.",
        "createUpload retrieveUpload deleteUpload",
    ),
    _group(
        "Jobs",
        "Work that takes longer than a response may, or that was requested with `background`.",
        "retrieveJob listJobs retrieveJobContent cancelJob deleteJob",
    ),
    _group(
        "Webhooks",
        "URLs that the gateway calls when a job ends. The last two operations require an admin key.",
        "listWebhookEventTypes createWebhookEndpoint retrieveWebhookEndpoint listWebhookEndpoints "
        "updateWebhookEndpoint testWebhookEndpoint listWebhookDeliveries rotateWebhookSecret deleteWebhookEndpoint "
        "listProjectWebhookEndpoints deleteProjectWebhookEndpoint",
    ),
    _group(
        "Usage and costs",
        "Usage and costs: of your own key or, with an admin key, of all keys.",
        "ownUsage usageSpeeches usageTranscriptions costs ledger",
    ),
    _group(
        "Projects",
        "Tenants. They share nothing but the models.",
        "createProject retrieveProject listProjects updateProject archiveProject",
    ),
    _group(
        "Service accounts and keys",
        "The programs that call the API, and their keys with limits.",
        "createServiceAccount retrieveServiceAccount listServiceAccounts updateServiceAccount "
        "createKey retrieveKey listKeys updateKey deleteKey deleteServiceAccount",
    ),
    _group(
        "Admin keys",
        "Keys for the paths that begin with `/organization`.",
        "createAdminKey retrieveAdminKey listAdminKeys deleteAdminKey",
    ),
    _group("Service", "The state of the gateway.", "checkHealth"),
)


def tags() -> list[Schema]:
    """The tags of the document."""
    return [{"name": group.name, "description": group.description} for group in GROUPS]


def tagged(paths: dict[str, Schema]) -> dict[str, Schema]:
    """The paths, each operation with its tag. Raises `KeyError` for an operation that belongs to no group."""
    tag_of = {operation_id: group.name for group in GROUPS for operation_id in group.operations}
    return {
        path: {method: {**it, "tags": [tag_of[it["operationId"]]]} for method, it in methods.items()}
        for path, methods in paths.items()
    }
