"""Secrets by reference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from audio_gateway.errors import ConfigurationError
from audio_gateway.providers.secrets import Secrets

REGION = "eu-central-1"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        boto3.client("ssm").put_parameter(Name="/audio/key", Value="sk-ssm\n", Type="SecureString")
        client = boto3.client("secretsmanager")
        client.create_secret(Name="openai", SecretString="sk-secret")
        client.create_secret(Name="many", SecretString=json.dumps({"acme": "sk-acme", "number": 3}))
        client.create_secret(Name="binary", SecretBinary=b"sk-binary")
        yield


def test_from_the_environment() -> None:
    assert Secrets({"KEY": " sk-env\n"})("env:KEY") == "sk-env"


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("reference", "value"),
    [("ssm:/audio/key", "sk-ssm"), ("secret:openai", "sk-secret"), ("secret:many#acme", "sk-acme")],
)
def test_from_aws(reference: str, value: str) -> None:
    assert Secrets({})(reference) == value


@pytest.mark.usefixtures("aws")
def test_a_secret_can_be_named_by_its_arn() -> None:
    arn = boto3.client("secretsmanager").describe_secret(SecretId="many")["ARN"]
    assert Secrets({})(f"secret:{arn}#acme") == "sk-acme"


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    "reference",
    ["env:NONE", "env:EMPTY", "ssm:/none", "secret:none", "secret:many#none", "secret:many#number",
     "secret:openai#acme", "secret:binary"],
)  # fmt: skip
def test_what_cannot_be_read_is_named_and_never_shown(reference: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Secrets({"EMPTY": "  "})(reference)
    assert reference in caught.value.message
    assert "sk-" not in caught.value.message
    assert "sk-" not in repr(caught.value.__cause__)


@pytest.mark.parametrize("reference", ["", "sk-literal", "env:", "ssm:", "secret:", "file:/etc/passwd"])
def test_what_is_no_reference_is_not_repeated_as_it_may_be_the_secret(reference: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Secrets({"": "x"})(reference)
    assert not reference or reference not in caught.value.message.replace("env:NAME, ssm:/path or secret:NAME", "")


class CountingSsm:
    def __init__(self) -> None:
        self.asked = 0

    def get_parameter(self, **_: Any) -> dict[str, Any]:
        self.asked += 1
        return {"Parameter": {"Value": f"sk-{self.asked}"}}


def test_a_value_is_kept_for_five_minutes() -> None:
    clock, ssm = Clock(), CountingSsm()
    secrets = Secrets({}, lambda _service: ssm, clock)
    assert [secrets("ssm:/a"), secrets("ssm:/a")] == ["sk-1", "sk-1"]
    clock.now += 299
    assert secrets("ssm:/a") == "sk-1"
    clock.now += 2
    assert secrets("ssm:/a") == "sk-2"


def test_a_service_that_cannot_be_reached_is_named_without_detail() -> None:
    from botocore.exceptions import EndpointConnectionError

    class Away:
        def get_parameter(self, **_: Any) -> None:
            raise EndpointConnectionError(endpoint_url="https://ssm.example")

    with pytest.raises(ConfigurationError, match="ssm:/a cannot be read: EndpointConnectionError"):
        Secrets({}, lambda _service: Away())("ssm:/a")


def test_no_repr_shows_a_value() -> None:
    secrets = Secrets({"KEY": "sk-env"})
    secrets("env:KEY")
    assert "sk-env" not in repr(secrets)
