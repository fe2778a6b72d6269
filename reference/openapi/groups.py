"""The operations by what they are about, in the order in which a reader tries them: what is made first, deleted last.

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
        "What the operator's catalogue offers.",
        "listModels retrieveModel listVoices",
    ),
    _group(
        "Uploads",
        "Files that are too big for a request.",
        "createUpload retrieveUpload deleteUpload",
    ),
    _group(
        "Jobs",
        "Work that takes longer than an answer may, or that was asked for with `background`.",
        "retrieveJob listJobs retrieveJobContent cancelJob deleteJob",
    ),
    _group(
        "Webhooks",
        "Addresses that the gateway calls when a job ends; the last two calls are for admin keys.",
        "listWebhookEventTypes createWebhookEndpoint retrieveWebhookEndpoint listWebhookEndpoints "
        "updateWebhookEndpoint testWebhookEndpoint listWebhookDeliveries rotateWebhookSecret deleteWebhookEndpoint "
        "listProjectWebhookEndpoints deleteProjectWebhookEndpoint",
    ),
    _group(
        "Usage and costs",
        "What was used and what it costs: of the caller's own key, and of all keys with an admin key.",
        "ownUsage usageSpeeches usageTranscriptions costs ledger",
    ),
    _group(
        "Projects",
        "Tenants. They share nothing but the models. For admin keys.",
        "createProject retrieveProject listProjects updateProject archiveProject",
    ),
    _group(
        "Service accounts and keys",
        "The programs that call, and their keys with limits. For admin keys.",
        "createServiceAccount retrieveServiceAccount listServiceAccounts updateServiceAccount "
        "createKey retrieveKey listKeys updateKey deleteKey deleteServiceAccount",
    ),
    _group(
        "Admin keys",
        "Keys for the calls that begin with `/organization`. For admin keys.",
        "createAdminKey retrieveAdminKey listAdminKeys deleteAdminKey",
    ),
    _group("Service", "Whether the gateway answers.", "checkHealth"),
)


def tags() -> list[Schema]:
    """The tags as the document lists them."""
    return [{"name": group.name, "description": group.description} for group in GROUPS]


def tagged(paths: dict[str, Schema]) -> dict[str, Schema]:
    """The paths, each operation with its tag. Raises `KeyError` for one that belongs to no group."""
    tag_of = {operation_id: group.name for group in GROUPS for operation_id in group.operations}
    return {
        path: {method: {**it, "tags": [tag_of[it["operationId"]]]} for method, it in methods.items()}
        for path, methods in paths.items()
    }
