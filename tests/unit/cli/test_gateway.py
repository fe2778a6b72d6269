"""The gateway that a command works on, and the errors if it cannot be reached."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
    SSOTokenLoadError,
)

from audio_gateway.cli.failures import errors_reported
from audio_gateway.errors import MeteringUnavailable
from tests.unit.cli.operator import Operator, run
from tests.unit.metering.tables import TABLE

STACK = {
    "aws_endpoint_url": "https://dynamodb.us-east-1.amazonaws.com",  # moto's: no local AWS runs here
    "region": "us-east-1",
    "aws_access_key_id": "local",
    "aws_secret_access_key": "local",
    "table": TABLE,
}


@pytest.fixture
def operator(moto_dynamodb: Any) -> Operator:
    """An operator without options for the gateway."""
    return Operator(moto_dynamodb)


@pytest.fixture
def stack_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "stack.json"
    file.write_text(json.dumps(STACK))
    monkeypatch.setenv("STACK_FILE", str(file))
    return file


# ---------------------------------------------------------------- the local stack
def test_the_local_stack_is_found_by_its_file(operator: Operator, stack_file: Path) -> None:
    key = operator.key()
    shown = run("keys", "list").stdout
    assert "Keys of the local stack" in shown
    assert key.record.id in shown


def test_the_file_of_the_local_stack_may_be_named_from_here(
    operator: Operator, stack_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(stack_file.parent)
    monkeypatch.setenv("STACK_FILE", "stack.json")
    assert "Keys of the local stack" in (run("keys", "list").stdout if operator.key() else "")


def test_the_local_stack_ignores_the_aws_profile(
    operator: Operator, stack_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "of-another-world")
    run("keys", "list")


def test_without_a_local_stack_the_error_names_the_next_step(stack_file: Path) -> None:
    stack_file.unlink()
    error = run("keys", "list", code=2).stderr
    assert str(stack_file) in error
    assert all(step in error for step in ("make run", "--stack-name", "--table"))


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", json.dumps({**STACK, "region": 5})], ids=str)
def test_an_invalid_stack_file_is_refused(stack_file: Path, content: str) -> None:
    stack_file.write_text(content)
    error = run("keys", "list", code=1).stderr
    assert str(stack_file) in error
    assert "STACK_FILE" in error


@pytest.mark.parametrize("option", ["--region", "--profile"])
def test_an_option_of_aws_never_falls_back_to_the_local_stack(stack_file: Path, option: str) -> None:
    error = run("keys", "create", "--name", "x", option, "somewhere", code=2).stderr
    assert f"{option} needs --stack-name or --table" in error


# ---------------------------------------------------------------- a deployed one
class CloudFormation:
    """A CloudFormation with one stack."""

    meta = type("Meta", (), {"region_name": "us-east-1"})

    def __init__(self, outputs: dict[str, str]) -> None:
        self._outputs = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if StackName == "forbidden":
            raise failure("AccessDenied")
        if StackName != "audio":
            raise failure("ValidationError")
        return {"Stacks": [{"Outputs": self._outputs}]}


def failure(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"says {code}"}}, "DescribeStacks")


@pytest.fixture
def stacks(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The outputs of the stack `audio`."""
    outputs = {"ApiId": "abc", "TableName": TABLE}
    real = boto3.Session.client

    def client(session: boto3.Session, name: Any, **options: Any) -> Any:
        return CloudFormation(outputs) if name == "cloudformation" else real(session, name, **options)

    monkeypatch.setattr(boto3.Session, "client", client)
    return outputs


def test_a_stack_names_its_table(operator: Operator, stacks: dict[str, str]) -> None:
    key = operator.key()
    shown = run("keys", "list", "--stack-name", "audio", "--region", "us-east-1").stdout
    assert f"Keys of table {TABLE} in us-east-1" in shown
    assert key.record.id in shown


def test_a_missing_stack_is_refused_with_the_next_step(operator: Operator, stacks: dict[str, str]) -> None:
    error = run("keys", "list", "--stack-name", "video", "--region", "us-east-1", code=1).stderr
    assert "The stack 'video' does not exist in us-east-1" in error
    assert "list-stacks" in error
    error = run("keys", "list", "--stack-name", "forbidden", "--region", "us-east-1", code=1).stderr
    assert "--profile" in error


def test_a_stack_without_a_table_output_is_refused(operator: Operator, stacks: dict[str, str]) -> None:
    del stacks["TableName"]
    error = run("keys", "list", "--stack-name", "audio", "--region", "us-east-1", code=1).stderr
    assert "no output TableName" in error


def test_a_stack_and_a_table_together_are_refused(operator: Operator) -> None:
    assert "give only one" in run("keys", "list", "--stack-name", "a", "--table", "b", code=2).stderr


def test_a_missing_table_is_refused_with_the_next_step(operator: Operator) -> None:
    for command in (["keys", "list"], ["holds"], ["usage", "--from", "1h"]):
        error = run(*command, "--table", "none", "--region", "us-east-1", code=1).stderr
        assert "--stack-name" in error
        assert "--region" in error


# ---------------------------------------------------------------- what AWS says
@pytest.mark.parametrize(
    ("error", "step"),
    [
        (NoRegionError(), "--region"),
        (NoCredentialsError(), "--profile"),
        (ProfileNotFound(profile="x"), "list-profiles"),
        (SSOTokenLoadError(error_msg="gone"), "aws sso login"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "make run"),
        (failure("ExpiredTokenException"), "--profile"),
        (failure("AccessDeniedException"), "--profile"),
        (failure("ThrottlingException"), "says ThrottlingException"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_an_aws_error_is_reported_with_the_next_step(
    error: Exception, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    import typer

    for raised in (error, MeteringUnavailable("Try again.")):  # raw, and as the layer wraps it
        raised.__cause__ = error if raised is not error else None
        with pytest.raises(typer.Exit) as left, errors_reported():
            raise raised
        assert left.value.exit_code == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert step in said.err
        assert "Try again" not in said.err


def test_an_unexpected_exception_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), errors_reported():
        raise ZeroDivisionError
