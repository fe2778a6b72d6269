"""The errors of projects, service accounts and keys, as their callers read them."""

from __future__ import annotations

from audio_gateway.errors import InvalidRequest, NotFound
from audio_gateway.identity.directory_items import Project


def project_not_found(project_id: str) -> NotFound:
    """There is no such project."""
    return NotFound(f"No project has the id '{project_id[:100]}'.", param="project_id")


def project_archived(project: Project) -> InvalidRequest:
    """The project, or something in it, cannot be changed any more."""
    message = f"The project '{project.id}' is archived; it and its keys cannot be used or changed."
    return InvalidRequest(message, param="project_id", code="project_archived")


def service_account_not_found(account_id: str) -> NotFound:
    """The project has no such service account."""
    message = f"The project has no service account with the id '{account_id[:100]}'."
    return NotFound(message, param="service_account_id")


def key_not_found(key_id: str) -> NotFound:
    """There is no such key, or it belongs to another project."""
    return NotFound(f"No key has the id '{key_id[:100]}'.", param="key_id")


def key_value_in_use() -> InvalidRequest:
    """A new key was given the value of another one."""
    return InvalidRequest("Another key has this value already. Choose another value.", param="value")
