"""Archived projects: which ones are archived, and which may have something left running.

pk  PROJECTS      sk  <project id>      archived_at      (identity/directory_items.py)
pk  ARCHIVED      sk  <project id>      archived_at      until everything left running has ended
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audio_gateway.aws.table import Table
from audio_gateway.aws.update import Condition, Item, attributes, item_key
from audio_gateway.errors import StorageUnavailable
from audio_gateway.identity.directory_items import PROJECTS

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

ARCHIVED: Final = "ARCHIVED"


@dataclass(frozen=True, slots=True)
class ArchivedProject:
    """A project that may have something left running; `archived_at` is in Unix seconds."""

    id: str
    archived_at: int


class Archive:
    """Reads which projects are archived. Every call raises `StorageUnavailable` if it cannot be made."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table, StorageUnavailable)

    def has(self, project_id: str) -> bool:
        """Whether a project is archived."""
        item = self._table.get(item_key(PROJECTS, project_id))
        return item is not None and "archived_at" in item

    def unfinished(self) -> Iterator[ArchivedProject]:
        """The archived projects that may have something left running."""
        for item in self._table.query(ARCHIVED):
            yield ArchivedProject(item["sk"]["S"], int(item["archived_at"]["N"]))

    def finish(self, project: ArchivedProject) -> None:
        """Record that nothing of a project is left running."""
        self._table.delete_if(item_key(ARCHIVED, project.id), Condition("archived_at = :at", at=project.archived_at))


def unfinished_item(project_id: str, archived_at: int) -> Item:
    """The item that makes the sweeper end what an archived project has left running."""
    return item_key(ARCHIVED, project_id) | attributes(archived_at=archived_at)
