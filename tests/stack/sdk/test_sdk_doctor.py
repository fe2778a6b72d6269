"""The doctor on the running stack: all checks are green, and what is broken there turns red."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audio_gateway.cli.doctor.api import ApiClient
from audio_gateway.cli.doctor.check import CheckGroup, CheckResult
from audio_gateway.cli.doctor.checks import GROUPS
from audio_gateway.cli.doctor.context import PROJECT, CheckContext
from audio_gateway.cli.doctor.find_stack import stack_of
from audio_gateway.cli.doctor.run import results
from audio_gateway.cli.gateway import Gateway
from tests.stack.aws import aws_of
from tests.stack.sdk.stack_keys import directory_of

pytestmark = pytest.mark.stack

NOT_ASKED_FOR = {"provider-keys", "rollup-frontier", "alarms"}
CHECKS = {check.name: check for group in GROUPS for check in group.checks}


@pytest.fixture
def stack_file(stack: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "stack.json"
    path.write_text(json.dumps(stack))
    return path


@pytest.fixture
def look(stack_file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, CheckResult]]:
    """Makes some of the checks."""
    monkeypatch.setenv("STACK_FILE", str(stack_file))

    def made(*names: str) -> dict[str, CheckResult]:
        gateway = Gateway()
        stack = stack_of(gateway)
        context = CheckContext(stack, gateway, ApiClient(stack.base_url))
        try:
            group = CheckGroup("some", tuple(CHECKS[name] for name in names))
            return {result.check.name: result for result in results([group], context)}
        finally:
            assert context.clean_up() == []

    return made


def test_all_is_green_and_nothing_stays(stack: dict[str, Any], stack_file: Path, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "STACK_FILE": str(stack_file), "AWS_PROFILE": "of-another-world"}
    command = [sys.executable, "-m", "audio_gateway", "doctor", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    answer = json.loads(done.stdout)
    by_state: dict[str, dict[str, str]] = {"green": {}, "red": {}, "skipped": {}}
    for each in answer["data"]:
        by_state[each["state"]][each["name"]] = each["text"]
    assert by_state["red"] == {}
    for name, reason in by_state["skipped"].items():
        assert CHECKS[name].not_local == reason or name in NOT_ASKED_FOR
    assert list(CHECKS) == [each["name"] for each in answer["data"]]
    with directory_of(stack) as directory:
        names = {key.entry.name for project in directory.projects() for key in directory.keys(project.id)}
        assert PROJECT not in names | {key.name for key in directory.admin_keys()}


def test_a_role_that_lost_a_right_turns_red(stack: dict[str, Any], look: Callable[..., Any]) -> None:
    """No call is made that needs it: a denial on a stack that others share would be taken for a fault of theirs."""
    iam, role, name = aws_of(stack, "iam"), role_of(stack, "UploadsRole"), "uploads"
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    fewer = {**policy, "Statement": [each for each in policy["Statement"] if each["Sid"] != "ManageUploadRecords"]}
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(fewer))
    try:
        found = look("models", "role-policies", "webhooks")
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
    assert {each for each, result in found.items() if result.state == "red"} == {"role-policies"}
    assert "UploadsRole lacks" in found["role-policies"].text


def test_a_dead_letter_turns_red(stack: dict[str, Any], look: Callable[..., Any]) -> None:
    sqs = aws_of(stack, "sqs")
    url = next(each for each in sqs.list_queues()["QueueUrls"] if "WebhookDeadQueue" in each)
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    try:
        found = look("dead-letters", "queue-redrive")
    finally:
        sqs.purge_queue(QueueUrl=url)
    assert {name: result.state for name, result in found.items()} == {"dead-letters": "red", "queue-redrive": "green"}
    assert "`webhook_delivery`" in found["dead-letters"].do


def role_of(stack: dict[str, Any], logical_id: str) -> str:
    answer = aws_of(stack, "cloudformation").describe_stack_resources(StackName="audio-gateway")
    return next(it["PhysicalResourceId"] for it in answer["StackResources"] if it["LogicalResourceId"] == logical_id)
