"""The directory: projects, their service accounts and API keys, and admin keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from audio_gateway.aws.table import Table
from audio_gateway.identity.admin_keys import AdminKeys
from audio_gateway.identity.api_keys import ApiKeys
from audio_gateway.identity.directory_items import Project
from audio_gateway.identity.projects import Projects
from audio_gateway.identity.service_accounts import ServiceAccounts

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


class Directory:
    """The directory in the gateway's table. `now_s` is the clock, in Unix seconds."""

    def __init__(self, client: DynamoDBClient, table: str, now_s: Callable[[], float] = time.time) -> None:
        items = Table(client, table)
        self.projects = Projects(items, now_s)
        self.api_keys = ApiKeys(items, self.projects, now_s)
        self.service_accounts = ServiceAccounts(items, self.projects, self.api_keys, now_s)
        self.admin_keys = AdminKeys(items, self.projects, now_s)

    def archive_project(self, project_id: str) -> Project:
        """End a project permanently: it gets no more keys, and all keys that it has are refused.

        The next sweeps end what it has left running (use_cases/archived_projects.py). Raises as
        `Projects.mark_archived`.
        """
        project = self.projects.mark_archived(project_id)
        self.api_keys.archive_all(project_id)
        return project
