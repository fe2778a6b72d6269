"""Projects: the tenants of a gateway. Service accounts and keys belong to one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from audio_gateway.aws.table import Table, TransactionRefused, TransactionWrite
from audio_gateway.aws.update import Condition, Update, item_key
from audio_gateway.errors import InvalidRequest
from audio_gateway.identity.archive import unfinished_item
from audio_gateway.identity.directory_items import DEFAULT_PROJECT, PROJECTS, Project, project_from, project_item
from audio_gateway.identity.errors import project_archived, project_not_found
from audio_gateway.identity.keys import new_id

_IN_USE: Final = "attribute_exists(pk) AND attribute_not_exists(archived_at)"


class Projects:
    """The projects in the gateway's table. `now_s` is the clock, in Unix seconds."""

    def __init__(self, table: Table, now_s: Callable[[], float]) -> None:
        self._table = table
        self._now_s = now_s

    def create(self, name: str) -> Project:
        """A new project without keys."""
        now_s = self._now_s()
        project = Project(new_id("proj_", now_s), name, int(now_s))
        self._table.put_if_absent(project_item(project))
        return project

    def create_default(self) -> None:
        """Create the default project, unless there is one."""
        self._table.put_if_absent(project_item(Project(DEFAULT_PROJECT, "Default project", int(self._now_s()))))

    def get(self, project_id: str) -> Project:
        """The project; raises `NotFound`."""
        item = self._table.get(item_key(PROJECTS, project_id))
        if item is None:
            raise project_not_found(project_id)
        return project_from(item)

    def list(self, after: str | None = None) -> Iterator[Project]:
        """All projects, including archived ones, in order of their ids, behind the one with the id `after`."""
        for page in self._table.pages(PROJECTS, after=after):
            yield from map(project_from, page)

    def rename(self, project_id: str, name: str) -> Project:
        """The project with its new name; raises `NotFound`, or `InvalidRequest` if it is archived."""
        update = Update(item_key(PROJECTS, project_id)).require(_IN_USE).set("#name", name)
        item = self._table.update_if(update)
        if item is None:
            raise project_archived(self.get(project_id))
        return project_from(item)

    def mark_archived(self, project_id: str) -> Project:
        """Archive the project itself, so it gets no more keys, and let the sweeper end what it has left running.

        Raises:
            NotFound: there is no such project.
            InvalidRequest: it is the default project, which the operator's tools rely on.
        """
        if project_id == DEFAULT_PROJECT:
            raise InvalidRequest("The default project cannot be archived.", param="project_id")
        update = Update(item_key(PROJECTS, project_id)).require("attribute_exists(pk)")
        item = self._table.update_if(update.set_if_absent("archived_at", int(self._now_s())))
        if item is None:
            raise project_not_found(project_id)
        self._table.put_if_absent(unfinished_item(project_id, int(self._now_s())))
        return project_from(item)

    def write_in(self, project_id: str, *writes: TransactionWrite) -> None:
        """Make all writes or none in a project that is not archived.

        Raises:
            NotFound: there is no such project.
            InvalidRequest: the project is archived.
            TransactionRefused: a condition of the writes did not hold.
        """
        in_use = TransactionWrite.check(item_key(PROJECTS, project_id), Condition(_IN_USE))
        try:
            self._table.transact(in_use, *writes)
        except TransactionRefused as refused:
            if 0 in refused.at:
                raise project_archived(self.get(project_id)) from refused
            raise TransactionRefused(frozenset(at - 1 for at in refused.at)) from refused
