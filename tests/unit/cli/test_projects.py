"""`projects`: create, list, rename and archive projects."""

from __future__ import annotations

import pytest

from tests.unit.cli.operator import Operator
from tests.unit.cli.shapes import assert_documented


def test_a_project_is_created_and_listed(operator: Operator) -> None:
    created = operator.json("projects", "create", "--name", "ACME")
    assert_documented(created)
    assert "projects create" in operator("projects", "create", "--help").stdout
    assert "ACME" in operator("projects", "list").stdout
    listed = operator.json("projects", "list")
    assert_documented(listed)
    assert listed["data"] == [created]


def test_creating_a_project_names_the_command_for_a_key(operator: Operator) -> None:
    sentence = operator("projects", "create", "--name", "ACME").stdout
    project_id = operator.json("projects", "list")["data"][0]["id"]
    assert f"keys create --project {project_id}" in sentence


def test_without_projects_the_next_step_is_named(operator: Operator) -> None:
    result = operator("projects", "list")
    assert (result.stdout, "projects create" in result.stderr) == ("", True)


def test_a_project_is_renamed(operator: Operator) -> None:
    project = operator.directory.create_project("ACME")
    assert "'ACME Ltd'" in operator("projects", "rename", project.id, "--name", "ACME Ltd").stdout
    data = operator.json("projects", "rename", project.id, "--name", "ACME AG")
    assert_documented(data)
    assert operator.directory.project(project.id).name == data["name"] == "ACME AG"


def test_a_project_is_archived_with_its_keys_after_confirmation(operator: Operator) -> None:
    project = operator.directory.create_project("ACME")
    key = operator.key(project_id=project.id)
    assert "--yes" in operator("projects", "archive", project.id, code=1, answer="n\n").stderr
    assert operator.directory.project(project.id).archived_at is None
    data = operator.json("projects", "archive", project.id, "--yes")
    assert_documented(data)
    assert data["status"] == "archived"
    assert operator.directory.key(key.record.id).status == "archived"


@pytest.mark.parametrize("command", [("rename", "--name", "x"), ("archive", "--yes")], ids=lambda command: command[0])
def test_an_unknown_project_is_refused_with_the_next_step(operator: Operator, command: tuple[str, ...]) -> None:
    assert "`projects list`" in operator("projects", *command, "proj_none", code=1).stderr


def test_the_default_project_cannot_be_archived(operator: Operator) -> None:
    operator.key()
    assert "default project" in operator("projects", "archive", "default", "--yes", code=1).stderr
