"""A healthy gateway for the checks of doctor."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audio_gateway.cli.doctor.check import CheckResult
from audio_gateway.cli.doctor.checks import GROUPS, money
from audio_gateway.cli.doctor.context import CheckContext
from audio_gateway.cli.doctor.run import results
from audio_gateway.cli.doctor.stack import InspectedStack
from audio_gateway.cli.gateway import Gateway, GatewayTarget
from tests.fakes.file_server import FileServer
from tests.fakes.healthy_api import HealthyApi
from tests.fakes.healthy_aws import REGION, STACK, HealthyAws
from tests.infrastructure import template
from tests.unit.metering.tables import TABLE

CATALOG = """
[providers.acme]
adapter = "openai"
base_url = "https://acme.example/v1"
api_key = "ssm:/audio-gateway/acme"

[providers.other]
adapter = "openai"
base_url = "https://other.example/v1"
api_key = "secret:audio-gateway/other"

[[models]]
id = "talker"
provider = "acme"
endpoints = ["speech"]
price = { usd_per_million_characters = "1.00" }

[[models]]
id = "writer"
provider = "other"
endpoints = ["transcriptions", "translations"]
price = { usd_per_minute = "0.006" }
"""


ROLES = {"AuthorizerRole", "SpeechRole", "UploadsRole"}


@pytest.fixture(scope="session")
def resources() -> dict[str, Any]:
    """The template's resources with only three of its roles: simulating all of them would dominate the test time."""
    found = template.rendered()
    return {name: each for name, each in found.items() if each["Type"] != "AWS::IAM::Role" or name in ROLES}


@pytest.fixture(scope="session")
def parameters() -> dict[str, str]:
    """The parameters of a deployment with alarms."""
    written = {name: str(each["Default"]) for name, each in template.source()["Parameters"].items()}
    return written | {"AlarmTopicArn": f"arn:aws:sns:{REGION}:123456789012:alarms", "DeletionProtection": "true"}


def layer(machine: int) -> bytes:
    """Create a layer with one library for an ELF machine number."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("catalog.toml", CATALOG)
        archive.writestr("python/package/__init__.py", "")
        archive.writestr("python/package/core.so", b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + bytes(100))
        archive.writestr("python/large.bin", bytes(300_000))
    return buffer.getvalue()


@pytest.fixture(scope="session")
def layers() -> Iterator[FileServer]:
    """A server for the layers' archives."""
    with FileServer() as server:
        yield server


@dataclass
class HealthyGateway:
    """A gateway with everything that a test can break."""

    aws: HealthyAws
    api: HealthyApi
    gateway: Gateway
    catalog: Path
    layers: FileServer

    def context(self) -> CheckContext:
        stack = InspectedStack(STACK, self.api.base_url, TABLE, self.aws.client)
        return CheckContext(stack, self.gateway, self.api, str(self.catalog))

    def results(self, *groups: str) -> dict[str, CheckResult]:
        """Return the results of all checks, or of some groups, by name. Removes what the checks created."""
        context = self.context()
        chosen = [group for group in GROUPS if not groups or group.title in groups]
        found = {result.check.name: result for result in results(chosen, context)}
        assert context.clean_up() == []
        return found


@pytest.fixture
def world(
    dynamodb: Any,
    resources: dict[str, Any],
    parameters: dict[str, str],
    layers: FileServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> HealthyGateway:
    """A healthy gateway."""
    monkeypatch.setattr(Gateway, "_deployed", lambda _: GatewayTarget(dynamodb, TABLE, f"table {TABLE} in {REGION}"))
    monkeypatch.setattr(money, "_PAUSE_S", 0)
    catalog = tmp_path / "catalog.toml"
    catalog.write_text(CATALOG)
    layers.files["/layer.zip"] = layer(62)
    conditions = template.source()["Conditions"]
    aws = HealthyAws(resources, parameters, conditions, table=TABLE, layer_url=layers.url("/layer.zip"))
    gateway = Gateway(stack_name=STACK, region=REGION)
    return HealthyGateway(aws, HealthyApi(dynamodb, TABLE), gateway, catalog, layers)
