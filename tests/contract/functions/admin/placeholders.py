"""Projects, accounts and keys in place of those that the SDK's tests name: new ones for each request."""

from __future__ import annotations

import base64
import json
from typing import Any

from audio_gateway.identity.directory import Directory


def existing(directory: Directory, event: dict[str, Any]) -> dict[str, Any]:
    """The event with ids of things that exist, and without what an honest server refuses."""
    path = event["path"]
    if "/project_id" in path:
        project = directory.projects.create("of the SDK's tests").id
        path = path.replace("/project_id", f"/{project}")
        if "/service_account_id" in path:
            account, _ = directory.service_accounts.create(project, "of the SDK's tests")
            path = path.replace("/service_account_id", f"/{account.id}")
        if "/api_key_id" in path:
            key = directory.api_keys.create(name="of the SDK's tests", project_id=project)
            path = path.replace("/api_key_id", f"/{key.record.id}")
    if path.endswith("/admin_api_keys/key_id"):
        path = path.replace("/key_id", f"/{directory.admin_keys.create(name='of the tests').record.id}")
    return {**event, "path": path, "body": _honest(event)}


def _honest(event: dict[str, Any]) -> str | None:
    if not event.get("body"):
        return None
    body = json.loads(base64.b64decode(event["body"]))
    body.pop("scopes", None)  # keys have limits here, and no scopes
    if body.get("create_service_account_only"):
        body.pop("expires_in_seconds", None)  # of a key that is not created
    return base64.b64encode(json.dumps(body).encode()).decode()
