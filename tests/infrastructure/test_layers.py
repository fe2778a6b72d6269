"""The layers keep exactly what the functions use: boto3 cannot create a client of a pruned service."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.layers import python_path
from scripts.prune_layer import NOT_DEPLOYED, SERVICES, prune
from tests.infrastructure.template import ROOT

PACKAGE = ROOT / "layers" / "shared" / "audio_gateway"
MAKES_CLIENTS = {"aws_client", "create_client"}

# Runs in a process that imports only from the layer, as a function does.
IMPORTS = """
import json, sys
from audio_gateway.aws.clients import aws_client
for service in json.loads(sys.argv[1]):
    aws_client(service)
missing = []
for attempt in (lambda: aws_client("ec2"), lambda: __import__("audio_gateway.cli"), lambda: __import__("typer")):
    try:
        attempt()
    except Exception as error:
        missing.append(type(error).__name__)
print(json.dumps(missing))
"""


def deployed_files() -> Iterator[Path]:
    yield from (ROOT / "functions").rglob("*.py")
    for file in PACKAGE.rglob("*.py"):
        if file.relative_to(PACKAGE).parts[0] not in NOT_DEPLOYED:
            yield file


def services_named(file: Path) -> Iterator[str]:
    """The service of each client that a module creates. It must be a literal, to be comparable."""
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in MAKES_CLIENTS:
            service = node.args[0] if node.args else None
            assert isinstance(service, ast.Constant), f"{file}:{node.lineno}: name the service here, as a literal"
            yield str(service.value)


def test_the_layer_keeps_exactly_the_services_that_the_code_uses() -> None:
    assert {service for file in deployed_files() for service in services_named(file)} == SERVICES


def test_only_one_module_creates_boto3_clients() -> None:
    makers = {
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if "boto3" in (text := file.read_text())
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "boto3"
        if node.attr in {"client", "resource"}
    }
    assert makers == {"aws/clients.py"}


def test_the_local_layer_has_what_functions_need_and_nothing_that_is_not_deployed() -> None:
    done = subprocess.run(
        [ROOT / ".local" / "venv" / "bin" / "python", "-S", "-c", IMPORTS, json.dumps(sorted(SERVICES))],
        env={
            "PYTHONPATH": os.pathsep.join(map(str, python_path(ROOT / "layers" / "shared", ROOT, ROOT / ".local"))),
            "AWS_DEFAULT_REGION": "eu-central-1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["UnknownServiceError", "ModuleNotFoundError", "ModuleNotFoundError"]


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    for name in (
        "botocore/data/s3/2006-03-01/service-2.json",
        "botocore/data/ec2/2016-11-15/service-2.json",
        "botocore/data/endpoints.json",
        "botocore/tests/test_it.py",
        "bin/command",
        "numpy/core.py",
        "numpy/core.pyi",
        "numpy/lib/tests/test_it.py",
        "numpy/random/lib/libnpyrandom.a",
        "onnxruntime/capi/libonnxruntime.so.1.23.2",
        "onnxruntime/capi/onnxruntime_pybind11_state.so",
        "onnxruntime/transformers/optimizer.py",
        "onnxruntime-1.23.2.dist-info/licenses/LICENSE",
        "numpy/__pycache__/core.pyc",
        "audio_gateway/__main__.py",
        "audio_gateway/cli/app.py",
        "audio_gateway/api/http/app.py",
        ".lock",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path


def test_pruning_keeps_what_runs_and_can_be_repeated(packages: Path) -> None:
    for _ in range(2):
        prune(packages)
        assert {str(file.relative_to(packages)) for file in packages.rglob("*") if file.is_file()} == {
            "audio_gateway/api/http/app.py",
            "botocore/data/endpoints.json",
            "botocore/data/s3/2006-03-01/service-2.json",
            "numpy/core.py",
            "onnxruntime/capi/onnxruntime_pybind11_state.so",
            "onnxruntime-1.23.2.dist-info/licenses/LICENSE",
        }


def test_local_and_deployed_layers_are_pruned_by_the_same_program() -> None:
    assert 'scripts/prune_layer.py" "$artifacts/python"' in (ROOT / "scripts" / "build-layer").read_text()
    assert "scripts/prune_layer.py $(@D)/python" in (ROOT / "Makefile").read_text()
    assert "prune_layer.prune(packages)" in (ROOT / "scripts" / "install_engines.py").read_text()
