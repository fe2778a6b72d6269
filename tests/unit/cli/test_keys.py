"""`keys`: tables and JSON of every command, invalid input, unknown keys, pipes."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from audio_gateway.cli.keys import _COLUMNS
from audio_gateway.cli.output import TableView, draw
from audio_gateway.errors import NotFound, PermissionDenied
from audio_gateway.identity.key_store import KeyStore
from audio_gateway.identity.keys import hash_key
from audio_gateway.metering.limits import limits_from_api
from tests.unit.cli.operator import Operator
from tests.unit.cli.shapes import assert_documented
from tests.unit.metering.tables import TABLE

EVERY_LIMIT: dict[str, Any] = {
    "requests_per_minute": 60,
    "concurrent_requests": 4,
    "concurrent_jobs": 3,
    "pending_upload_bytes": 5000000000,
    "characters_per_minute": 10_000,
    "audio_seconds_per_minute": 600,
    "monthly_budget_usd": "25.5",
    "models": ["talker", "listener"],
    "expires_at": 4_000_000_000,
}
AS_OPTIONS = (
    "--requests-per-minute", "60", "--concurrent-requests", "4", "--concurrent-jobs", "3",
    "--pending-upload-bytes", "5000000000", "--characters-per-minute", "10000",
    "--audio-seconds-per-minute", "600", "--monthly-budget-usd", "$25.50", "--model", "talker", "--model", "listener",
    "--expires", "4000000000",
)  # fmt: skip


# ---------------------------------------------------------------- create
def test_only_the_value_of_a_new_key_goes_to_stdout(operator: Operator) -> None:
    result = operator("keys", "create", "--name", "first")
    value = result.stdout.removesuffix("\n")
    record = KeyStore(operator.client, TABLE).get(hash_key(value))
    assert record is not None
    assert (record.name, record.kind, record.project_id) == ("first", "api", "default")
    assert record.id in result.stderr
    assert value not in result.stderr


def test_a_new_key_has_the_given_limits(operator: Operator) -> None:
    data = operator.json("keys", "create", "--name", "first", *AS_OPTIONS)
    assert_documented(data)
    assert data["limits"] == EVERY_LIMIT
    assert operator.directory.api_keys.get(data["id"]).limits == limits_from_api(EVERY_LIMIT)
    assert KeyStore(operator.client, TABLE).get(hash_key(data["value"])) is not None


def test_a_value_is_never_shown_again(operator: Operator) -> None:
    value = operator("keys", "create", "--name", "first").stdout.strip()
    key_id = operator.json("keys", "list")["data"][0]["id"]
    shown = operator("keys", "list").output + operator("keys", "show", key_id).output
    assert value not in shown + str(operator.json("keys", "show", key_id))


def test_the_only_limit_of_a_new_admin_key_is_its_expiry(operator: Operator) -> None:
    data = operator.json("keys", "create", "--admin", "--name", "office", "--expires", "90d")
    assert_documented(data)
    assert (data["kind"], data["project_id"]) == ("admin", None)
    assert abs(data["limits"]["expires_at"] - time.time() - 90 * 86_400) < 60
    refused = operator("keys", "create", "--admin", "--name", "office", "--requests-per-minute", "5", code=2)
    assert "The only limit of an admin key is --expires" in refused.stderr
    assert "no project" in operator("keys", "create", "--admin", "--name", "x", "--project", "proj_1", code=2).stderr
    assert len(list(operator.directory.admin_keys.list())) == 1


def test_a_key_of_a_missing_project_is_not_created(operator: Operator) -> None:
    result = operator("keys", "create", "--name", "first", "--project", "proj_none", code=1)
    assert "No project has the id 'proj_none'" in result.stderr
    assert "`projects list`" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x1b[31mred", "n" * 201])
def test_a_name_must_be_one_printable_line(mistaken: Callable[..., str], name: str) -> None:
    assert "--name" in mistaken("keys", "create", "--name", name)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--requests-per-minute", "many"),
        ("--requests-per-minute", "0"),
        ("--requests-per-minute", "-5"),
        ("--concurrent-requests", "1.5"),
        ("--concurrent-requests", "301"),
        ("--concurrent-jobs", "301"),
        ("--pending-upload-bytes", "0"),
        ("--characters-per-minute", "9" * 15),
        ("--audio-seconds-per-minute", "1e3"),
        ("--monthly-budget-usd", "1,5"),
        ("--monthly-budget-usd", "0.0000001"),
        ("--model", ""),
        ("--expires", "tomorrow"),
        ("--expires", "2001-01-01"),
    ],
)
def test_an_invalid_limit_is_refused_with_its_option(mistaken: Callable[..., str], option: str, value: str) -> None:
    assert option in mistaken("keys", "create", "--name", "first", f"{option}={value}")


# ---------------------------------------------------------------- list
def test_keys_of_all_projects_or_of_one_are_listed(operator: Operator) -> None:
    project = operator.directory.projects.create("ACME")
    mine, theirs = operator.key("mine"), operator.key("theirs", project.id, requests_per_minute=1_000)
    table = operator("keys", "list").stdout
    assert f"Keys of table {TABLE} in us-east-1" in table
    (line,) = (line for line in table.splitlines() if theirs.record.id in line)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert line.split(maxsplit=7) == [
        theirs.record.id, "theirs", "active", today, "never", project.id, theirs.record.redacted,
        "1,000 requests/min  ",
    ]  # fmt: skip
    data = operator.json("keys", "list")
    assert_documented(data)
    assert {key["id"] for key in data["data"]} == {mine.record.id, theirs.record.id}
    only = operator.json("keys", "list", "--project", project.id)["data"]
    assert [key["id"] for key in only] == [theirs.record.id]
    assert "`projects list`" in operator("keys", "list", "--project", "proj_none", code=1).stderr


def test_a_table_in_a_pipe_is_never_wrapped_or_cut(operator: Operator) -> None:
    operator.key("n" * 200, models=[f"model-{number}" for number in range(30)])
    lines = operator("keys", "list").stdout.splitlines()
    assert any("n" * 200 in line and "model-0, " in line and "model-29" in line for line in lines)


def test_the_last_use_of_a_key_is_shown(operator: Operator) -> None:
    key = operator.key()
    assert operator.json("keys", "list")["data"][0]["last_used_at"] is None
    operator.admit(key)
    (data,) = operator.json("keys", "list")["data"]
    assert abs(data["last_used_at"] - time.time()) < 120
    assert "never" not in operator("keys", "list").stdout


def drawn(sheet: TableView, width: int) -> str:
    console = Console(width=width, file=io.StringIO())
    draw(sheet, console, on_terminal=True)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_terminal_of_80_columns_has_a_line_for_each_key() -> None:
    row = ("key_01a1fe4459f180042aa7d267", "production", "active", "2026-11-21", "2026-11-30", "proj_1", "sk-…", "none")
    sheet = TableView("Keys", _COLUMNS, [row])
    shown = drawn(sheet, 80).splitlines()
    assert max(map(len, shown)) <= 80
    assert len(shown) == 7
    assert "proj_1" not in "".join(shown)
    assert "wider" in shown[-1]
    assert "proj_1" in drawn(sheet, 140)


def test_control_characters_in_names_are_replaced(operator: Operator) -> None:
    operator.key("[red]bold[/red] \x1b[2J\x07")
    shown = operator("keys", "list").stdout
    assert "[red]bold[/red] \N{REPLACEMENT CHARACTER}[2J" in shown
    assert "\x1b" not in shown


def test_an_empty_list_names_the_next_step(operator: Operator) -> None:
    result = operator("keys", "list")
    assert result.stdout == ""
    assert "keys create" in result.stderr
    assert operator.json("keys", "list") == {"object": "list", "data": []}


def test_admin_keys_are_listed_separately(operator: Operator) -> None:
    admin = operator.directory.admin_keys.create(name="office")
    operator.key()
    assert admin.record.id not in operator("keys", "list").stdout
    assert admin.record.id in operator("keys", "list", "--admin").stdout
    data = operator.json("keys", "list", "--admin")
    assert_documented(data)
    assert [key["id"] for key in data["data"]] == [admin.record.id]
    assert "remove --project or --admin" in operator("keys", "list", "--admin", "--project", "default", code=2).stderr


def test_an_expired_key_is_marked(operator: Operator) -> None:
    operator.key(expires_at=1)
    assert [key["status"] for key in operator.json("keys", "list")["data"]] == ["expired"]


# ---------------------------------------------------------------- show
def test_a_key_is_shown_with_the_usage_of_its_limits(operator: Operator) -> None:
    key = operator.key(requests_per_minute=60, monthly_budget_usd="5")
    operator.admit(key, price=150)
    shown = operator("keys", "show", key.record.id).stdout
    assert "$0.00015 of $5" in shown
    assert "1 of 300" in shown  # a running request; 300 is the maximum for any key
    assert re.search(r"last used +\d{4}-", shown)
    data = operator.json("keys", "show", key.record.id)
    assert_documented(data)
    assert data["used"]["monthly_budget_usd"] == "0.00015"
    assert data["used"]["concurrent_requests"] == 1


def test_an_admin_key_is_shown_without_usage(operator: Operator) -> None:
    admin = operator.directory.admin_keys.create(name="office")
    assert "office" in operator("keys", "show", admin.record.id).stdout
    data = operator.json("keys", "show", admin.record.id)
    assert_documented(data)
    assert "used" not in data


@pytest.mark.parametrize(
    "command",
    [("show",), ("limit", "--monthly-budget-usd", "1"), ("rotate",), ("disable",), ("enable",), ("delete", "--yes")],
    ids=lambda command: command[0],
)
def test_an_unknown_key_is_refused_with_the_next_step(operator: Operator, command: tuple[str, ...]) -> None:
    result = operator("keys", *command, "key_none", code=1)
    assert result.stderr.startswith("error: No key has the id 'key_none'.")
    assert "`keys list`" in result.stderr
    assert result.stdout == ""


# ---------------------------------------------------------------- limit
def test_only_the_given_limits_change(operator: Operator) -> None:
    key = operator.key(**EVERY_LIMIT)
    result = operator(
        "keys", "limit", key.record.id, "--monthly-budget-usd", "7", "--model", "none", "--expires", "none"
    )
    assert "$7/month" in result.stdout
    left = {name: value for name, value in EVERY_LIMIT.items() if name not in {"models", "expires_at"}}
    assert operator.directory.api_keys.get(key.record.id).limits.to_api() == left | {"monthly_budget_usd": "7"}


def test_a_changed_limit_is_shown_as_json(operator: Operator) -> None:
    key = operator.key()
    data = operator.json("keys", "limit", key.record.id, "--concurrent-requests", "2")
    assert_documented(data)
    assert data["limits"] == {"concurrent_requests": 2}


def test_every_limit_can_be_removed(operator: Operator) -> None:
    key = operator.key(**EVERY_LIMIT)
    options = dict.fromkeys(part for part in AS_OPTIONS if part.startswith("--"))
    none = [part for option in options for part in (option, "none")]
    assert operator.json("keys", "limit", key.record.id, *none)["limits"] == {}


def test_limit_needs_at_least_one_limit(mistaken: Callable[..., str]) -> None:
    assert "Give at least one limit" in mistaken("keys", "limit", "key_1")


@pytest.mark.parametrize("command", [("create", "--name", "first"), ("limit",)])
def test_a_model_missing_in_the_local_catalogue_is_noted(operator: Operator, command: tuple[str, ...]) -> None:
    key = operator.key()
    which = (key.record.id,) if command == ("limit",) else ()
    stderr = operator("keys", *command, *which, "--model", "nope", "--model", "espeak-ng").stderr
    assert "'nope'" in stderr
    assert "'espeak-ng'" not in stderr


# ---------------------------------------------------------------- rotate
def test_rotate_copies_the_limits_and_the_old_key_ends_a_day_later(operator: Operator) -> None:
    old = operator.key("production", **EVERY_LIMIT)
    result = operator("keys", "rotate", old.record.id)
    value = result.stdout.removesuffix("\n")
    record = KeyStore(operator.client, TABLE).get(hash_key(value))
    assert record is not None
    new = operator.directory.api_keys.get(record.id)
    assert (new.entry.name, new.limits) == ("production", limits_from_api(EVERY_LIMIT))
    ends = operator.directory.api_keys.get(old.record.id).limits.expires_at
    assert ends is not None
    assert abs(ends - time.time() - 86_400) < 60
    assert old.record.id in result.stderr


def test_rotate_without_overlap_disables_the_old_key(operator: Operator) -> None:
    old = operator.key()
    data = operator.json("keys", "rotate", old.record.id, "--overlap", "none")
    assert_documented(data)
    assert data["replaces"] == old.record.id
    with pytest.raises(PermissionDenied):
        operator.admit(old)


def test_an_earlier_expiry_of_the_old_key_is_kept(operator: Operator) -> None:
    soon = int(time.time()) + 600
    old = operator.key(expires_at=soon)
    operator("keys", "rotate", old.record.id)
    assert operator.directory.api_keys.get(old.record.id).limits.expires_at == soon


def test_admin_keys_and_disabled_keys_are_not_rotated(operator: Operator) -> None:
    admin = operator.directory.admin_keys.create(name="office")
    assert "keys create --admin" in operator("keys", "rotate", admin.record.id, code=1).stderr
    off = operator.key()
    operator.directory.api_keys.disable(off.record.id)
    assert "disabled" in operator("keys", "rotate", off.record.id, code=1).stderr


# ---------------------------------------------------------------- disable, enable, delete
def test_a_disabled_key_is_refused_until_it_is_enabled(operator: Operator) -> None:
    key = operator.key()
    assert "is disabled" in operator("keys", "disable", key.record.id).stdout
    with pytest.raises(PermissionDenied):
        operator.admit(key)
    data = operator.json("keys", "enable", key.record.id)
    assert_documented(data)
    assert data["status"] == "active"
    operator.admit(key)


def test_an_admin_key_cannot_be_disabled(operator: Operator) -> None:
    admin = operator.directory.admin_keys.create(name="office")
    assert "only be shown and deleted" in operator("keys", "disable", admin.record.id, code=1).stderr
    assert "only be shown and deleted" in operator("keys", "limit", admin.record.id, "--expires", "1d", code=1).stderr


def test_nothing_is_deleted_without_confirmation(operator: Operator) -> None:
    key = operator.key()
    for answer in ("n\n", "\n", ""):
        result = operator("keys", "delete", key.record.id, code=1, answer=answer)
        assert f"Delete {key.record.id} 'first' of table {TABLE} in us-east-1" in result.stderr
        assert "--yes" in result.stderr
        assert operator.directory.api_keys.get(key.record.id).status == "active"


@pytest.mark.parametrize(("option", "answer"), [((), "y\n"), (("--yes",), ""), (("-y",), "")])
def test_a_key_is_deleted_after_confirmation(operator: Operator, option: tuple[str, ...], answer: str) -> None:
    key = operator.key()
    assert "is deleted" in operator("keys", "delete", key.record.id, *option, answer=answer).stdout
    with pytest.raises(NotFound):
        operator.directory.api_keys.get(key.record.id)


def test_a_deletion_as_json(operator: Operator) -> None:
    key = operator.key()
    data = operator.json("keys", "delete", key.record.id, "--yes")
    assert data == {"object": "key", "id": key.record.id, "deleted": True}


def test_the_last_admin_key_cannot_be_deleted(operator: Operator) -> None:
    first, second = (operator.directory.admin_keys.create(name=name).record.id for name in ("one", "two"))
    operator("keys", "delete", first, "--yes")
    assert "last admin key" in operator("keys", "delete", second, "--yes", code=1).stderr


def test_a_key_of_an_archived_project_cannot_be_changed(operator: Operator) -> None:
    project = operator.directory.projects.create("ACME")
    key = operator.key(project_id=project.id)
    operator.directory.archive_project(project.id)
    assert "archived" in operator("keys", "enable", key.record.id, code=1).stderr


def test_an_unknown_option_is_a_usage_error(mistaken: Callable[..., str]) -> None:
    assert "--projekt" in mistaken("keys", "list", "--projekt", "x")
