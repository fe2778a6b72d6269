"""What the operator sees of doctor, and what it leaves behind: nothing."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from typer.testing import Result

from audio_gateway.cli.doctor import command
from audio_gateway.cli.doctor.check import Check, Group, Red, Skip
from audio_gateway.cli.doctor.stack import Stack
from audio_gateway.cli.doctor.visit import Visit
from audio_gateway.cli.gateway import Deployment, Gateway
from tests.fakes.healthy_aws import REGION, STACK
from tests.unit.cli.doctor.conftest import World
from tests.unit.cli.operator import run
from tests.unit.cli.shapes import assert_documented

TARGET = ("--stack-name", STACK, "--region", REGION)

Checks = Callable[..., None]


@pytest.fixture
def stack(world: World, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The stack that the command finds."""
    found = Stack(STACK, world.api.base_url, "gateway", world.aws.client)
    monkeypatch.setattr(command, "stack_of", lambda _: found)
    monkeypatch.setattr(command, "Api", lambda _: world.api)
    return found


@pytest.fixture
def checks(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Checks:
    """Puts functions in place of the real checks, each of which has its function's name."""

    def put(*functions: Callable[[Visit], str], seconds: float = 60, not_local: str = "") -> None:
        made = tuple(Check(each.__name__, "all is well", each, seconds, not_local) for each in functions)
        monkeypatch.setattr(command, "GROUPS", (Group("Some", made),))

    return put


def doctor(*arguments: str, code: int = 0) -> Result:
    return run("doctor", *TARGET, *arguments, code=code)


def good(_: Visit) -> str:
    return "as it should be"


def bad(_: Visit) -> str:
    raise Red("the queue is full", "aws sqs purge-queue")


def unknown(_: Visit) -> str:
    raise Skip("there is none")


def makes_a_key(visit: Visit) -> str:
    return visit.key.id


def left(world: World) -> tuple[list[Any], list[Any]]:
    """Keys that are still there."""
    directory = world.api.directory
    keys = [key for project in directory.projects.list() for key in directory.api_keys.list(project.id)]
    accounts = [it for project in directory.projects.list() for it in directory.service_accounts.list(project.id)]
    return [*keys, *accounts], [*directory.admin_keys.list()]


# ---------------------------------------------------------------- lines
def test_each_check_has_its_line_and_the_last_one_counts(checks: Checks) -> None:
    checks(good, unknown)
    lines = doctor().stdout.splitlines()
    assert lines[:3] == ["Some", lines[1], lines[2]]
    assert lines[1].split() == ["green", "good", "as", "it", "should", "be"]
    assert lines[2].split() == ["skipped", "unknown", "there", "is", "none"]
    assert lines[-1] == f"{STACK} in {REGION}: 1 green, 0 red, 1 skipped"


def test_a_red_line_says_what_is_wrong_what_is_right_and_what_to_do(checks: Checks) -> None:
    checks(bad, good)
    shown = doctor(code=1).stdout
    assert "the queue is full. Right is: all is well" in shown
    assert "aws sqs purge-queue" in shown
    assert "1 green, 1 red" in shown


def test_there_is_no_colour_in_a_pipe(checks: Checks) -> None:
    checks(bad)
    assert "\x1b" not in doctor(code=1).stdout


def test_json_has_one_object_with_what_the_lines_say(checks: Checks) -> None:
    checks(good, bad, unknown)
    answer = json.loads(doctor("--json", code=1).stdout)
    assert_documented(answer)
    assert [(it["name"], it["state"], it["do"]) for it in answer["data"]] == [
        ("good", "green", ""),
        ("bad", "red", "aws sqs purge-queue"),
        ("unknown", "skipped", ""),
    ]
    assert answer["total"] == {"green": 1, "red": 1, "skipped": 1, "left_behind": 0}


def test_what_a_terminal_would_obey_is_not_printed(checks: Checks) -> None:
    checks(colourful)
    assert "\x1b" not in doctor().stdout


def colourful(_: Visit) -> str:
    return "\x1b[2J"


# ---------------------------------------------------------------- one check and the next
def test_a_check_that_hangs_is_given_up_and_the_next_one_is_made(checks: Checks) -> None:
    going_on = threading.Event()

    def hangs(_: Visit) -> str:
        going_on.wait(30)
        return ""

    def next_one(_: Visit) -> str:
        going_on.set()
        return "made"

    checks(hangs, next_one, seconds=0.2)
    lines = doctor(code=1).stdout
    assert "hangs" in lines
    assert "no result within" in lines
    assert "made" in lines


def test_a_check_that_breaks_hides_no_other(checks: Checks) -> None:
    def breaks(_: Visit) -> str:
        raise KeyError("Nobody")

    checks(breaks, good)
    shown = doctor(code=1).stdout
    assert "the check itself broke: KeyError: 'Nobody'" in shown
    assert "1 green, 1 red" in shown


def test_on_a_local_stack_what_it_has_nothing_of_is_skipped(checks: Checks, stack: Stack) -> None:
    stack.local = True
    checks(bad, not_local="there is no queue")
    shown = doctor().stdout
    assert "there is no queue" in shown
    assert "the local stack: 0 green, 0 red, 1 skipped" in shown


# ---------------------------------------------------------------- what stays
def test_nothing_is_left_but_the_project_and_the_ledger(stack: Stack, world: World) -> None:
    run("doctor", *TARGET, "--catalog", str(world.catalog), code=1)  # the roll-up of this world has never run
    assert left(world) == ([], [])
    deleted = [call for call in world.api.heard if call.startswith("DELETE /")]
    assert {"DELETE /audio/uploads/upload_1", "DELETE /audio/jobs/job_1"} <= set(deleted)
    doctor("--catalog", str(world.catalog), code=1)
    assert [it.name for it in world.api.directory.projects.list() if it.id != "default"] == ["audio-gateway doctor"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_made_is_taken_away_also_when_it_is_interrupted(
    checks: Checks, world: World, number: signal.Signals
) -> None:
    def interrupts(visit: Visit) -> str:
        made = visit.key.id
        signal.raise_signal(number)
        return made

    checks(interrupts, bad)
    # A shell that starts the tests in the background has Ctrl-C ignored, and so would Python.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        shown = doctor(code=130)
    finally:
        signal.signal(signal.SIGINT, before)
    assert "Stopping" in shown.stderr
    assert "bad" not in shown.stdout
    assert left(world) == ([], [])


def test_what_cannot_be_taken_away_is_told(checks: Checks) -> None:
    def stays() -> None:
        raise Red("the queue is full", "aws sqs purge-queue")

    def leaves_something(visit: Visit) -> str:
        visit.later("job job_1", stays)
        return ""

    checks(leaves_something, makes_a_key)
    assert "job job_1 could not be taken away: the queue is full" in doctor(code=1).stderr


def test_its_keys_expire_and_have_a_small_budget(checks: Checks, world: World) -> None:
    seen: list[Any] = []

    def looks(visit: Visit) -> str:
        seen.append(world.api.directory.api_keys.get(visit.key.id).limits)
        seen.append(next(world.api.directory.admin_keys.list()))
        return ""

    checks(looks)
    doctor()
    limits, admin = seen
    assert limits.monthly_budget_microusd == 500_000
    assert limits.expires_at
    assert admin.expires_at


def test_the_key_goes_to_the_gateway_and_nobody_else(world: World) -> None:
    assert world.api.is_ours("https://api.example/v1/audio/jobs/x/content?hop=1")
    for url in ("https://bucket.s3.example/x", "http://api.example/v1", "https://api.example.evil/v1"):
        assert not world.api.is_ours(url)


# ---------------------------------------------------------------- which gateway
def test_a_table_alone_is_not_enough() -> None:
    assert "--stack-name" in run("doctor", "--table", "gateway", "--region", REGION, code=2).stderr


def test_a_stack_that_is_no_gateway_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3.Session, "client", lambda _, service, **__: world.aws.client(service))
    deployment = Deployment(world.gateway.deployment.client, "gateway", "gateway")
    monkeypatch.setattr(Gateway, "_deployed", lambda _: deployment)
    assert "has no output ApiBaseUrl" in doctor(code=1).stderr
