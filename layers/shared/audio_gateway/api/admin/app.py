"""/organization/projects… and /organization/admin_api_keys….

Every route takes an admin key. The objects are OpenAI's; `limits` and `status` of a project's key are additions.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from fastapi import FastAPI

from audio_gateway.api.admin.admin_api_keys import add_admin_api_keys
from audio_gateway.api.admin.api_keys import add_api_keys
from audio_gateway.api.admin.bodies import Catalogue
from audio_gateway.api.admin.projects import add_projects
from audio_gateway.api.admin.service_accounts import add_service_accounts
from audio_gateway.api.http.app import create_app
from audio_gateway.identity.directory import Directory


def admin_app(*, directory: Directory, catalog: Catalogue = None, now_s: Callable[[], float] = time.time) -> FastAPI:
    """The app of the admin function; `now_s` is the clock in Unix seconds."""
    app = create_app("admin", caller="admin")
    add_projects(app, directory)
    add_service_accounts(app, directory, now_s, catalog)
    add_api_keys(app, directory, now_s, catalog)
    add_admin_api_keys(app, directory, now_s)
    return app
