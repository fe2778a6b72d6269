"""The output of doctor, and its clean-up."""

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
from audio_gateway.cli.doctor.check import Check, CheckFailed, CheckGroup, CheckSkipped
from audio_gateway.cli.doctor.context import CheckContext
from audio_gateway.cli.doctor.stack import InspectedStack
from audio_gateway.cli.gateway import Gateway, GatewayTarget
from tests.fakes.healthy_aws import REGION, STACK
from tests.unit.cli.doctor.conftest import HealthyGateway
from tests.unit.cli.operator import run
from tests.unit.cli.shapes import assert_documented

TARGET = ("--stack-name", STACK, "--region", REGION)

Checks = Callable[..., None]


@pytest.fixture
def stack(world: HealthyGateway, monkeypatch: pytest.MonkeyPatch) -> InspectedStack:
    """The stack under test."""
    found = InspectedStack(STACK, world.api.base_url, "gateway", world.aws.client)
    monkeypatch.setattr(command, "stack_of", lambda _: found)
    monkeypatch.setattr(command, "ApiClient", lambda _: world.api)
    return found


@pytest.fixture
def checks(stack: InspectedStack, monkeypatch: pytest.MonkeyPatch) -> Checks:
    """Replaces the checks with functions. Each check is named after its function."""

    def put(*functions: Callable[[CheckContext], str], seconds: float = 60, not_local: str = "") -> None:
        made = tuple(Check(each.__name__, "all is well", each, seconds, not_local) for each in functions)
        monkeypatch.setattr(command, "GROUPS", (CheckGroup("Some", made),))

    return put


def doctor(*arguments: str, code: int = 0) -> Result:
    return run("doctor", *TARGET, *arguments, code=code)


def good(_: CheckContext) -> str:
    return "as expected"


def bad(_: CheckContext) -> str:
    raise CheckFailed("the queue is full", "aws sqs purge-queue")


def unknown(_: CheckContext) -> str:
    raise CheckSkipped("there is none")


def makes_a_key(context: CheckContext) -> str:
    return context.key.id


def left(world: HealthyGateway) -> tuple[list[Any], list[Any]]:
    """Return the keys that still exist."""
    directory = world.api.directory
    keys = [key for project in directory.projects() for key in directory.keys(project.id)]
    accounts = [it for project in directory.projects() for it in directory.service_accounts(project.id)]
    return [*keys, *accounts], [*directory.admin_keys()]


# ---------------------------------------------------------------- lines
def test_each_check_has_a_line_and_the_last_line_counts_the_states(checks: Checks) -> None:
    checks(good, unknown)
    lines = doctor().stdout.splitlines()
    assert lines[:3] == ["Some", lines[1], lines[2]]
    assert lines[1].split() == ["green", "good", "as", "expected"]
    assert lines[2].split() == ["skipped", "unknown", "there", "is", "none"]
    assert lines[-1] == f"{STACK} in {REGION}: 1 green, 0 red, 1 skipped"


def test_a_red_line_has_the_fault_the_expectation_and_the_remedy(checks: Checks) -> None:
    checks(bad, good)
    shown = doctor(code=1).stdout
    assert "the queue is full. Expected: all is well" in shown
    assert "aws sqs purge-queue" in shown
    assert "1 green, 1 red" in shown


def test_there_is_no_colour_in_a_pipe(checks: Checks) -> None:
    checks(bad)
    assert "\x1b" not in doctor(code=1).stdout


def test_the_json_output_has_the_same_results(checks: Checks) -> None:
    checks(good, bad, unknown)
    answer = json.loads(doctor("--json", code=1).stdout)
    assert_documented(answer)
    assert [(it["name"], it["state"], it["do"]) for it in answer["data"]] == [
        ("good", "green", ""),
        ("bad", "red", "aws sqs purge-queue"),
        ("unknown", "skipped", ""),
    ]
    assert answer["total"] == {"green": 1, "red": 1, "skipped": 1, "left_behind": 0}


def test_control_characters_are_not_printed(checks: Checks) -> None:
    checks(colourful)
    assert "\x1b" not in doctor().stdout


def colourful(_: CheckContext) -> str:
    return "\x1b[2J"


# ---------------------------------------------------------------- one check and the next
def test_a_hanging_check_is_abandoned_and_the_next_one_runs(checks: Checks) -> None:
    going_on = threading.Event()

    def hangs(_: CheckContext) -> str:
        going_on.wait(30)
        return ""

    def next_one(_: CheckContext) -> str:
        going_on.set()
        return "made"

    checks(hangs, next_one, seconds=0.2)
    lines = doctor(code=1).stdout
    assert "hangs" in lines
    assert "no result within" in lines
    assert "made" in lines


def test_a_crashing_check_does_not_stop_the_others(checks: Checks) -> None:
    def breaks(_: CheckContext) -> str:
        raise KeyError("Nobody")

    checks(breaks, good)
    shown = doctor(code=1).stdout
    assert "the check itself failed: KeyError: 'Nobody'" in shown
    assert "1 green, 1 red" in shown


def test_checks_that_do_not_apply_to_a_local_stack_are_skipped(checks: Checks, stack: InspectedStack) -> None:
    stack.local = True
    checks(bad, not_local="there is no queue")
    shown = doctor().stdout
    assert "there is no queue" in shown
    assert "the local stack: 0 green, 0 red, 1 skipped" in shown


# ---------------------------------------------------------------- what stays
def test_only_the_project_and_the_ledger_rows_remain(stack: InspectedStack, world: HealthyGateway) -> None:
    run("doctor", *TARGET, "--catalog", str(world.catalog), code=1)  # the roll-up of this world has never run
    assert left(world) == ([], [])
    deleted = [call for call in world.api.heard if call.startswith("DELETE /")]
    assert {"DELETE /audio/uploads/upload_1", "DELETE /audio/jobs/job_1"} <= set(deleted)
    doctor("--catalog", str(world.catalog), code=1)
    assert [it.name for it in world.api.directory.projects() if it.id != "default"] == ["audio-gateway doctor"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_everything_is_removed_after_an_interrupt(
    checks: Checks, world: HealthyGateway, number: signal.Signals
) -> None:
    def interrupts(context: CheckContext) -> str:
        made = context.key.id
        signal.raise_signal(number)
        return made

    checks(interrupts, bad)
    # A shell that starts the tests in the background ignores Ctrl-C, and then Python does, too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        shown = doctor(code=130)
    finally:
        signal.signal(signal.SIGINT, before)
    assert "Stopping" in shown.stderr
    assert "bad" not in shown.stdout
    assert left(world) == ([], [])


def test_what_cannot_be_removed_is_reported(checks: Checks) -> None:
    def stays() -> None:
        raise CheckFailed("the queue is full", "aws sqs purge-queue")

    def leaves_something(context: CheckContext) -> str:
        context.on_clean_up("job job_1", stays)
        return ""

    checks(leaves_something, makes_a_key)
    assert "job job_1 could not be removed: the queue is full" in doctor(code=1).stderr


def test_temporary_keys_expire_and_have_a_small_budget(checks: Checks, world: HealthyGateway) -> None:
    seen: list[Any] = []

    def looks(context: CheckContext) -> str:
        seen.append(world.api.directory.key(context.key.id).limits)
        seen.append(next(world.api.directory.admin_keys()))
        return ""

    checks(looks)
    doctor()
    limits, admin = seen
    assert limits.monthly_budget_microusd == 500_000
    assert limits.expires_at
    assert admin.expires_at


def test_the_key_is_sent_only_to_the_gateway(world: HealthyGateway) -> None:
    assert world.api.is_ours("https://api.example/v1/audio/jobs/x/content?hop=1")
    for url in ("https://bucket.s3.example/x", "http://api.example/v1", "https://api.example.evil/v1"):
        assert not world.api.is_ours(url)


# ---------------------------------------------------------------- which gateway
def test_a_table_alone_is_not_enough() -> None:
    assert "--stack-name" in run("doctor", "--table", "gateway", "--region", REGION, code=2).stderr


def test_a_stack_without_a_gateway_is_refused(world: HealthyGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3.Session, "client", lambda _, service, **__: world.aws.client(service))
    deployment = GatewayTarget(world.gateway.target.client, "gateway", "gateway")
    monkeypatch.setattr(Gateway, "_deployed", lambda _: deployment)
    assert "has no output ApiBaseUrl" in doctor(code=1).stderr
