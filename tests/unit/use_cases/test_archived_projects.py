"""What an archived project has left running: ended by the next sweep, and nothing of it comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from audio_gateway.errors import StorageUnavailable
from audio_gateway.identity.archive import ArchivedProject
from audio_gateway.use_cases.archived_projects import LISTED_S, ArchivedProjects
from tests.unit.use_cases.jobs.job_harness import JobHarness

NOW_S = 1_796_083_140


@dataclass
class MemoryArchive:
    projects: list[ArchivedProject] = field(default_factory=list)
    fails: bool = False

    def unfinished(self) -> list[ArchivedProject]:
        if self.fails:
            raise StorageUnavailable("Not now.")
        return list(self.projects)

    def finish(self, project: ArchivedProject) -> None:
        self.projects.remove(project)


@dataclass
class MemoryUploads:
    removed: list[str] = field(default_factory=list)
    fails: str = ""

    def remove_all(self, project_id: str) -> None:
        if project_id == self.fails:
            raise StorageUnavailable("Not now.")
        self.removed.append(project_id)


class Office:
    def __init__(self) -> None:
        self.harness, self.archive, self.uploads, self.now_s = JobHarness(), MemoryArchive(), MemoryUploads(), NOW_S
        store = cast("Any", self.harness.store)
        self.ends = ArchivedProjects(cast("Any", self.archive), store, self.uploads, lambda: self.now_s)

    def wanted(self) -> set[str]:
        return {job.id for job in self.harness.store.open_jobs() if job.cancel_requested}


@pytest.fixture
def office() -> Office:
    return Office()


def test_open_jobs_and_uploads_of_an_archived_project_are_ended(office: Office) -> None:
    job = office.harness.listen()
    assert office.ends.end_them() == []
    assert (office.wanted(), office.uploads.removed) == (set(), [])
    office.archive.projects = [ArchivedProject("default", NOW_S), ArchivedProject("proj_quiet", NOW_S)]
    assert office.ends.end_them() == []
    assert (office.wanted(), office.uploads.removed) == ({job.id}, ["default", "proj_quiet"])
    late = office.harness.listen()  # begun at the same moment
    assert office.ends.end_them() == []
    assert office.wanted() == {job.id, late.id}


def test_a_project_is_looked_at_until_no_form_can_bring_anything_and_no_job_is_open(office: Office) -> None:
    job = office.harness.listen()
    office.archive.projects = [ArchivedProject("default", NOW_S), ArchivedProject("proj_quiet", NOW_S)]
    office.now_s += LISTED_S - 1
    office.ends.end_them()
    assert [project.id for project in office.archive.projects] == ["default", "proj_quiet"]
    office.now_s += 1
    office.ends.end_them()
    assert [project.id for project in office.archive.projects] == ["default"]
    office.harness.store.close(job.id)
    office.ends.end_them()
    assert office.archive.projects == []


def test_what_fails_stops_no_other_project_and_is_done_by_the_next_sweep(office: Office) -> None:
    office.archive.projects = [ArchivedProject("proj_a", NOW_S), ArchivedProject("proj_b", NOW_S)]
    office.uploads.fails, office.now_s = "proj_a", NOW_S + LISTED_S
    assert len(office.ends.end_them()) == 1
    assert (office.uploads.removed, [each.id for each in office.archive.projects]) == (["proj_b"], ["proj_a"])
    office.archive.fails = True
    assert len(office.ends.end_them()) == 1


def test_who_has_no_time_leaves_the_others_to_the_next(office: Office) -> None:
    office.archive.projects = [ArchivedProject("proj_a", NOW_S), ArchivedProject("proj_b", NOW_S)]
    office.ends.end_them(late=lambda: bool(office.uploads.removed))
    assert office.uploads.removed == ["proj_a"]
