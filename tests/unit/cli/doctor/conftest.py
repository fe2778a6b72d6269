"""A gateway in which all is well, and a doctor who looks at it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audio_gateway.cli.doctor.check import Result
from audio_gateway.cli.doctor.checks import GROUPS, money
from audio_gateway.cli.doctor.run import results
from audio_gateway.cli.doctor.stack import Stack
from audio_gateway.cli.doctor.visit import Visit
from audio_gateway.cli.gateway import Deployment, Gateway
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
    """What CloudFormation gets, with three of its roles: to decide on all of them takes longer than all else."""
    found = template.rendered()
    return {name: each for name, each in found.items() if each["Type"] != "AWS::IAM::Role" or name in ROLES}


@pytest.fixture(scope="session")
def parameters() -> dict[str, str]:
    """As somebody deploys who wants to hear of faults."""
    written = {name: str(each["Default"]) for name, each in template.source()["Parameters"].items()}
    return written | {"AlarmTopicArn": f"arn:aws:sns:{REGION}:123456789012:alarms", "DeletionProtection": "true"}


def layer(machine: int) -> bytes:
    """A layer with one library for a processor, by ELF's number."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("catalog.toml", CATALOG)
        archive.writestr("python/package/__init__.py", "")
        archive.writestr("python/package/core.so", b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + bytes(100))
        archive.writestr("python/large.bin", bytes(300_000))
    return buffer.getvalue()


@pytest.fixture(scope="session")
def layers() -> Iterator[FileServer]:
    """Where layers are fetched from."""
    with FileServer() as server:
        yield server


@dataclass
class World:
    """A gateway, and everything of it that a test can spoil."""

    aws: HealthyAws
    api: HealthyApi
    gateway: Gateway
    catalog: Path
    layers: FileServer

    def visit(self) -> Visit:
        stack = Stack(STACK, self.api.base_url, TABLE, self.aws.client)
        return Visit(stack, self.gateway, self.api, str(self.catalog))

    def results(self, *groups: str) -> dict[str, Result]:
        """The results of all checks, or those of some groups, by name. What was made is taken away."""
        visit = self.visit()
        chosen = [group for group in GROUPS if not groups or group.title in groups]
        found = {result.check.name: result for result in results(chosen, visit)}
        assert visit.leave() == []
        return found


@pytest.fixture
def world(
    dynamodb: Any,
    resources: dict[str, Any],
    parameters: dict[str, str],
    layers: FileServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    """All is well."""
    monkeypatch.setattr(Gateway, "_deployed", lambda _: Deployment(dynamodb, TABLE, f"table {TABLE} in {REGION}"))
    monkeypatch.setattr(money, "_PAUSE_S", 0)
    catalog = tmp_path / "catalog.toml"
    catalog.write_text(CATALOG)
    layers.files["/layer.zip"] = layer(62)
    aws = HealthyAws(resources, parameters, table=TABLE, layer_url=layers.url("/layer.zip"))
    gateway = Gateway(stack_name=STACK, region=REGION)
    return World(aws, HealthyApi(dynamodb, TABLE), gateway, catalog, layers)
