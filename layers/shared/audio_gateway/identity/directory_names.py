"""The current names of projects and keys, for exports of the ledger, which has only their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from audio_gateway.aws.table import Table
from audio_gateway.identity.directory_items import PROJECTS, keys_of

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


class Names(Protocol):
    """Finds names by ids; the name is empty if the project or key does not exist any more."""

    def project(self, project_id: str) -> str:
        """The name of a project."""
        ...

    def key(self, project_id: str, key_id: str) -> str:
        """The name of a project's key."""
        ...


class DirectoryNames:
    """Names from the gateway's table. A project's keys are read when the first of their names is needed.

    Every call raises `MeteringUnavailable` if the names cannot be read.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)
        self._known: dict[str, dict[str, str]] = {}

    def project(self, project_id: str) -> str:
        """See `Names.project`."""
        return self._names(PROJECTS).get(project_id, "")

    def key(self, project_id: str, key_id: str) -> str:
        """See `Names.key`."""
        return self._names(keys_of(project_id)).get(key_id, "")

    def _names(self, partition: str) -> dict[str, str]:
        if partition not in self._known:
            items = self._table.query(partition)
            self._known[partition] = {item["sk"]["S"]: item["name"]["S"] for item in items}
        return self._known[partition]
